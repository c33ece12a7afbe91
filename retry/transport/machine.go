package transport

import (
	"errors"

	"github.com/steadfetch/steadfetch/retry/session"
)

// Engine makes sessions. *wasm.Engine is one: with it, a Go program decides exactly as
// its pages do, since it runs the same WebAssembly module.
type Engine interface {
	// Open returns a new session. An invalid configuration is an error.
	Open(session.Config) (session.Machine, error)
}

// native is a session that is compiled into the program.
type native struct {
	*session.Session
	group *Group
}

func (g *Group) open(cfg session.Config) (session.Machine, error) {
	s, err := session.NewSession(&cfg, &g.shared)
	if err != nil {
		return nil, err
	}
	return native{s, g}, nil
}

func (n native) Body(p []byte) (more bool, err error) { return n.Session.Body(p), nil }

func (n native) Step(h *session.Happened) (*session.Answer, error) {
	n.group.mu.Lock()
	defer n.group.mu.Unlock()
	return n.Session.Step(h), nil
}

// Chunk reads without the lock that requests share, and takes it only to decide.
func (n native) Chunk(attempt int, now int64, p []byte) (int, *session.Answer, error) {
	ready, a, due := n.Session.Read(attempt, now, p)
	if !due {
		return ready, a, nil
	}
	n.group.mu.Lock()
	defer n.group.mu.Unlock()
	if a = n.Session.Decide(); a != nil {
		ready = a.Bytes
	}
	return ready, a, nil
}

func (n native) Snapshot() (session.Snapshot, error) {
	n.group.mu.Lock()
	defer n.group.mu.Unlock()
	s := *n.Session.Snapshot()
	if s.Retry != nil {
		event := *s.Retry
		s.Retry = &event
	}
	if s.Verdict != nil {
		verdict := *s.Verdict
		s.Verdict = &verdict
	}
	return s, nil
}

func (n native) Rewrite(body string) (string, error) {
	n.group.mu.Lock()
	defer n.group.mu.Unlock()
	rewritten, ok := n.Session.Rewrite(body)
	if !ok {
		return "", errNoRewrite
	}
	return rewritten, nil
}

func (n native) Close() error { return nil }

// errNoRewrite says that a partial answer cannot be added to the request's body.
var errNoRewrite = errors.New("transport: this request cannot be continued")
