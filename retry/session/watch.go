package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/protocol"
)

// watch is how closely a session watches a request's answer. What is not known to be
// a streamed chat answer behaves as with plain fetch.
type watch uint8

const (
	// leftAlone: nothing is judged. JSON-RPC, where a retry would call a tool twice,
	// and what is not HTTP.
	leftAlone watch = iota
	// plain: the status and the connection are judged. The body belongs to the caller.
	plain
	// undecided: the first event shows whether it is a streamed chat answer.
	undecided
	// watched: it is a streamed chat answer that was asked for.
	watched
)

// watching decides how closely to watch, as far as the request shows.
func (s *Session) watching() watch {
	q, r := s.request, &s.request.request
	if q.rpc || !overHTTP(r.URL) {
		return leftAlone
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

// overHTTP reports whether a URL is relative, or has the scheme http or https.
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

// looksInto reports whether to inspect the body of a response with a good status.
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

// uiStream is the header that marks the AI SDK's UI message stream.
const uiStream = "x-vercel-ai-ui-message-stream"

// decideByFirstEvent decides how to treat an undecided answer by its first event with
// data.
func (s *Session) decideByFirstEvent() {
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
