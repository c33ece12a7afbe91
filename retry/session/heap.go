package session

// heap is turns, the lowest ticket first. It lies in pieces, since the module's
// memory has no room for one long list when it is full of sessions.
type heap struct {
	pieces []*[heapPiece]*turn
	len    int
}

const heapPiece = 128

//go:noinline
func (h *heap) at(i int) **turn { return &h.pieces[i/heapPiece][i%heapPiece] }

func (h *heap) push(t *turn) {
	if h.len == len(h.pieces)*heapPiece {
		h.pieces = append(h.pieces, new([heapPiece]*turn))
	}
	t.at = h.len
	h.len++
	*h.at(t.at) = t
	h.up(t)
}

func (h *heap) remove(t *turn) {
	h.len--
	end := h.at(h.len)
	last := *end
	h.swap(t, last)
	*end = nil
	if last != t {
		h.up(last)
		h.down(last)
	}
	if h.len == 0 {
		h.pieces = nil
	}
}

func (h *heap) swap(a, b *turn) {
	*h.at(a.at), *h.at(b.at) = b, a
	a.at, b.at = b.at, a.at
}

func (h *heap) up(t *turn) {
	for t.at > 0 {
		above := *h.at((t.at - 1) / 2)
		if above.ticket <= t.ticket {
			return
		}
		h.swap(t, above)
	}
}

func (h *heap) down(t *turn) {
	for {
		i := 2*t.at + 1
		if i >= h.len {
			return
		}
		below := *h.at(i)
		if i+1 < h.len {
			if right := *h.at(i + 1); right.ticket < below.ticket {
				below = right
			}
		}
		if below.ticket > t.ticket {
			return
		}
		h.swap(t, below)
	}
}
