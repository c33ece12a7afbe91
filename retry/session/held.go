package session

import (
	"sync/atomic"

	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// The host holds the bytes of a body, and the session says what becomes of
// them. It counts them from the beginning of the attempt's body.

const (
	// maxHeld is how much of one body is held at most. Comments and pings
	// beyond it are dropped; an event that is larger goes on in pieces.
	maxHeld = sse.MaxEvent
	// maxHeldOfAll bounds what is held for all sessions of a group together.
	maxHeldOfAll = 64 << 20
	// maxChunk is how much may come at a time.
	maxChunk = 1 << 20
)

// MoveKind is what a Move does.
type MoveKind int32

// The kinds of a Move.
const (
	MoveRelease MoveKind = 1 // the next N bytes go on to the consumer
	MoveDrop    MoveKind = 2 // the next N bytes are dropped
	MovePut     MoveKind = 3 // Put, N bytes that are not of the body, goes on to the consumer
	MoveCut     MoveKind = 4 // of what stays held, N bytes are dropped that end Behind bytes before its end
)

// Move is what becomes of some of the bytes that the host holds, from the
// first one on. What no Move touches stays held.
type Move struct {
	Do     MoveKind
	N      int
	Behind int
	Put    []byte
}

// Moves says what becomes of the bytes held after the last Step, Read or
// Decide, good until the next. None is that the first Answer.Bytes of them go
// on as they are.
func (s *Session) Moves() []Move {
	if len(s.moves) == 1 && s.moves[0].Do == MoveRelease {
		return nil
	}
	return s.moves
}

// heldNow is how many bytes of the body the host holds.
func (s *Session) heldNow() int64 { return s.came - s.gone - s.cutOut }

// all makes everything that came ready to go on, whole event or not.
func (s *Session) all() { s.upTo = s.came }

// leaveOut keeps the event at hand from going on.
func (s *Session) leaveOut() {
	s.upTo = s.read().event.Bytes.From
	s.missing = ""
}

// release lets what came before to go on with a.
func (s *Session) release(a *Answer, to int64) *Answer {
	s.releaseTo(to)
	if s.missing != "" && to >= s.came {
		s.put([]byte(s.missing))
		s.missing = ""
	}
	a.Bytes = s.out
	return a
}

func (s *Session) releaseTo(to int64) {
	if to > s.gone {
		n := int(to - s.gone - s.cutOut)
		s.gone, s.cutOut = to, 0
		s.out += n
		s.move(Move{Do: MoveRelease, N: n})
	}
}

// dropTo drops what came before to.
func (s *Session) dropTo(to int64) {
	s.move(Move{Do: MoveDrop, N: int(to - s.gone)})
	s.gone = to
}

func (s *Session) put(text []byte) {
	if len(text) > 0 {
		s.out += len(text)
		s.moves = append(s.moves, Move{Do: MovePut, N: len(text), Put: text})
	}
}

// move notes a Move, as a part of the last one where it goes on.
func (s *Session) move(m Move) {
	if m.N <= 0 {
		return
	}
	if last := len(s.moves) - 1; last >= 0 && s.moves[last].Do == m.Do {
		switch l := &s.moves[last]; {
		case m.Do != MoveCut:
			l.N += m.N
			return
		case m.Behind+m.N == l.Behind: // it lies right behind
			l.N += m.N
			l.Behind = m.Behind
			return
		}
	}
	s.moves = append(s.moves, m)
}

// still drops the event at hand, which says nothing but that the connection
// lives, where enough of those are held.
func (s *Session) still() {
	at := s.read().event.Bytes
	if !s.committed && s.heldNow()-(s.came-at.To) > maxHeld-maxChunk && at.From >= s.gone {
		n := at.To - at.From
		s.move(Move{Do: MoveCut, N: int(n), Behind: int(s.came - at.To)})
		s.cutOut += n
	}
}

// overflow takes that too much is held: what nobody can wait for is output.
func (s *Session) overflow() *Answer {
	if m := s.seam; m != nil {
		if m.how != "" {
			s.due = (*Session).mismatch // it cannot be joined without having been read
			return nil
		}
		m.opaque, m.keyless = true, true
	}
	s.read().tracker.Seen |= protocol.Output | protocol.Opaque
	s.all()
	a := s.nothing()
	if !s.committed {
		s.commit(a)
	}
	return s.release(a, s.came)
}

// account keeps the group's sum of what is held, and reports whether it is too much.
func (s *Session) account() bool {
	now := s.heldNow()
	if s.over() || !s.isOpen() {
		now = 0
	}
	sum := atomic.AddInt64(&s.group.held, now-s.counted)
	more := now > s.counted
	s.counted = now
	return more && sum > maxHeldOfAll
}

// crowded lets an answer go on unwatched, as too much is held for all.
func (s *Session) crowded() *Answer {
	s.all()
	a := s.pass()
	a.Warning = "too_much_held"
	return a
}
