package sse

import (
	"strings"
	"unsafe"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/swar"
)

// maxShape is the size of the longest event that is remembered.
const maxShape = 1 << 10

// Shapes are events that were read in full: text, reasoning, tool arguments.
// Nearly every event of a stream differs from one before it in a few values
// only, and where only those may vary, it says the same. So it is compared
// instead of read, eight bytes at a time, its blank line included. Any
// difference, and it is read in full: nobody can tell which way was taken.
type Shapes struct {
	list [3]shape
	last int // the one that matched last
	next int // the one to be given up
}

// shape is an event of which some values may vary.
type shape struct {
	raw  string
	vary []varying
	// Where things are in raw, or -1.
	typ, data  [2]int
	text, tick int // indices of vary
	texts      int // how many of vary are texts
	facts      uint32
}

// varying is a value that may be another, by its place in raw; a string's is
// between its quotes.
type varying struct {
	vary     jsonscan.Vary
	from, to int
	quoted   bool
	// Where the value stands in the event that matched last.
	at, end int
}

// Forget forgets all shapes, when events like them would no longer say the same.
func (f *Shapes) Forget() {
	for i := range f.list {
		f.list[i].raw = ""
	}
}

// learn remembers e. text, if it is not missing, is a view of one of the marked
// texts in its data.
func (f *Shapes) learn(raw string, e *Event, marks *jsonscan.Marks, facts uint32, text jsonscan.Value) {
	list, ok := marks.List()
	if !ok {
		return
	}
	if f.next == f.last {
		f.next = (f.next + 1) % len(f.list)
	}
	g := &f.list[f.next]
	f.last = f.next
	f.next = (f.next + 1) % len(f.list)
	begin := e.Bytes.From
	*g = shape{
		raw: strings.Clone(raw), vary: g.vary[:0], facts: facts, text: -1, tick: -1,
		typ:  [2]int{int(e.TypeAt.From - begin), int(e.TypeAt.To - begin)},
		data: [2]int{int(e.DataAt.From - begin), int(e.DataAt.To - begin)},
	}
	if e.TypeAt.To == 0 {
		g.typ = [2]int{}
	}
	at := -1
	if text != "" {
		at = int(uintptr(unsafe.Pointer(unsafe.StringData(string(text)))) - uintptr(unsafe.Pointer(unsafe.StringData(e.Data))))
	}
	for i, m := range list {
		v := varying{vary: m.Vary, from: g.data[0] + m.From, to: g.data[0] + m.To}
		if e.Data[m.From] == '"' {
			v.quoted = true
			v.from++
			v.to--
		}
		if m.Vary == jsonscan.Text {
			g.texts++
			if m.From == at {
				g.text = i
			}
		}
		if m.Vary == jsonscan.Counter && g.tick < 0 {
			g.tick = i
		}
		g.vary = append(g.vary, v)
	}
}

// match finds a shape that the event at i in s has, and the event's end.
func (f *Shapes) match(s string, i int) (*shape, int) {
	for n := range f.list {
		k := (f.last + n) % len(f.list)
		if g := &f.list[k]; g.raw != "" {
			if end := g.match(s, i); end > 0 {
				f.last = k
				return g, end
			}
		}
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
		if v.quoted {
			if i = sameString(s, i); i < 0 || i == v.at && v.vary == jsonscan.Text {
				return 0
			}
		} else {
			if i = jsonscan.NumberEnd(s, i); i == v.at {
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
	data := [2]int{at + g.data[0], end - len(g.raw) + g.data[1]}
	*e = Event{
		Type: g.raw[g.typ[0]:g.typ[1]], Data: s[data[0]:data[1]], Lines: 1, Known: true, Facts: g.facts, Texts: g.texts,
		Bytes:  Span{base + int64(at), base + int64(end)},
		DataAt: Span{base + int64(data[0]), base + int64(data[1])},
	}
	if g.typ[1] > 0 {
		e.TypeAt = Span{base + int64(at+g.typ[0]), base + int64(at+g.typ[1])}
	}
	if g.text >= 0 {
		v := &g.vary[g.text]
		e.Text = jsonscan.Value(s[v.at-1 : v.end+1])
	}
	if g.tick >= 0 {
		v := &g.vary[g.tick]
		e.Counter = jsonscan.Value(s[v.at:v.end])
	}
}
