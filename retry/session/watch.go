package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/protocol"
)

// watch is how much of a request is the session's business. What is not known
// to be a streamed chat answer goes through as through fetch.
type watch uint8

const (
	// alone is left alone altogether: JSON-RPC, whose repetition would call a
	// tool twice, and what is no HTTP.
	alone watch = iota
	// plain is a request whose status and connection are judged. Its body is
	// the caller's.
	plain
	// undecided may turn out to be a streamed chat answer, by its first event.
	undecided
	// watched is a streamed chat answer that was asked for.
	watched
)

// watching decides what the request tells.
func (s *Session) watching() watch {
	q, r := s.asked, &s.asked.request
	if q.rpc || !overHTTP(r.URL) {
		return alone
	}
	option := protocol.ByName(s.policy.Protocol)
	s.promised = q.promised(r.Headers)
	switch {
	case option == protocol.None:
		s.promised = nil
		return plain
	case option != nil:
		s.promised = option
		if q.streamed(r.Headers) {
			return watched
		}
	case s.promised != nil:
		return watched
	}
	if q.post() || s.canReset {
		return undecided
	}
	return plain
}

// overHTTP reports whether a URL is relative, or of one of HTTP's schemes.
func overHTTP(url string) bool {
	for i := 0; i < len(url); i++ {
		switch c := url[i]; {
		case c == ':':
			return ascii.EqualFold(url[:i], "http") || ascii.EqualFold(url[:i], "https")
		case c == '/', c == '?', c == '#':
			return true
		}
	}
	return true
}

// looksInto reports whether the body of a good response is to be looked into.
func (s *Session) looksInto(status int, h classify.Headers) bool {
	if status/100 != 2 || status == 202 || status == 204 || status == 205 {
		return false
	}
	typ := ascii.Trim(ascii.Before(h.Get("content-type"), ";"))
	events := ascii.EqualFold(typ, "text/event-stream")
	switch s.watch {
	case watched:
		return typ == "" || events || ascii.EqualFold(typ, "application/json") || ascii.EqualFold(typ, "text/html") || ascii.EqualFold(typ, "text/plain")
	case undecided:
		if h.Get(uiStream) != "" {
			if s.promised == nil {
				s.promised = protocol.AISDK
			}
			return true
		}
		if s.canReset {
			return typ == "" || events || ascii.EqualFold(typ, "text/plain")
		}
		return events
	}
	return false
}

// uiStream is the header by which the AI SDK tells its UI message stream.
const uiStream = "x-vercel-ai-ui-message-stream"

// first decides an undecided answer by its first event with data.
func (s *Session) first() {
	e := &s.read().event
	begun := protocol.Begun(e.Data)
	if begun == protocol.AISDK && s.promised == nil || begun == nil && s.promised == protocol.AISDK {
		begun = protocol.AISDK
	}
	switch {
	case begun != nil:
		s.watch = watched
		s.read().tracker.Protocol = begun
	case protocol.IsError(e.Type, e.Data):
		s.watch = watched // judged
	default:
		s.watch = plain
	}
}
