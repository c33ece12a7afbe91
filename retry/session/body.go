package session

import (
	"strings"
	"unsafe"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
)

// response takes the headers of an attempt.
func (s *Session) response(h *Happened) *Answer {
	s.status, s.headers = h.Status, h.Headers
	o := s.group.at(s.origin)
	o.answered = true
	if h.Status >= 400 {
		s.mode = modeError
		s.opened = s.now
		return s.answer(doRead)
	}
	released := o.until != 0 && (o.prober == s || o.until+s.offset <= s.now)
	if released {
		o.until, o.prober = 0, nil
	}
	var a *Answer
	if h.Status/100 == 2 && h.Status != 204 && h.Status != 205 && s.streams(classify.Header(h.Headers, "content-type")) {
		s.mode = modeSniff
		a = s.answer(doRead)
	} else {
		a = s.pass()
	}
	if released {
		a.Poke = true
		a.Share = &Shared{Origin: s.origin}
	}
	return a
}

// pass hands a good response that is no stream to the caller. Where the
// consumer already holds a part of a stream, it can only be the word that
// there is no more, 204 (WHATWG HTML §9.2.3), or something that does not fit.
func (s *Session) pass() *Answer {
	if !s.delivered {
		return s.succeed(doPass, nil)
	}
	if s.status == 204 {
		return s.succeed(doFinish, nil)
	}
	return s.failed(s.own(classify.SeamMismatch), false)
}

// streams says whether a good response is, or should have been, a stream of
// events. Anything else is not ours to look into.
func (s *Session) streams(contentType string) bool {
	if find(contentType, "text/event-stream") >= 0 {
		return true
	}
	if contentType != "" && find(contentType, "text/") < 0 && find(contentType, "application/json") < 0 && find(contentType, "octet-stream") < 0 {
		return false // NDJSON, AWS event streams, media
	}
	r := &s.cfg.Request
	return find(classify.Header(r.Headers, "accept"), "text/event-stream") >= 0 || find(r.URL, "alt=sse") >= 0 ||
		find(r.URL, "stream=true") >= 0 || asksForStream(r.Body)
}

// asksForStream finds "stream": true as a member of a JSON body. Inside a
// string its quotes would be escaped.
func asksForStream(body string) bool {
	const member = `"stream"`
	for {
		i := find(body, member)
		if i < 0 {
			return false
		}
		escaped := i > 0 && body[i-1] == '\\'
		body = body[i+len(member):]
		if rest := trim(body); !escaped && rest != "" && rest[0] == ':' && jsonscan.Parse(rest[1:]).True() {
			return true
		}
	}
}

// find is the index of part, which is in lower case, in s in any letter case, or -1.
func find(s, part string) int {
	for i := 0; i+len(part) <= len(s); i++ {
		if sameFold(s[i:i+len(part)], part) {
			return i
		}
	}
	return -1
}

// sameFold compares s in any letter case with part, which is in lower case.
func sameFold(s, part string) bool {
	if len(s) != len(part) {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != part[i] {
			return false
		}
	}
	return true
}

// trim is s from its first byte that is no white space and no byte order mark.
func trim(s string) string {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ' ', '\t', '\r', '\n', 0xEF, 0xBB, 0xBF:
		default:
			return s[i:]
		}
	}
	return ""
}

// Chunk takes bytes of an attempt's body. n of Bytes may go on now; where a is
// not nil, it says the rest, and its Bytes is n. p is not kept.
func (s *Session) Chunk(attempt int, now int64, p []byte) (n int, a *Answer) {
	s.tick(now)
	s.out = nil
	if attempt != s.attempt || !s.isOpen() || s.mode == modeNone || len(p) == 0 {
		return 0, nil
	}
	if s.committed {
		s.flowed += s.now - s.lastByte
	}
	s.lastByte, s.gotBytes = s.now, true
	s.framer.Write(p)
	held := s.framer.Held()
	if s.mode == modeSniff {
		if head := trim(view(held)); head == "" {
			if len(held) < maxBody {
				return 0, nil
			}
			s.mode = modeSSE
		} else if c := head[0]; c == '{' || c == '[' || c == '<' {
			s.mode = modeDoc
		} else {
			s.mode = modeSSE
		}
	}
	switch s.mode {
	case modeSSE:
		a = s.events()
		if a == nil && s.committed {
			n = len(s.framer.Ready())
			s.out = s.framer.Ready()
			s.framer.Take(n)
			return n, nil
		}
	case modeError:
		if len(held) >= maxBody {
			a = s.errorStatus()
		}
	case modeDoc:
		// Gemini streams a JSON array where alt=sse was not asked for: that it is
		// no error can be seen from its beginning.
		head := trim(view(held[:min(len(held), 512)]))
		if len(held) >= maxBody || len(head) >= 256 && head[0] == '[' && find(head, `"error"`) < 0 {
			a = s.document()
		}
	}
	if a == nil {
		return 0, nil
	}
	return a.Bytes, a
}

// view is b as a string without a copy, for a look while b does not change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// body is a copy of the beginning of what is held.
func (s *Session) body() string {
	held := s.framer.Held()
	return string(held[:min(maxBody, len(held))])
}

// document judges a body that is one document where a stream was asked for:
// an error in disguise, or an answer that was simply not streamed.
func (s *Session) document() *Answer {
	body := trim(s.body())
	if body != "" && body[0] == '<' || errorDocument(jsonscan.ParsePrefix(body)) {
		return s.errorStatus()
	}
	if !s.delivered { // a document is no part of a stream
		s.framer.All()
	}
	return s.pass()
}

// errorDocument knows a JSON document that reports an error.
func errorDocument(v jsonscan.Value) bool {
	if v.Kind() == jsonscan.Array {
		v = v.First()
	}
	talks := false
	it := v.Iter()
	for it.Next() {
		m := it.Value
		switch it.Key.In("error type object success code status message detail errors title id model choices content output candidates usage") {
		case -1:
		case 0:
			if !m.Empty() && m != "false" {
				return true
			}
		case 1, 2:
			if m.Is("error") {
				return true
			}
		case 3:
			if m == "false" {
				return true
			}
		case 4, 5:
			if n, ok := m.Int(); ok && n >= 400 {
				return true
			}
		case 6, 7, 8, 9:
			talks = talks || !m.Empty()
		default:
			return false // a member of an answer
		}
	}
	return talks // it has a message for a person and nothing of an answer
}

// errorStatus classifies an attempt by its status and what there is of its body.
func (s *Session) errorStatus() *Answer {
	f := s.failure(classify.PhaseResponse)
	f.Body = s.body()
	// SDKs read the words of an error status; a document with a good status
	// they would take for an empty protocol.
	return s.failed(judge(f), s.mode == modeError)
}

// events takes all whole events that have come; nil is no news.
func (s *Session) events() *Answer {
	for s.framer.Next(&s.event) {
		if a := s.take(); a != nil {
			return a
		}
	}
	ready := len(s.framer.Ready())
	first := s.state == opening && ready > 0 && (s.committed || s.tracker.Seen&protocol.Output != 0)
	completed := s.tracker.Seen&protocol.Finished != 0
	if completed {
		s.finishedAt = s.lastContent
	}
	if !first && !completed {
		return nil
	}
	if first {
		s.committed, s.delivered = true, true
		s.state, s.slow, s.retry = streaming, false, nil
	}
	a := s.nothing()
	if first {
		a.Committed = true
		if s.resetDue {
			a.Reset, s.resetDue = true, false
		}
	}
	if !s.committed {
		ready = 0
	}
	return s.release(a, ready)
}

// take acts on the event in hand. An answer ends the attempt.
func (s *Session) take() *Answer {
	e := &s.event
	complete := s.tracker.Seen&protocol.Finished != 0
	facts := s.tracker.Read(e)
	s.noteEnding(e, facts)
	if facts&protocol.KeepAlive == 0 {
		s.lastContent = s.now
	}
	if facts&protocol.Failed != 0 {
		if complete {
			// The answer was whole before the connection had its trouble.
			s.framer.Replace(nil)
			return s.finish()
		}
		f := s.failure(classify.PhaseMidstream)
		// The event is a view of a buffer that will be written over.
		f.Event = &classify.Event{Event: strings.Clone(e.Type), Data: strings.Clone(e.Data)}
		return s.failed(judge(f), true)
	}
	if s.seam.on && !s.seam.join(&s.tracker, e, facts, &s.framer) {
		s.framer.Replace(nil)
		return s.failed(s.own(classify.SeamMismatch), false)
	}
	if facts&protocol.Ended != 0 {
		return s.finish()
	}
	return nil
}

// bodyEnd takes the end of an attempt's body.
func (s *Session) bodyEnd() *Answer {
	switch s.mode {
	case modeError:
		return s.errorStatus()
	case modeDoc:
		return s.document()
	case modeNone:
		return s.nothing()
	}
	t := &s.tracker
	e := &s.event
	rest := s.framer.Final(e)
	if rest && !e.Empty() {
		// A last event without its blank line counts if it is whole: half an
		// event is half a JSON text. Its blank line is added, since parsers,
		// SDKs' among them, drop an event that has none (WHATWG HTML §9.2.6).
		rest = false
		if e.Data == "[DONE]" || jsonscan.Parse(e.Data) != "" || t.Protocol == protocol.Unknown && s.promised == protocol.Unknown {
			raw := string(s.framer.Last())
			if last := raw[len(raw)-1]; last != '\n' && last != '\r' {
				raw += "\n"
			}
			s.framer.Replace([]byte(raw + "\n"))
			if a := s.take(); a != nil {
				return a
			}
		} else {
			s.framer.Replace(nil)
		}
	}
	known := t.Protocol != protocol.Unknown || t.Events == 0 && s.promised != protocol.Unknown && s.gotBytes
	switch {
	case t.Seen&protocol.Finished != 0, !known && t.Events > 0, s.cfg.Policy.Lenient && t.Seen&protocol.Output != 0:
		s.mode = modeSSE
		return s.finish()
	}
	if rest { // half an event that has no data yet
		s.framer.Replace(nil)
	}
	if known {
		return s.failed(s.own(classify.Truncated), false)
	}
	return s.failed(s.own(classify.EmptyOutput), false)
}

// broke takes a fetch or a body that failed.
func (s *Session) broke(e *classify.ErrorInfo) *Answer {
	if s.mode == modeError {
		return s.errorStatus()
	}
	if s.tracker.Seen&protocol.Finished != 0 {
		return s.finish()
	}
	f := s.failure(s.phase())
	f.Error = e
	v := judge(f)
	if v.Kind == classify.Unknown || v.Kind == classify.Canceled {
		// The host called fetch itself, and the caller did not cancel: it is
		// the network by structure, whatever the text says.
		v = s.own(classify.Network)
	}
	return s.failed(v, false)
}
