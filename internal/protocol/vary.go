package protocol

import (
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// member is a member of an event's JSON and how its value may vary, in an event
// that is output and nothing else, without changing the event's facts. Members
// that are not listed must be equal. In an array it applies to each element.
type member struct {
	key  string
	vary vary
	in   []member // of objects
}

type vary uint8

const (
	within vary = iota // only what in lists may vary
	unread             // nobody reads it, nor anything inside it
	text               // a text: only whether it is empty matters
	counts             // the event's sequence number
)

// Follow is Read for an event of r. If the event is output and nothing else, and
// leaves the Tracker's state unchanged, r learns its shape: the next event of
// that shape has the same facts and is not parsed.
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

// Hear is the function Hear for an event of r, which learns the event's shape.
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

// Hear returns the JSON strings inside e.Data that are the text and the reasoning
// that the event adds, missing for none. ok is false if one of them takes more
// than one string; call Say then.
func Hear(e *sse.Event) (text, reasoning jsonscan.Value, ok bool) {
	if e.Known {
		return e.Text, e.Reasoning, true
	}
	text, reasoning, _, ok = hear(e)
	return text, reasoning, ok
}

// hear also returns the event's protocol, nil if it is unknown.
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

// learn makes r match later events that differ from e only in what may vary.
func learn(r *sse.Reader, e *sse.Event, p *Protocol, facts Facts, text, reasoning jsonscan.Value) {
	if e.Cut {
		return
	}
	marks := jsonscan.Marks{}
	c := jsonscan.NewCursor(e.Data)
	c.Marks = &marks
	mark(&c, p.members)
	if c.End() {
		r.Learn(e, &marks, uint32(facts), text, reasoning)
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
