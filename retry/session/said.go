package session

import (
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// Ending is how the answer ended, where the provider told.
func (s *Session) Ending() *protocol.Ending { return &s.read().ending }

// noteEnding keeps what an event says of the end. Events of mere output, which
// are nearly all, say nothing of it.
func (s *Session) noteEnding(e *sse.Event, facts protocol.Facts) {
	r := s.read()
	if r.tracker.Events == 1 {
		r.ending = protocol.Ending{}
	}
	if facts&^(protocol.Output|protocol.Opaque) != 0 || facts == 0 {
		r.ending.Read(e.Data)
	}
}
