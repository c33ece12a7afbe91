package transport

import (
	"encoding/json"
	"iter"
	"net/http"

	"github.com/steadfetch/steadfetch/retry"
)

// Relay sends the events of [Transport.Stream] on to a page, as a stream of
// server-sent events, each one's data an event in the wire form: messages,
// retry, reset and finish as they come, and at the end, where there is one, the
// error. What the page sees of an error is safe to show.
//
// It writes the status 200 and the headers when the first event has come, and
// flushes each event. It gives the error of the stream, or else that of
// writing; when the page has gone, the stream is ended.
//
// A page reads it with EventSource or fetch, and has drop what it shows at a
// reset. The request that is relayed should be made with the page's own context,
// so that leaving the page ends it.
func Relay(w http.ResponseWriter, events iter.Seq2[Event, error]) error {
	out := http.NewResponseController(w)
	begun := false
	send := func(v any) error {
		if !begun {
			begun = true
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Cache-Control", "no-cache")
			w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
			w.WriteHeader(http.StatusOK)
		}
		data, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(append([]byte("data: "), data...), "\n\n"...)); err != nil {
			return err
		}
		if err := out.Flush(); err != nil && err != http.ErrNotSupported {
			return err
		}
		return nil
	}
	for event, failure := range events {
		if failure != nil {
			if err := send(wireEvent{Type: retry.ChatStreamEventTypeError, Error: errorEvent(failure)}); err != nil {
				return err
			}
			return failure
		}
		if err := send(event); err != nil {
			return err
		}
	}
	return nil
}
