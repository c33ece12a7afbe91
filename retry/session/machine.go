//go:build !tinygo

package session

// Machine is a session wherever it runs: here, or in the module, which has
// faults of its own. A host drives either by it.
type Machine interface {
	// Body is [Session.Body].
	Body(p []byte) (more bool, err error)
	// Step is [Session.Step].
	Step(h *Happened) (*Answer, error)
	// Chunk is [Session.Chunk].
	Chunk(attempt int, now int64, p []byte) (n int, a *Answer, err error)
	// Moves is [Session.Moves].
	Moves() []Move
	// Snapshot is a copy of the state.
	Snapshot() (Snapshot, error)
	// Rewrite is [Session.Rewrite]; a body that cannot be continued is an error.
	Rewrite(body string) (string, error)
	// Close frees the session. Nothing is called after it.
	Close() error
}

// Holder is a Machine together with the bytes that its host must hold: it does
// what Moves says, and gives what may go on.
type Holder struct {
	Machine
	held    Queue
	attempt int // that is open
	out     []byte
}

// Step is [Session.Step].
func (h *Holder) Step(what *Happened) (*Answer, error) {
	a, err := h.Machine.Step(what)
	if err == nil {
		h.take(a)
	}
	return a, err
}

// Chunk is [Session.Chunk]. p must stay as it is while what Bytes gives is used.
func (h *Holder) Chunk(attempt int, now int64, p []byte) (n int, a *Answer, err error) {
	if attempt == h.attempt {
		h.held.Add(p)
	}
	n, a, err = h.Machine.Chunk(attempt, now, p)
	switch {
	case err != nil:
	case a != nil:
		h.take(a)
	default:
		h.take(&Answer{Do: DoNothing, Bytes: n})
	}
	return n, a, err
}

// Bytes is what the last Step or Chunk let go on, good until the next.
func (h *Holder) Bytes() []byte { return h.out }

func (h *Holder) take(a *Answer) {
	h.out = h.held.Take(a.Bytes, h.Moves())
	switch a.Do {
	case DoNothing, DoRead:
	case DoOpen:
		h.held.Reset()
		h.attempt = a.Attempt
	default:
		h.attempt = 0
	}
}
