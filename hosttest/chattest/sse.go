package chattest

import (
	"net/http"
	"strconv"
)

// plainSSE is a stream of events with ids and no provider's protocol: one event per
// token, with its text unchanged, and at the end an event "done". It continues after
// the event that Last-Event-ID names; after the last one the answer is 204, which
// tells an EventSource to stop (WHATWG HTML, "Server-sent events").
var plainSSE = &protocol{
	inBandStatus: http.StatusInternalServerError,
	words:        openAIWords,
	errorBody:    plainErrorBody,
	header:       func(_ *exchange, h http.Header) { h.Set("Cache-Control", "no-store") },
	answer:       plainSSEAnswer,
}

func plainErrorBody(_ *exchange, _ int, e errorWords) string {
	return `{"error":{"type":` + quote(e.errorType) + `,"message":` + quote(e.message) + `}}`
}

func plainSSEAnswer(x *exchange) answer {
	a := answer{
		stream: true,
		whole:  `{"text":` + quote(x.text) + `}`,
		ping:   event{comment: "keep-alive"},
		inBand: func(_ int, e errorWords) event {
			return event{name: "error", data: x.proto.errorBody(x, 0, e)}
		},
	}
	for i, token := range x.tokens {
		a.tokens = append(a.tokens, event{id: strconv.Itoa(i + 1), data: token})
	}
	a.tail = []event{{id: strconv.Itoa(len(x.tokens) + 1), name: "done", data: "[DONE]", marker: true}}
	// With an unknown id the stream cannot be resumed: send everything again.
	if last, err := strconv.Atoi(x.q.Header.Get("Last-Event-ID")); err == nil && last > 0 {
		if last > len(a.tokens) {
			return answer{nothing: true}
		}
		a.tokens = a.tokens[last:]
	}
	if x.run.RetryMs > 0 {
		first := &a.tail[0]
		if len(a.tokens) > 0 {
			first = &a.tokens[0]
		}
		first.retry = strconv.Itoa(x.run.RetryMs)
	}
	return a
}
