package session

// random is the state of the jitter. The same seed gives the same waits.
type random uint32

func newRandom(seed int64) random {
	r := random(uint32(seed)*2654435761 | 1)
	r.next() // the first number of a small seed is small
	return r
}

// next steps a xorshift generator (Marsaglia 2003). Its state is never 0.
func (r *random) next() uint32 {
	x := uint32(*r)
	x ^= x << 13
	x ^= x >> 17
	x ^= x << 5
	*r = random(x)
	return x
}
