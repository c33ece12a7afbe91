package transport

import (
	"errors"

	"github.com/steadfetch/steadfetch/retry/session"
)

// Engine makes sessions. *wasm.Engine is one: with it a Go program decides byte
// for byte as a page does, since it runs the very module that its pages run.
type Engine interface {
	Open(session.Config) (session.Machine, error)
}

// native is a session that runs here.
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

// Chunk reads outside of the lock that requests share, and decides under it.
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

// errNoRewrite is a body that a partial answer cannot be put into.
var errNoRewrite = errors.New("transport: this request cannot be continued")
