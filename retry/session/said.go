package session

import (
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// Ending returns how the answer ended, as far as the provider said.
func (s *Session) Ending() *protocol.Ending { return &s.read().ending }

// noteEnding records what an event says about the end. Events with only output,
// which nearly all are, say nothing about it.
func (s *Session) noteEnding(e *sse.Event, facts protocol.Facts) {
	r := s.read()
	if r.tracker.Events == 1 {
		r.ending = protocol.Ending{}
	}
	if facts&^(protocol.Output|protocol.Opaque) != 0 || facts == 0 {
		r.ending.Read(e.Data)
	}
}
