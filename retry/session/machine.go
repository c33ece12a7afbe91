//go:build !tinygo

package session

// Machine is a session wherever it runs: natively, or in the WebAssembly module,
// whose calls can fail. A host drives both through it.
type Machine interface {
	// Body calls [Session.Body].
	Body(p []byte) (more bool, err error)
	// Step calls [Session.Step].
	Step(h *Happened) (*Answer, error)
	// Chunk calls [Session.Chunk].
	Chunk(attempt int, now int64, p []byte) (n int, a *Answer, err error)
	// Moves calls [Session.Moves].
	Moves() []Move
	// Snapshot returns a copy of the state.
	Snapshot() (Snapshot, error)
	// Rewrite calls [Session.Rewrite]. A body that cannot be continued is an error.
	Rewrite(body string) (string, error)
	// Close frees the session. No method may be called after it.
	Close() error
}

// Holder is a Machine together with the bytes that its host must hold. It does what
// Moves says; Bytes returns what may be delivered.
type Holder struct {
	Machine
	held    Queue
	attempt int // the open one, 0 for none
	out     []byte
}

// Step calls [Session.Step], and does what its answer says with the bytes held.
func (h *Holder) Step(what *Happened) (*Answer, error) {
	a, err := h.Machine.Step(what)
	if err == nil {
		h.apply(a)
	}
	return a, err
}

// Chunk calls [Session.Chunk], and does what its answer says with the bytes held. p
// must not change as long as the result of Bytes is in use.
func (h *Holder) Chunk(attempt int, now int64, p []byte) (n int, a *Answer, err error) {
	if attempt == h.attempt {
		h.held.Add(p)
	}
	n, a, err = h.Machine.Chunk(attempt, now, p)
	switch {
	case err != nil:
	case a != nil:
		h.apply(a)
	default:
		h.apply(&Answer{Do: DoNothing, Bytes: n})
	}
	return n, a, err
}

// Bytes returns what the last Step or Chunk delivers. It is valid until the next.
func (h *Holder) Bytes() []byte { return h.out }

func (h *Holder) apply(a *Answer) {
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
