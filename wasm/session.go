package wasm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"github.com/steadfetch/steadfetch/retry/session"
)

// MaxChunk is the most that Session.Chunk accepts at a time: 1 MiB.
const MaxChunk = 1 << 20

var _ session.Machine = (*Session)(nil)

// Session is a session.Session inside an Engine. Its methods do what those do, but
// return ErrTrapped or ErrClosed once the session is lost; the host then fails its
// request. It is safe for concurrent use, but Moves belongs to the last Step or
// Chunk, whoever called it.
type Session struct {
	engine *Engine
	inst   *instance
	handle uint64
	moves  []session.Move
	closed bool
}

// NewSession creates a session. It returns a RefusedError if the policy is invalid.
// Close frees it: a session that is never closed occupies memory of the Engine.
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

// Open is NewSession as transport.Engine needs it.
func (e *Engine) Open(cfg session.Config) (session.Machine, error) {
	s, err := e.NewSession(cfg)
	if err != nil {
		return nil, err // not a nil *Session in a Machine
	}
	return s, nil
}

// Body passes the next piece of the request's body to the session, before the first
// Step, and reports whether more is needed.
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

// Step reports what happened, and returns what to do.
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

// Chunk passes bytes of an attempt's body to the session, MaxChunk at most, at the
// time now, in milliseconds since the Unix epoch. The host releases n bytes of what
// it holds (see Moves); an answer that is not nil has the rest to do, and its Bytes
// is n.
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

// Moves returns what to do with the bytes that the host holds after the last Step or
// Chunk. A [session.Holder] does it.
func (s *Session) Moves() []session.Move { return s.moves }

// Snapshot returns the current state.
func (s *Session) Snapshot() (session.Snapshot, error) {
	var snapshot session.Snapshot
	err := s.use(func(i *instance) error {
		return i.get(i.call("session_snapshot", s.handle), &snapshot)
	})
	return snapshot, err
}

// Rewrite returns the body of the request that continues a partial answer, made from
// the first request's body. Call it if Resume.Rewrite was set. It returns a
// RefusedError if body is not such a request.
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

// Close frees the session's memory. It returns no error if the session is lost.
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

// use runs fn with the session's instance.
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
