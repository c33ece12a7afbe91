package transport

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
	"github.com/steadfetch/steadfetch/retry"
)

// Stream makes the request and yields the events of its answer, across all attempts.
// It is for consumers that can take back what they have shown: a failure in the
// middle of an answer yields a retry event, then a reset, then the answer from its
// beginning, unless Policy.AfterCommit says otherwise. The last event of a complete
// answer is a finish event.
//
// An error comes last, with a zero Event: a [*retry.Error], or the reason why the
// request could not be made. If the provider withheld the answer, its messages are
// followed by an error of kind content_policy. A JSON answer is one message.
//
// Redirects are followed. Breaking out of the loop ends the request. If the request
// has a body without GetBody, the sequence can be ranged over only once.
func (t *Transport) Stream(req *http.Request) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		r, err := t.newRound(req, true)
		if err != nil {
			yield(Event{}, err)
			return
		}
		defer r.close()
		r.send = followRedirects(t.base())
		r.start()
		r.stream(yield)
	}
}

// followRedirects returns a function that makes a request through base.
func followRedirects(base http.RoundTripper) func(*http.Request) (*http.Response, error) {
	client := &http.Client{Transport: base}
	return func(req *http.Request) (*http.Response, error) {
		resp, err := client.Do(req)
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err // its text has the whole URL with its query
		}
		return resp, err
	}
}

// stream yields the events of all attempts, until the round is over or yield returns
// false.
func (r *round) stream(yield func(Event, error) bool) {
	d := decoder{yield: yield}
	for {
		if r.reset {
			r.reset = false
			d = decoder{yield: yield}
			if !yield(Event{Type: retry.ChatStreamEventTypeReset}, nil) {
				return
			}
		}
		if r.passed {
			if err := r.document(&d); err != nil {
				yield(Event{}, err)
			}
			return
		}
		if bytes := r.pending; len(bytes) > 0 {
			r.pending = nil
			if !d.write(bytes) {
				return
			}
		}
		if event := r.event; event != nil {
			r.event = nil
			if !yield(Event{Type: retry.ChatStreamEventTypeRetry, Retry: event}, nil) {
				return
			}
		}
		switch {
		case r.err == nil:
			r.next()
			continue
		case r.err != io.EOF:
			yield(Event{}, r.err)
		case !d.end():
		case r.verdict != nil:
			yield(Event{}, r.errorOf(r.verdict, r.cause))
		default:
			d.finish()
		}
		return
	}
}

// document handles a response that is not a stream of events: an error, or an answer
// in one piece.
func (r *round) document(d *decoder) error {
	if r.verdict != nil {
		return r.errorOf(r.verdict, r.cause)
	}
	resp := r.response()
	defer func() { _ = resp.Body.Close() }()
	switch t := resp.Header.Get("Content-Type"); {
	case resp.StatusCode == http.StatusNoContent, resp.StatusCode == http.StatusResetContent:
		d.finish()
		return nil
	case resp.StatusCode/100 != 2:
		return fmt.Errorf("transport: a response with status %d is not an answer", resp.StatusCode)
	case t != "" && !strings.Contains(t, "json") && !strings.HasPrefix(t, "text/"):
		return fmt.Errorf("transport: an answer of type %s is not a stream of events", t)
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return d.readAll(resp.Body)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, sse.MaxEvent+1))
	switch {
	case err != nil:
		return err
	case len(text) > sse.MaxEvent:
		return fmt.Errorf("transport: an answer of more than %d bytes is not a stream of events", sse.MaxEvent)
	case len(text) > 0 && !d.message("message", string(text)):
		return nil
	}
	d.finish()
	return nil
}

// readAll yields the events of a body that is not guarded.
func (d *decoder) readAll(body io.Reader) error {
	for buffer := make([]byte, bufferSize); ; {
		n, err := body.Read(buffer)
		if n > 0 && !d.write(buffer[:n]) {
			return nil
		}
		switch {
		case err == io.EOF:
			if d.end() {
				d.finish()
			}
			return nil
		case err != nil:
			return err
		}
	}
}

// decoder turns the bytes that the session delivers into events.
type decoder struct {
	reader sse.Reader
	event  sse.Event
	data   []byte // the bytes so far of an event that began in an earlier piece
	id     string
	ending protocol.Ending
	yield  func(Event, error) bool
}

// write yields the events in bytes. It reports whether the consumer wants more.
func (d *decoder) write(bytes []byte) bool {
	d.reader.Feed(bytes)
	for d.reader.Next(&d.event) {
		if !d.dispatch(bytes) {
			return false
		}
	}
	if rest := d.reader.Pos() - d.reader.Whole(); rest > sse.MaxEvent {
		d.yield(Event{}, fmt.Errorf("transport: an event of more than %d bytes", sse.MaxEvent))
		return false
	} else if rest > 0 {
		d.data = append(d.data, bytes[max(0, len(bytes)-int(rest)):]...)
	}
	return true
}

// end yields a last event that lacks its blank line. It reports whether the consumer
// wants more.
func (d *decoder) end() bool {
	_, rest := d.reader.Last(&d.event)
	return !rest || d.dispatch(nil)
}

// dispatch yields the current event, whose last bytes are in bytes.
func (d *decoder) dispatch(bytes []byte) bool {
	e := &d.event
	begun := d.data
	d.data = d.data[:0]
	if e.HasID {
		d.id = strings.Clone(e.ID)
	}
	if e.Lines == 0 && !e.Oversize || e.Bare {
		return true // WHATWG HTML §9.2.6 dispatches an event with empty data, but not one without
	}
	name := "message"
	if e.Type != "" {
		name = strings.Clone(e.Type)
	}
	data := strings.Clone(e.Data)
	if e.Cut { // the reader kept only a part of a long event
		end := len(bytes) - int(d.reader.Pos()-e.Bytes.To)
		start := max(0, end-int(e.Bytes.To-e.Bytes.From))
		data = e.DataOf(string(append(begun, bytes[start:end]...)))
	}
	return d.message(name, data)
}

// message yields a message, and notes what it says about the end.
func (d *decoder) message(name, data string) bool {
	said := protocol.Say(name, data)
	text, reasoning := said.Text.String(), said.Reasoning.String()
	if text+reasoning == "" || name == "message" {
		d.ending.Read(data) // one event can have the last token and the finish reason
	}
	return d.yield(Event{
		Type: retry.ChatStreamEventTypeMessage, Name: name, Data: data, ID: d.id, Text: text, Reasoning: reasoning,
	}, nil)
}

// finish yields the end of a complete answer.
func (d *decoder) finish() {
	d.yield(Event{Type: retry.ChatStreamEventTypeFinish, Finish: finishOf(&d.ending)}, nil)
}
