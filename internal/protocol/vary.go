package protocol

import (
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// member says of a member of an event's JSON how its value may vary in an
// event of mere output without changing what is said. What is not listed has
// to be the same. Of an array, each element is meant.
type member struct {
	key  string
	vary vary
	in   []member // of objects
}

type vary uint8

const (
	within vary = iota // what is in it may, as it says
	unread             // nobody reads it, nor what is in it
	text               // it is text, of which it counts only that there is some
	counts             // it is the event's number
)

// Follow is Read for an event of r. Where it is one of mere output, which
// leaves the Tracker as it was, the next one of its shape says the same, and is
// known by sight.
func (t *Tracker) Follow(r *sse.Reader, e *sse.Event) Facts {
	if e.Known {
		t.Events++
		t.number(e.Counter)
		return Facts(e.Facts)
	}
	before := *t
	facts := t.Read(e)
	before.Events, before.Sequence = t.Events, t.Sequence
	if *t != before {
		r.Shapes.Forget()
		return facts
	}
	if isStrict(t.Protocol) && facts&Output != 0 && facts&^(Output|Opaque) == 0 && !e.Cut {
		r.Marks.Clear()
		c := jsonscan.NewCursor(e.Data)
		c.Marks = &r.Marks
		mark(&c, t.Protocol.members)
		if c.End() {
			r.Learn(e, uint32(facts), t.Text(e))
		}
	}
	return facts
}

// mark walks through a value and marks what may vary.
func mark(c *jsonscan.Cursor, in []member) {
	switch c.Kind() {
	case jsonscan.Object:
		for c.Enter('{'); c.Member(); {
			markMember(c, in)
		}
	case jsonscan.Array:
		for c.Enter('['); c.Element(); {
			mark(c, in)
		}
	default:
		c.Value()
	}
}

func markMember(c *jsonscan.Cursor, in []member) {
	for i := range in {
		m := &in[i]
		if m.key != c.Key {
			continue
		}
		switch m.vary {
		case within:
			mark(c, m.in)
		case unread:
			c.Skip()
		case text:
			c.Text()
		case counts:
			c.Int()
		}
		return
	}
	c.Value()
}
