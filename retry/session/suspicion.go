package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// suspicion names a failure that is only suspected: it may be how this server
// always answers, and each attempt can be a whole, paid answer. So it is retried
// only a few times. A failure that is certain (a status, an error event with a known
// type, code or status, a connection that failed or broke, a timeout before the
// headers) is retried as the policy says.
type suspicion string

const (
	certain      suspicion = ""
	noMarker     suspicion = "truncated"
	emptyEnded   suspicion = "empty_ended" // ended by a finish reason or message_stop
	emptyAnswer  suspicion = "empty"
	vagueError   suspicion = "error"
	silent       suspicion = "silence"
	garbled      suspicion = "unreadable"
	badFinish    suspicion = "finish_reason"
	runtimeClock suspicion = "runtime_timeout"
	maybeCORS    suspicion = "network_or_cors"
	bareConflict suspicion = "conflict"
)

// maxSuspected is how many suspicions of all kinds together end a session.
const maxSuspected = 5

// suspicions says for each how many requests are made, including the first, and what
// a person can do about it afterwards.
var suspicions = [...]struct {
	name     suspicion
	requests int
	advice   string
}{
	{name: noMarker, requests: 3, advice: "The end of the answer was missing each time. If this server never sends an end marker, set lenient."},
	{name: emptyEnded, requests: 2},
	{name: emptyAnswer, requests: 3, advice: "Each answer had nothing in it."},
	{name: vagueError, requests: 3},
	{name: silent, requests: 3, advice: "Each answer went silent. If this server is slow, raise silenceTimeoutMs or contentTimeoutMs."},
	{name: garbled, requests: 3, advice: "Each answer had an event that could not be read."},
	{name: badFinish, requests: 3, advice: "The provider ended each answer with a finish reason that says it failed."},
	{name: runtimeClock, requests: 3, advice: "The runtime's own time-out ended each request: undici's headersTimeout and bodyTimeout are 300 s unless they are set."},
	{name: maybeCORS, requests: 5, advice: "No answer from this address could be read. Its CORS headers may be missing (Access-Control-Allow-Origin)."},
	{name: bareConflict, requests: 3},
}

// suspect counts a suspicion, and reports whether another request is worth it.
func (s *Session) suspect(why suspicion, b *bucket) bool {
	total := 0
	for i := range suspicions {
		row := &suspicions[i]
		if row.name == why {
			s.suspected[i]++
			if int(s.suspected[i]) >= row.requests || why == noMarker && b.markerless {
				if why == noMarker {
					b.markerless = true
				}
				return false
			}
		}
		total += int(s.suspected[i])
	}
	return total < maxSuspected
}

// advice returns what a person can do about a suspicion that lasts, or "".
func (why suspicion) advice() string {
	for i := range suspicions {
		if suspicions[i].name == why {
			return suspicions[i].advice
		}
	}
	return ""
}

// suspectedText returns the counts for a snapshot: "truncated 2, silence 1".
func (s *Session) suspectedText() string {
	text := ""
	for i := range suspicions {
		if n := s.suspected[i]; n > 0 {
			if text != "" {
				text += ", "
			}
			text += string(suspicions[i].name) + " " + decimal(int64(n))
		}
	}
	return text
}

// restoreSuspected reads the result of suspectedText.
func (s *Session) restoreSuspected(text string) {
	for text != "" {
		var pair string
		pair, text, _ = ascii.Cut(text, ", ")
		name, count, _ := ascii.Cut(pair, " ")
		n, _ := jsonscan.Value(count).Int()
		for i := range suspicions {
			if string(suspicions[i].name) == name {
				s.suspected[i] = uint8(min(max(n, 0), 100))
			}
		}
	}
}

// vague reports whether an error event has no type, code or status that the
// classifier knows: without its texts, no rule decides.
func (s *Session) vague(f *classify.Failure) bool {
	bare := *f
	v := jsonscan.Parse(f.Event.Data)
	inner := v.Get("error")
	if inner.Kind() != jsonscan.Object {
		inner = v.Get("response.error")
	}
	data := append([]byte(nil), "{"...)
	add := func(name string, m jsonscan.Value) {
		if m.Empty() || m.Kind() == jsonscan.Object || m.Kind() == jsonscan.Array {
			return
		}
		if len(data) > 1 {
			data = append(data, ',')
		}
		data = append(jsonscan.AppendString(data, name), ':')
		data = append(data, m...)
	}
	for _, name := range [...]string{"type", "code", "status", "error_type"} {
		of := inner
		if !of.Has(name) {
			of = v
		}
		if m := of.Get(name); !m.Is("error") {
			add(name, m)
		}
	}
	if len(data) == 1 {
		return true
	}
	bare.Event = &classify.Event{Data: `{"error":` + string(data) + "}}"}
	bare.UnknownRetryable = false
	verdict := judge(&bare)
	return verdict.Kind == classify.Unknown || verdict.Rule == ruleEvent
}

// isRuntimeTimeout reports whether an error is a timeout of the runtime's own, which
// no caller has set: undici's for headers and for the body.
func isRuntimeTimeout(e *classify.ErrorInfo) bool {
	for depth := 0; e != nil && depth < 5; e, depth = e.Cause, depth+1 {
		switch e.Code {
		case "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT":
			return true
		}
		switch e.Name {
		case "HeadersTimeoutError", "BodyTimeoutError":
			return true
		}
	}
	return false
}
