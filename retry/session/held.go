package session

import (
	"sync/atomic"

	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// The host holds the bytes of a body, and the session says what to do with them.
// Offsets count from the beginning of the attempt's body.

const (
	// maxHeld is the most that is held of one body, in bytes. Comments and pings
	// beyond it are dropped; a larger event is delivered in pieces.
	maxHeld = sse.MaxEvent
	// maxHeldOfAll is the most that is held for all sessions of a group together.
	// Beyond it, an answer without output yet is passed on unwatched.
	maxHeldOfAll = 64 << 20
	// maxChunk is the largest chunk that a host reports, in bytes.
	maxChunk = 1 << 20
)

// MoveKind is what a Move does.
type MoveKind int32

// The kinds of a Move.
const (
	MoveRelease MoveKind = 1 // the next N bytes are delivered to the consumer
	MoveDrop    MoveKind = 2 // the next N bytes are dropped
	MovePut     MoveKind = 3 // Put, N bytes that are not from the body, is delivered to the consumer
	MoveCut     MoveKind = 4 // N bytes are dropped; Behind more bytes come after them in what is held
)

// Move says what to do with some of the bytes that the host holds, starting with
// the first. Bytes that no Move covers stay held.
type Move struct {
	Do     MoveKind
	N      int
	Behind int
	Put    []byte
}

// Moves returns what to do with the bytes held after the last Step, Read or
// Decide. It is valid until the next. nil means that the first Answer.Bytes of
// them are delivered unchanged.
func (s *Session) Moves() []Move {
	if len(s.moves) == 1 && s.moves[0].Do == MoveRelease {
		return nil
	}
	return s.moves
}

// heldNow returns how many bytes of the body the host holds.
func (s *Session) heldNow() int64 { return s.came - s.gone - s.cutOut }

// markAllReady marks everything received as ready for delivery, whole events or not.
func (s *Session) markAllReady() { s.upTo = s.came }

// excludeEvent excludes the current event from delivery.
func (s *Session) excludeEvent() {
	s.upTo = s.read().event.Bytes.From
	s.missing = ""
}

// release delivers, with a, the bytes before offset to.
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

// dropTo drops the bytes before offset to.
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

// move records a Move, merged with the last one if it continues that.
func (s *Session) move(m Move) {
	if m.N <= 0 {
		return
	}
	if last := len(s.moves) - 1; last >= 0 && s.moves[last].Do == m.Do {
		switch l := &s.moves[last]; {
		case m.Do != MoveCut:
			l.N += m.N
			return
		case m.Behind+m.N == l.Behind: // it follows directly
			l.N += m.N
			l.Behind = m.Behind
			return
		}
	}
	s.moves = append(s.moves, m)
}

// dropKeepAlive drops the current event, which is only a keep-alive, if so much is
// held that there may be no room for the next chunk.
func (s *Session) dropKeepAlive() {
	at := s.read().event.Bytes
	if !s.committed && s.heldNow()-(s.came-at.To) > maxHeld-maxChunk && at.From >= s.gone {
		n := at.To - at.From
		s.move(Move{Do: MoveCut, N: int(n), Behind: int(s.came - at.To)})
		s.cutOut += n
	}
}

// overflow delivers what is too large to hold. It counts as output.
func (s *Session) overflow() *Answer {
	if m := s.seam; m != nil {
		if m.how != "" {
			s.due = (*Session).mismatch // what was not read cannot be joined
			return nil
		}
		m.opaque, m.keyless = true, true
	}
	s.read().tracker.Seen |= protocol.Output | protocol.Opaque
	s.markAllReady()
	a := s.nothing()
	if !s.committed {
		s.commit(a)
	}
	return s.release(a, s.came)
}

// account updates the group's sum of held bytes, and reports whether the session
// holds more than before while the sum is too large.
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

// passUnwatched passes an answer on unwatched, because the group holds too much.
func (s *Session) passUnwatched() *Answer {
	s.markAllReady()
	a := s.pass()
	a.Warning = "too_much_held"
	return a
}
