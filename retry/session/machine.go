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
	// Bytes is [Session.Bytes].
	Bytes() []byte
	// Snapshot is a copy of the state.
	Snapshot() (Snapshot, error)
	// Rewrite is [Session.Rewrite]; a body that cannot be continued is an error.
	Rewrite(body string) (string, error)
	// Close frees the session. Nothing is called after it.
	Close() error
}
