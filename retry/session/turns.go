package session

// turns is a list of turns, the lowest ticket first. It allocates nothing: the
// module has little memory left when it is full of sessions.
type turns struct {
	first, last *turn
	near        *turn // the last that came back: others tend to come back right after it
	len         int
}

// put inserts t in ticket order. New tickets belong at the end; turns that come
// back with an old one belong near the beginning, or near each other.
func (l *turns) put(t *turn) {
	before := l.last
	if before != nil && before.ticket > t.ticket {
		before = l.near
		for before != nil && before.ticket > t.ticket {
			before = before.before
		}
		for next := l.after(before); next.ticket < t.ticket; next = l.after(before) {
			before = next
		}
		l.near = t
	}
	t.before, t.next = before, l.after(before)
	l.link(before, t)
	l.link(t, t.next)
	l.len++
}

// after returns the turn that follows t, or the first if t is nil.
func (l *turns) after(t *turn) *turn {
	if t == nil {
		return l.first
	}
	return t.next
}

// link makes b follow a. A nil a is the beginning, a nil b the end.
func (l *turns) link(a, b *turn) {
	if a == nil {
		l.first = b
	} else {
		a.next = b
	}
	if b == nil {
		l.last = a
	} else {
		b.before = a
	}
}

func (l *turns) remove(t *turn) {
	l.link(t.before, t.next)
	if l.near == t {
		l.near = t.before
	}
	t.before, t.next = nil, nil
	l.len--
}
