package transport

import (
	"encoding/json"
	"iter"
	"net/http"

	"github.com/steadfetch/steadfetch/retry"
)

// Relay passes the events of [Transport.Stream] on to a page, as a stream of
// Server-Sent Events whose data is an event in the wire form: messages, retry, reset
// and finish, and at the end the error, if there is one. What it writes of an error
// is safe to show.
//
// It writes status 200 and the headers when the first event comes, and flushes after
// each event. It returns the error of the stream, or else an error of writing. When
// the page has gone, it ends the stream.
//
// The page reads it with EventSource or fetch, and must drop what it shows at a
// reset. Make the relayed request with the context of the page's request, so that it
// ends when the user leaves the page.
func Relay(w http.ResponseWriter, events iter.Seq2[Event, error]) error {
	out := http.NewResponseController(w)
	started := false
	send := func(v any) error {
		if !started {
			started = true
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Cache-Control", "no-cache")
			w.Header().Set("X-Accel-Buffering", "no") // otherwise nginx buffers the events
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
