package sse

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/swar"
)

// maxShape is the size of the longest event that is remembered.
const maxShape = 1 << 10

// shapesKept is how many shapes are remembered: text, reasoning, tool arguments.
const shapesKept = 3

// Shapes are events that were read in full. Nearly every event of a stream
// differs from one before it in a few values only, and where only those may vary,
// it says the same. So it is compared instead of read, eight bytes at a time, its
// blank line included. Any difference, and it is read in full: nobody can tell
// which way was taken.
type Shapes struct {
	list []shape // empty until there is one: a short answer has none
	last int     // the one that matched last
	next int     // the one to be given up
}

// shape is an event of which some values may vary.
type shape struct {
	raw       string
	vary      []varying
	typ, data [2]int // where they are in raw; no type is 0, 0
	facts     uint32
	// Indices of vary, or none.
	text, reasoning, tick, id int
}

const none = -1

// varying is a value that may be another, by its place in raw; a string's is
// between its quotes.
type varying struct {
	kind     kind
	from, to int
	// Where the value stands in the event that matched last.
	at, end int
}

// kind is what a value may be instead.
type kind uint8

const (
	number kind = iota
	quoted
	filled // a string that is not empty
	line   // whatever the line has, as an id
)

// Forget forgets all shapes, when events like them would no longer say the same.
func (f *Shapes) Forget() {
	for i := range f.list {
		f.list[i].raw = ""
	}
}

// learn remembers e.
func (f *Shapes) learn(raw string, e *Event, marks *jsonscan.Marks, facts uint32, text, reasoning jsonscan.Value) {
	list, ok := marks.List()
	if !ok {
		return
	}
	if f.list == nil {
		f.list = make([]shape, shapesKept)
	}
	if f.next == f.last {
		f.next = f.after(f.next)
	}
	g := &f.list[f.next]
	at := func(place int64) int { return int(place - e.Bytes.From) }
	g.raw, g.vary, g.facts, g.tick, g.id = "", g.vary[:0], facts, none, none
	g.typ = [2]int{}
	if e.TypeAt.To > 0 {
		g.typ = [2]int{at(e.TypeAt.From), at(e.TypeAt.To)}
	}
	g.data = [2]int{at(e.DataAt.From), at(e.DataAt.To)}
	id := varying{kind: line, from: at(e.IDAt.From), to: at(e.IDAt.To)}
	if e.HasID && raw[id.from-1] != ' ' {
		return // then a space in front of another id would be none of it
	}
	if e.HasID && id.from < g.data[0] {
		g.id = 0
		g.vary = append(g.vary, id)
	}
	for i := range list {
		m := &list[i]
		v := varying{from: g.data[0] + m.From, to: g.data[0] + m.To}
		if raw[v.from] == '"' {
			v.kind = quoted
			v.from++
			v.to--
		}
		switch m.Vary {
		case jsonscan.Text:
			v.kind = filled
		case jsonscan.Counter:
			if g.tick < 0 {
				g.tick = len(g.vary)
			}
		}
		g.vary = append(g.vary, v)
	}
	if e.HasID && g.id < 0 {
		g.id = len(g.vary)
		g.vary = append(g.vary, id)
	}
	g.text, g.reasoning = g.find(e, text), g.find(e, reasoning)
	if text != "" && g.text < 0 || reasoning != "" && g.reasoning < 0 {
		return // it may not vary
	}
	g.raw = strings.Clone(raw)
	f.last = f.next
	f.next = f.after(f.next)
}

func (f *Shapes) after(i int) int {
	if i++; i < len(f.list) {
		return i
	}
	return 0
}

// find is which of the values v, a part of the event's data, is.
func (g *shape) find(e *Event, v jsonscan.Value) int {
	if v != "" {
		from := g.data[0] + jsonscan.Place(v, e.Data) + 1
		for i := range g.vary {
			if g.vary[i].kind == filled && g.vary[i].from == from {
				return i
			}
		}
	}
	return none
}

// match finds a shape that the event at i in s has, and the event's end.
func (f *Shapes) match(s string, i int) (*shape, int) {
	k := f.last
	for range f.list {
		if g := &f.list[k]; g.raw != "" {
			if end := g.match(s, i); end > 0 {
				f.last = k
				return g, end
			}
		}
		k = f.after(k)
	}
	return nil, 0
}

// match gives the end of the event at i in s if it has this shape, or 0.
func (g *shape) match(s string, i int) int {
	at := 0
	for k := range g.vary {
		v := &g.vary[k]
		if !swar.Same(s, i, g.raw[at:v.from]) {
			return 0
		}
		i += v.from - at
		at = v.to
		v.at = i
		switch v.kind {
		case number:
			if i = jsonscan.NumberEnd(s, i); i == v.at {
				return 0
			}
		case line:
			i = swar.LineEnd(s, i)
			if i-v.at > maxValue || strings.IndexByte(s[v.at:i], 0) >= 0 {
				return 0
			}
		default:
			if i = sameString(s, i); i < 0 || i == v.at && v.kind == filled {
				return 0
			}
		}
		v.end = i
	}
	if !swar.Same(s, i, g.raw[at:]) {
		return 0
	}
	return i + len(g.raw) - at
}

// sameString is the index of the quote that ends the string in s at i, or -1 if
// the line ends first, or there is anything to wonder about.
func sameString(s string, i int) int {
	for {
		if i = swar.Special(s, i); i >= len(s) {
			return -1
		}
		switch s[i] {
		case '"':
			return i
		case '\\':
			if i++; i >= len(s) || s[i] < ' ' {
				return -1
			}
			i++
		default:
			return -1
		}
	}
}

// event fills e in from the event between at and end in s, which has this
// shape. s begins at base in the stream.
func (g *shape) event(s string, at, end int, base int64, e *Event) {
	typ, data := at+g.typ[0], at+g.data[0]
	dataEnd := end - len(g.raw) + g.data[1]
	*e = Event{}
	if g.id >= 0 {
		v := &g.vary[g.id]
		e.ID, e.HasID, e.IDAt.From, e.IDAt.To = s[v.at:v.end], true, base+int64(v.at), base+int64(v.end)
		grown := v.end - v.at - (v.to - v.from)
		if v.from < g.typ[0] {
			typ += grown
		}
		if v.from < g.data[0] {
			data += grown
		} else {
			dataEnd -= grown
		}
	}
	e.Known, e.Facts, e.Lines = true, g.facts, 1
	e.Bytes.From, e.Bytes.To = base+int64(at), base+int64(end)
	e.Data, e.DataAt.From, e.DataAt.To = s[data:dataEnd], base+int64(data), base+int64(dataEnd)
	if g.typ[1] > 0 {
		e.Type = g.raw[g.typ[0]:g.typ[1]]
		e.TypeAt.From, e.TypeAt.To = base+int64(typ), base+int64(typ+len(e.Type))
	}
	if g.tick >= 0 {
		v := &g.vary[g.tick]
		e.Counter = jsonscan.Value(s[v.at:v.end])
	}
	if g.text >= 0 {
		v := &g.vary[g.text]
		e.Text = jsonscan.Value(s[v.at-1 : v.end+1])
	}
	if g.reasoning >= 0 {
		v := &g.vary[g.reasoning]
		e.Reasoning = jsonscan.Value(s[v.at-1 : v.end+1])
	}
}
