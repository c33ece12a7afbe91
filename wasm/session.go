package wasm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"github.com/steadfetch/steadfetch/retry/session"
)

// MaxChunk is the most that Session.Chunk takes at a time: 1 MiB.
const MaxChunk = 1 << 20

var _ session.Machine = (*Session)(nil)

// Session is a session.Session that lives in an Engine. Its methods do what
// those do, and give an error, ErrTrapped or ErrClosed, once it is lost; the
// host then fails its request. It is safe for concurrent use, but what
// Moves gives belongs to the last Step or Chunk, whoever called it.
type Session struct {
	engine *Engine
	inst   *instance
	handle uint64
	moves  []session.Move
	closed bool
}

// NewSession makes a session. It is refused if the policy makes no sense.
// Close frees it: a session that is forgotten takes up memory of the Engine.
func (e *Engine) NewSession(cfg session.Config) (*Session, error) {
	s := &Session{engine: e}
	err := e.use(func(i *instance) error {
		n, err := i.put(cfg)
		if err != nil {
			return err
		}
		h := i.call("session_new", n)
		if h <= 0 {
			var nothing struct{}
			return i.get(h, &nothing)
		}
		s.inst, s.handle = i, uint64(h)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Open is NewSession for a transport.Transport, whose Engine an Engine can be.
func (e *Engine) Open(cfg session.Config) (session.Machine, error) {
	s, err := e.NewSession(cfg)
	if err != nil {
		return nil, err // not a nil *Session in a Machine
	}
	return s, nil
}

// Body takes the next piece of the request's body, before the first Step, and
// says whether more is wanted.
func (s *Session) Body(p []byte) (more bool, err error) {
	for len(p) > 0 {
		piece := p[:min(len(p), MaxChunk)]
		p = p[len(piece):]
		err = s.use(func(i *instance) error {
			n, err := i.write(piece)
			if err != nil {
				return err
			}
			wanted := i.call("session_body", s.handle, n)
			if wanted < 0 {
				var nothing struct{}
				return i.get(wanted, &nothing)
			}
			more = wanted > 0
			return nil
		})
		if err != nil || !more {
			return false, err
		}
	}
	return more, nil
}

// Step takes what happened and says what to do.
func (s *Session) Step(h *session.Happened) (*session.Answer, error) {
	a := &session.Answer{}
	err := s.use(func(i *instance) error {
		n, err := i.put(h)
		if err != nil {
			return err
		}
		if err := i.get(i.call("session_event", s.handle, n), a); err != nil {
			return err
		}
		s.note(i)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Chunk takes bytes of an attempt's body, MaxChunk at most, at the time now, in
// milliseconds since the Unix epoch. n bytes of what the host holds may go on
// now (see Moves); an answer that is not nil says the rest, and its Bytes is n.
func (s *Session) Chunk(attempt int, now int64, p []byte) (n int, a *session.Answer, err error) {
	if len(p) > MaxChunk {
		return 0, nil, errors.New("wasm: a chunk of more than 1 MiB must be cut")
	}
	err = s.use(func(i *instance) error {
		length, err := i.write(p)
		if err != nil {
			return err
		}
		ready := i.call("session_chunk", s.handle, uint64(uint32(int32(attempt))), length, math.Float64bits(float64(now)))
		if ready < 0 {
			a = &session.Answer{}
			if err := i.get(-ready, a); err != nil {
				return err
			}
			ready = int32(a.Bytes)
		}
		n = int(ready)
		s.note(i)
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	return n, a, nil
}

// note keeps the moves that come with an answer.
func (s *Session) note(i *instance) {
	s.moves = nil
	at := i.call("session_moves", s.handle)
	if at == 0 {
		return
	}
	number := func(place int32) int32 { return int32(binary.LittleEndian.Uint32(i.read(at+4*place, 4))) }
	for place := int32(1); place <= 3*number(0); place += 3 {
		m := session.Move{Do: session.MoveKind(number(place)), N: int(number(place + 1))}
		if third := number(place + 2); m.Do == session.MovePut {
			m.Put = bytes.Clone(i.read(third, int32(m.N)))
		} else {
			m.Behind = int(third)
		}
		s.moves = append(s.moves, m)
	}
}

// Moves says what becomes of the bytes that the host holds after the last Step
// or Chunk. A [session.Holder] does that.
func (s *Session) Moves() []session.Move { return s.moves }

// Snapshot is the state now.
func (s *Session) Snapshot() (session.Snapshot, error) {
	var snapshot session.Snapshot
	err := s.use(func(i *instance) error {
		return i.get(i.call("session_snapshot", s.handle), &snapshot)
	})
	return snapshot, err
}

// Rewrite makes the body of the request that continues a partial answer from
// the first request's body, when Resume.Rewrite was set. It is refused if body
// is no such request.
func (s *Session) Rewrite(body string) (rewritten string, err error) {
	err = s.use(func(i *instance) error {
		n, err := i.write([]byte(body))
		if err != nil {
			return err
		}
		length := i.call("session_rewrite", s.handle, n)
		if length < 0 {
			var nothing struct{}
			return i.get(length, &nothing)
		}
		rewritten = string(i.read(i.call("result"), length))
		return nil
	})
	return rewritten, err
}

// Close frees the session's memory. It never fails for a session that is lost.
func (s *Session) Close() error {
	err := s.use(func(i *instance) error {
		i.call("session_free", s.handle)
		return nil
	})
	s.engine.mu.Lock()
	s.closed = true
	s.engine.mu.Unlock()
	if errors.Is(err, ErrTrapped) || errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}

// use runs fn with the instance that the session lives in.
func (s *Session) use(fn func(*instance) error) error {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	switch {
	case s.closed, s.engine.closed:
		return ErrClosed
	case s.inst.trapped:
		return ErrTrapped
	}
	return s.inst.use(fn)
}
