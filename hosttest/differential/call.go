package differential

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/hosttest/wasmhost"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/wire"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// Call is one call of the engine. In is JSON, or the bytes of a chunk.
type Call struct {
	Name    string  `json:"name"`
	Session int     `json:"session,omitempty"` // in the order of creation
	Attempt int32   `json:"attempt,omitempty"`
	Now     float64 `json:"now,omitempty"`
	In      []byte  `json:"in,omitempty"` // base64
}

// Answer is what a call returned: a number, and the bytes of its result. For a
// session's calls the moves follow.
type Answer []byte

func (a Answer) digest() uint32 {
	h := fnv.New32a()
	_, _ = h.Write(a)
	return h.Sum32()
}

func answerOf(number int32, result []byte) Answer {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(number)), result...)
}

// host is one build of the engine.
type host interface{ ask(c *Call) (Answer, error) }

// module is a build that runs on wazero.
type module struct {
	i       *wasmhost.Instance
	handles []uint64
}

func (m *module) ask(c *Call) (Answer, error) {
	n, err := m.i.Put(c.In)
	if err != nil {
		return nil, err
	}
	handle := uint64(0)
	if c.Session < len(m.handles) {
		handle = m.handles[c.Session]
	}
	var number int32
	switch c.Name {
	case "session_new":
		if number, err = m.i.Call(c.Name, n); number > 0 {
			m.handles = append(m.handles, uint64(number))
			return answerOf(1, nil), err
		}
		m.handles = append(m.handles, 0)
	case "session_event", "session_rewrite":
		number, err = m.i.Call(c.Name, handle, n)
	case "session_free":
		_, err = m.i.Call(c.Name, handle)
		return answerOf(0, nil), err
	case "session_body":
		if number, err = m.i.Call(c.Name, handle, n); number >= 0 {
			return answerOf(number, nil), err
		}
	case "session_chunk":
		number, err = m.i.Call(c.Name, handle, uint64(uint32(c.Attempt)), n, math.Float64bits(c.Now))
		if err == nil && number >= 0 {
			return m.moves(answerOf(number, nil), handle)
		}
	case "session_snapshot", "session_about", "session_ending":
		number, err = m.i.Call(c.Name, handle)
	case "delay":
		number, err = m.i.Call(c.Name, uint64(uint32(c.Attempt)))
		return answerOf(number, nil), err
	default:
		number, err = m.i.Call(c.Name, n)
	}
	if err != nil {
		return nil, err
	}
	result, err := m.i.Read(max(number, -number), "result")
	a := answerOf(number, result)
	if err == nil && (c.Name == "session_event" || c.Name == "session_chunk") {
		return m.moves(a, handle)
	}
	return a, err
}

// moves appends the session's moves.
func (m *module) moves(a Answer, handle uint64) (Answer, error) {
	at, err := m.i.Call("session_moves", handle)
	if err != nil || at == 0 {
		return a, err
	}
	head, err := m.i.At(at, 4)
	if err != nil {
		return nil, err
	}
	list, err := m.i.At(at+4, 12*int32(binary.LittleEndian.Uint32(head)))
	if err != nil {
		return nil, err
	}
	for ; len(list) > 0; list = list[12:] {
		kind, n, third := binary.LittleEndian.Uint32(list), binary.LittleEndian.Uint32(list[4:]), binary.LittleEndian.Uint32(list[8:])
		if kind != uint32(session.MovePut) {
			a = append(a, list[:12]...)
			continue
		}
		put, err := m.i.At(int32(third), int32(n))
		if err != nil {
			return nil, err
		}
		a = append(append(a, list[:8]...), put...) // not its address, which differs between builds
	}
	return a, nil
}

// native is the engine called directly, with only the JSON in between.
type native struct {
	group    session.Group
	sessions []*session.Session
	out      wire.Writer
}

func (h *native) ask(c *Call) (Answer, error) {
	in := string(c.In)
	h.out.Text = h.out.Text[:0]
	done := func(err error, write func()) (Answer, error) {
		if err != nil {
			h.out.Refusal(err.Error())
			return answerOf(-int32(len(h.out.Text)), h.out.Text), nil
		}
		write()
		return answerOf(int32(len(h.out.Text)), h.out.Text), nil
	}
	var s *session.Session
	if c.Session < len(h.sessions) {
		s = h.sessions[c.Session]
	}
	switch c.Name {
	case "classify":
		f := &classify.Failure{}
		return done(wire.ReadFailure(in, f), func() {
			v := &classify.Verdict{}
			f.ClassifyTo(v)
			h.out.Verdict(v)
		})
	case "said":
		e := &classify.Event{}
		return done(wire.ReadEvent(in, e), func() {
			s := protocol.Say(e.Event, e.Data)
			h.out.Said(&s)
		})
	case "ended":
		e := &classify.Event{}
		return done(wire.ReadEvent(in, e), func() {
			ending := protocol.Ending{}
			ending.Read(e.Data)
			h.out.Ending(&ending)
		})
	case "delay":
		return answerOf(int32(retry.Delay(int(c.Attempt)).Milliseconds()), nil), nil
	case "policy":
		p := &retry.Policy{}
		err := p.UnmarshalJSON(c.In)
		if err == nil {
			err = p.Fill()
		}
		return done(err, func() { h.out.Text, _ = p.MarshalJSON() })
	case "share":
		shared := &session.Shared{}
		return done(wire.ReadShared(in, shared), func() {
			h.group.Hear(shared)
			h.out.Shared(shared)
		})
	case "session_new":
		cfg := &session.Config{}
		err := wire.ReadConfig(in, cfg)
		if err == nil {
			s, err = session.NewSession(cfg, &h.group)
		}
		if err != nil {
			h.sessions = append(h.sessions, nil)
			return done(err, nil)
		}
		h.sessions = append(h.sessions, s)
		return answerOf(1, nil), nil
	}
	if s == nil {
		return nil, fmt.Errorf("differential: %s of no session", c.Name)
	}
	switch c.Name {
	case "session_body":
		if s.Body(c.In) {
			return answerOf(1, nil), nil
		}
		return answerOf(0, nil), nil
	case "session_event":
		what := &session.Happened{}
		a, err := done(wire.ReadHappened(in, what), func() { h.out.Answer(s.Step(what)) })
		return addMoves(a, s), err
	case "session_chunk":
		n, a := s.Chunk(int(c.Attempt), int64(c.Now), c.In)
		if a == nil {
			return addMoves(answerOf(int32(n), nil), s), nil
		}
		h.out.Answer(a)
		return addMoves(answerOf(-int32(len(h.out.Text)), h.out.Text), s), nil
	case "session_snapshot":
		return done(nil, func() { h.out.Snapshot(s.Snapshot()) })
	case "session_about":
		return done(nil, func() { h.out.About(s.About()) })
	case "session_ending":
		return done(nil, func() { h.out.Ending(s.Ending()) })
	case "session_rewrite":
		body, ok := s.Rewrite(in)
		if !ok {
			return done(errRewrite, nil)
		}
		return answerOf(int32(len(body)), []byte(body)), nil
	case "session_free":
		s.Free()
		h.sessions[c.Session] = nil
		return answerOf(0, nil), nil
	}
	return nil, fmt.Errorf("differential: there is no call %s", c.Name)
}

type refusal string

func (r refusal) Error() string { return string(r) }

const errRewrite = refusal("the body has no list of messages that could be continued")

func addMoves(a Answer, s *session.Session) Answer {
	for _, m := range s.Moves() {
		a = binary.LittleEndian.AppendUint32(a, uint32(m.Do))
		a = binary.LittleEndian.AppendUint32(a, uint32(m.N))
		if m.Do == session.MovePut {
			a = append(a, m.Put...)
		} else {
			a = binary.LittleEndian.AppendUint32(a, uint32(m.Behind))
		}
	}
	return a
}

// result decodes an answer's result, if it is JSON.
func (a Answer) result(into any) {
	text := a[4:]
	if n := int32(binary.LittleEndian.Uint32(a)); int(max(n, -n)) <= len(text) {
		_ = json.Unmarshal(text[:max(n, -n)], into) // the moves of a chunk are not JSON
	}
}
