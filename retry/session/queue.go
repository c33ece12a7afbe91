package session

// Queue holds the bytes of an attempt's body for hosts in Go. The zero Queue is
// ready to use: Add a chunk, ask the session about it, then Take what it delivers.
type Queue struct {
	held  []byte
	taken int    // bytes of held that were delivered or dropped
	chunk []byte // the last chunk, not copied to held unless some of it stays
	out   []byte
}

// Add adds a chunk, which must not change until Take.
func (q *Queue) Add(chunk []byte) {
	if q.taken > 0 {
		q.held = q.held[:copy(q.held, q.held[q.taken:])]
		q.taken = 0
	}
	q.chunk = chunk
}

// Take does what moves, from [Session.Moves], says, and returns the n bytes to
// deliver. They are valid until the next Add, and as long as the chunk is not changed.
func (q *Queue) Take(n int, moves []Move) []byte {
	chunk := q.chunk
	q.chunk = nil
	if len(q.held) == q.taken && len(moves) == 0 {
		q.held, q.taken = append(q.held[:0], chunk[n:]...), 0
		return chunk[:n]
	}
	q.held = append(q.held, chunk...)
	if len(moves) == 0 {
		q.taken += n
		return q.held[q.taken-n : q.taken]
	}
	q.out = q.out[:0]
	for _, m := range moves {
		switch m.Do {
		case MoveRelease:
			q.out = append(q.out, q.held[q.taken:q.taken+m.N]...)
			q.taken += m.N
		case MoveDrop:
			q.taken += m.N
		case MovePut:
			q.out = append(q.out, m.Put...)
		case MoveCut:
			end := len(q.held) - m.Behind
			q.held = append(q.held[:end-m.N], q.held[end:]...)
		}
	}
	return q.out
}

// Len returns how many bytes are held.
func (q *Queue) Len() int { return len(q.held) - q.taken + len(q.chunk) }

// Reset drops what is held, for the next attempt.
func (q *Queue) Reset() { *q = Queue{} }
