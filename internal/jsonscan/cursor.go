package jsonscan

import "github.com/steadfetch/steadfetch/internal/swar"

// Cursor walks through one JSON text once, in document order. It is always
// before a value; each of Skip, Value, Text, Int and Enter steps over that value
// or into it:
//
//	c := NewCursor(text)
//	if c.Enter('{') {
//		for c.Member() {
//			switch c.Key {
//			case "delta":
//				delta = c.Text()
//			default:
//				c.Skip()
//			}
//		}
//	}
//	whole := c.End()
//
// Malformed JSON is found when the walk reaches it: from there on the Cursor
// yields nothing more, and End returns false. Of numbers, literals and strings
// only the end is checked, not the contents: some servers write NaN and
// unescaped tabs, and some parsers accept them.
type Cursor struct {
	// Key is the name of the current member.
	Key string
	// Marks, if not nil, collects the values that may vary without changing what
	// the text means.
	Marks *Marks

	text  string
	at    int
	first bool // nothing in the container was read yet
	bad   bool
}

// NewCursor returns a Cursor before the first value in text.
func NewCursor(text string) Cursor { return Cursor{text: text, at: skipSpace(text, 0)} }

// At returns the Cursor's position, an index into the text.
func (c *Cursor) At() int { return c.at }

// Kind returns the kind of the next value.
func (c *Cursor) Kind() byte {
	if c.bad {
		return Missing
	}
	return Value(c.text[c.at:min(c.at+1, len(c.text))]).Kind()
}

// Enter steps into the value if it begins with open, '{' or '['; otherwise it
// steps over the value and returns false.
func (c *Cursor) Enter(open byte) bool {
	if c.bad || c.at >= len(c.text) || c.text[c.at] != open {
		c.Value()
		return false
	}
	c.at = skipSpace(c.text, c.at+1)
	c.first = true
	return true
}

// Member steps to the next member of an object and sets Key. It returns false
// when there is none left; the Cursor is then after the object.
func (c *Cursor) Member() bool {
	if !c.more('}') {
		return false
	}
	i, ok := c.at, false
	if i < len(c.text) && c.text[i] == '"' {
		end := stringEnd(c.text, i)
		if end > 0 {
			c.Key = c.text[i+1 : end-1]
			if Value(c.text[i:end]).escaped() {
				c.Key = Value(c.text[i:end]).Str()
			}
			if i = skipSpace(c.text, end); i < len(c.text) && c.text[i] == ':' {
				i, ok = skipSpace(c.text, i+1), true
			}
		}
	}
	if !ok {
		return c.fail()
	}
	c.at = i
	return true
}

// Element is Member for arrays.
func (c *Cursor) Element() bool { return c.more(']') }

// more steps over a comma or the closing bracket, and reports whether another
// member follows.
func (c *Cursor) more(closing byte) bool {
	if c.bad || c.at >= len(c.text) {
		return c.fail()
	}
	switch b := c.text[c.at]; {
	case b == closing:
		c.at = skipSpace(c.text, c.at+1)
		c.first = false
		return false
	case c.first:
		c.first = false
		return true
	case b == ',':
		c.at = skipSpace(c.text, c.at+1)
		return true
	}
	return c.fail()
}

func (c *Cursor) fail() bool {
	c.bad = true
	return false
}

// Skip steps over a value that nobody reads, and marks it as free to vary.
func (c *Cursor) Skip() { c.over(Unread) }

// Value steps over a value and returns it.
func (c *Cursor) Value() Value {
	from := c.at
	end := c.over(fixed)
	if c.bad {
		return ""
	}
	return Value(c.text[from:end])
}

// Text is Value for a string that means the same whatever it contains, as long
// as it is not empty. Its place is marked for callers that want the contents.
func (c *Cursor) Text() Value {
	from := c.at
	v := c.Value()
	if v.Kind() == String && len(v) > 2 {
		c.note(Text, from, from+len(v))
	}
	return v
}

// Int is Value for a number that may vary but must be read again each time.
func (c *Cursor) Int() Value {
	from := c.at
	v := c.Value()
	if v != "" && NumberEnd(string(v), 0) == len(v) {
		c.note(Counter, from, from+len(v))
	}
	return v
}

// End reports whether the text was JSON with nothing after it.
func (c *Cursor) End() bool { return !c.bad && c.at == len(c.text) }

// maxDepth is how deep a value that is stepped over may nest.
const maxDepth = 64

// over steps over a value and everything in it, and returns the index of its
// end, before any white space.
func (c *Cursor) over(vary Vary) (end int) {
	objects, depth := uint64(0), 0 // a bit for each container that is open
	for {
		if c.bad || c.at >= len(c.text) {
			c.fail()
			return c.at
		}
		switch open := c.text[c.at]; {
		case open == '{' || open == '[':
			if depth == maxDepth {
				c.fail()
				return c.at
			}
			depth++
			objects = objects<<1 | uint64(open>>5&1) // '[' is 0x5B, '{' is 0x7B
			c.at = skipSpace(c.text, c.at+1)
			c.first = true
		default:
			if end = c.scalar(vary); end < 0 {
				c.fail()
				return c.at
			}
		}
		for depth > 0 {
			closes := c.at + 1
			if objects&1 != 0 {
				if c.Member() {
					break
				}
			} else if c.Element() {
				break
			}
			if c.bad {
				return c.at
			}
			end = closes
			depth--
			objects >>= 1
		}
		if depth == 0 {
			return end
		}
	}
}

// scalar steps over a string, a number or a literal and returns the index of its
// end, or -1.
func (c *Cursor) scalar(vary Vary) int {
	s, i := c.text, c.at
	end := -1
	if s[i] == '"' {
		end = stringEnd(s, i)
	} else if end = wordEnd(s, i); end == i {
		end = -1
	}
	if end < 0 {
		return -1
	}
	if vary == Unread && (s[i] == '"' || NumberEnd(s, i) == end) {
		c.note(Unread, i, end)
	}
	c.at = skipSpace(s, end)
	return end
}

// wordEnd returns the index after the number or literal in s at i; i if there is none.
func wordEnd(s string, i int) int {
	for i < len(s) {
		b := s[i]
		if (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') && b != '-' && b != '+' && b != '.' {
			break
		}
		i++
	}
	return i
}

// NumberEnd returns the index after the number in s at i; i if there is none.
func NumberEnd(s string, i int) int {
	if i >= len(s) || s[i] != '-' && (s[i] < '0' || s[i] > '9') {
		return i
	}
	for i < len(s) {
		b := s[i]
		if (b < '0' || b > '9') && b != '-' && b != '+' && b != '.' && b|0x20 != 'e' {
			break
		}
		i++
	}
	return i
}

// stringEnd returns the index after the string in s at i, or -1 if it is cut off.
func stringEnd(s string, i int) int {
	for i++; ; i++ {
		if i = swar.Special(s, i); i >= len(s) {
			return -1
		}
		switch s[i] {
		case '"':
			return i + 1
		case '\\':
			if i++; i >= len(s) {
				return -1
			}
		}
	}
}

// Vary says how a value may differ from the one that was read.
type Vary uint8

const (
	fixed   Vary = iota
	Unread       // a string may be any string, a number any number
	Text         // a non-empty string may be any non-empty string
	Counter      // a number may be any number, but its value is read
)

// Mark is the place of a value that may vary.
type Mark struct {
	Vary     Vary
	From, To int
}

// Marks are the values of one text that may vary, in document order.
type Marks struct {
	list [16]Mark
	n    int // how many there are; more than len(list) if they did not fit
}

// List returns the marks. ok is false if there were too many to keep.
func (m *Marks) List() (list []Mark, ok bool) {
	if m.n > len(m.list) {
		return nil, false
	}
	return m.list[:m.n], true
}

func (c *Cursor) note(vary Vary, from, to int) {
	m := c.Marks
	if m == nil {
		return
	}
	if m.n < len(m.list) {
		m.list[m.n] = Mark{vary, from, to}
	}
	m.n++
}
