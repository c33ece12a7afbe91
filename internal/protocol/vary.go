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
		if e.Counter != "" {
			t.number(e.Counter)
		}
		return Facts(e.Facts)
	}
	before := *t
	facts := t.Read(e)
	before.Events, before.Sequence = t.Events, t.Sequence
	if *t != before {
		r.Shapes.Forget()
		return facts
	}
	if isStrict(t.Protocol) && facts&Output != 0 && facts&^(Output|Opaque) == 0 {
		if text, reasoning, ok := Hear(e); ok {
			learn(r, e, t.Protocol, facts, text, reasoning)
		}
	}
	return facts
}

// Listener finds what the events of a stream add to the answer. The zero
// Listener is ready.
type Listener struct{ protocol *Protocol }

// Hear is Hear for an event of r, whose next ones of its shape are known by sight.
func (l *Listener) Hear(r *sse.Reader, e *sse.Event) (text, reasoning jsonscan.Value, ok bool) {
	if e.Known {
		return Hear(e)
	}
	text, reasoning, p, ok := hear(e)
	if p != nil {
		l.protocol = p
	}
	if ok && l.protocol != nil {
		learn(r, e, l.protocol, 0, text, reasoning)
	}
	return text, reasoning, ok
}

// Hear gives the JSON strings inside e.Data that are the text and the reasoning
// that it adds, missing for none. ok is false where they are more than a string
// each, and Say tells.
func Hear(e *sse.Event) (text, reasoning jsonscan.Value, ok bool) {
	if e.Known {
		return e.Text, e.Reasoning, true
	}
	text, reasoning, _, ok = hear(e)
	return text, reasoning, ok
}

// hear also gives the protocol that the event is of, nil if it can be of any.
func hear(e *sse.Event) (text, reasoning jsonscan.Value, p *Protocol, ok bool) {
	s := Said{}
	if p = s.say(e.Type, e.Data); p == nil {
		v := jsonscan.Parse(e.Data)
		p = detect(v, v.Text("type"))
	}
	text, ok = s.Text.Alone()
	reasoning, alone := s.Reasoning.Alone()
	return text, reasoning, p, ok && alone
}

// learn has r know by sight the events that differ from e only in what may vary.
func learn(r *sse.Reader, e *sse.Event, p *Protocol, facts Facts, text, reasoning jsonscan.Value) {
	if e.Cut {
		return
	}
	r.Marks.Clear()
	c := jsonscan.NewCursor(e.Data)
	c.Marks = &r.Marks
	mark(&c, p.members)
	if c.End() {
		r.Learn(e, uint32(facts), text, reasoning)
	}
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
