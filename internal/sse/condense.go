package sse

import "github.com/steadfetch/steadfetch/internal/swar"

const (
	// keptWhole is the size up to which the data of an event is kept unchanged.
	keptWhole = 4 << 10
	// keptString is how much of each string is kept in longer data: with what
	// comes before it, it fits into 2 KiB.
	keptString = 7 << 8
	// MaxKept is the most that is kept of an event's data.
	MaxKept = 64 << 10
)

// condensed is the data of an event, shortened so that it can be kept. Long data
// is long because of long strings (an image, a whole answer) or long lists. In
// JSON these are cut short and the structure stays, so that the type at the front
// and the finish reason after the image can be read as usual. The result is well
// formed if the data is.
//
// It depends on the data alone, not on the pieces in which it arrives, and takes
// linear time and bounded memory.
type condensed struct {
	text  []byte
	cut   bool // something was left out
	cutAt int  // where, in text, if it was the rest of one string; else -1
	full  bool // MaxKept was not enough: text breaks off

	long    bool // text is condensed, not the data unchanged
	json    bool
	quoted  bool // inside a string
	escape  bool // after a backslash
	string  int  // how much of the string was kept
	depth   int
	skipped int // the depth of a container whose rest is left out; 0 for none
}

func (c *condensed) reset() {
	text := c.text[:0]
	if cap(text) > 2*keptWhole {
		text = nil // do not keep a large buffer for a rare event
	}
	*c = condensed{text: text}
}

// add appends the next piece of the data.
func (c *condensed) add(piece string) {
	if !c.long {
		if len(c.text)+len(piece) <= keptWhole {
			c.text = append(c.text, piece...)
			return
		}
		begun := string(c.text)
		c.text, c.long = c.text[:0], true
		first := begun
		if first == "" {
			first = piece
		}
		for len(first) > 0 && (first[0] == ' ' || first[0] == '\t') {
			first = first[1:]
		}
		c.json = first != "" && (first[0] == '{' || first[0] == '[')
		c.condense(begun)
	}
	c.condense(piece)
}

func (c *condensed) condense(p string) {
	if !c.json {
		c.keep(p, keptString-len(c.text))
		return
	}
	for i := 0; i < len(p) && !c.full; {
		if c.quoted {
			i = c.inString(p, i)
			continue
		}
		b := p[i]
		i++
		switch b {
		case '"':
			c.quoted, c.string = true, 0
		case '{', '[':
			c.depth++
		case '}', ']':
			if c.depth--; c.depth < c.skipped {
				c.skipped = 0
			}
		case ',':
			if c.skipped == 0 && c.depth > deepest(len(c.text)) {
				c.skipped, c.cut, c.cutAt = c.depth, true, -1
			}
		}
		if c.skipped == 0 {
			c.put(b)
		}
	}
}

// inString reads p from i on, inside a string, and returns the index after what it read.
func (c *condensed) inString(p string, i int) int {
	if c.escape { // the backslash and what it escapes stay together
		c.escape = false
		if c.skipped == 0 {
			if c.string+2 <= keptString {
				c.put('\\')
				c.put(p[i])
				c.string += 2
			} else {
				c.string = keptString
				c.leaveOut()
			}
		}
		return i + 1
	}
	end := swar.Special(p, i)
	if end < len(p) && p[end] != '"' && p[end] != '\\' {
		end++ // a control character
	}
	if c.skipped == 0 {
		before := len(c.text)
		c.keep(p[i:end], keptString-c.string)
		c.string += len(c.text) - before
	}
	if end == len(p) || p[end] != '"' && p[end] != '\\' {
		return end
	}
	if p[end] == '\\' {
		c.escape = true
	} else {
		c.quoted = false
		if c.skipped == 0 {
			c.put('"')
		}
	}
	return end + 1
}

// keep appends as much of s as fits into room and into MaxKept.
func (c *condensed) keep(s string, room int) {
	n := min(len(s), room, MaxKept-len(c.text))
	c.text = append(c.text, s[:n]...)
	if n < len(s) {
		c.leaveOut()
	}
}

// leaveOut notes that something of a string is left out.
func (c *condensed) leaveOut() {
	if !c.cut {
		c.cut, c.cutAt = true, len(c.text)
	} else if c.cutAt != len(c.text) {
		c.cutAt = -1
	}
}

func (c *condensed) put(b byte) {
	if len(c.text) < MaxKept {
		c.text = append(c.text, b)
	} else {
		c.full, c.cut, c.cutAt = true, true, -1
	}
}

// deepest returns the depth of the deepest container whose members are all kept,
// once n bytes were kept. A finish reason is no deeper than three: candidates, one
// of them, its finishReason.
func deepest(n int) int {
	switch {
	case n < MaxKept/2:
		return 1 << 30
	case n < MaxKept*3/4:
		return 3
	case n < MaxKept*7/8:
		return 2
	}
	return 1
}
