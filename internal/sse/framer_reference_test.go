package sse

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// Framer is the simple reader that the Reader is compared with. It collects bytes
// and cuts them into events. The zero Framer is ready.
//
// Its buffer contains, in this order: whole events that may be passed on (Ready),
// and the rest of the input, which is not a whole event yet.
type Framer struct {
	buf   []byte
	begin int // where the event being read begins; whole events lie before it
	last  int // where the event that Next returned last begins
	scan  int // bytes before it were scanned
	line  int // where the line being read begins
	taken int // bytes before it were taken and are removed by the next Write

	afterCR  bool   // a line feed at scan belongs to the CR before it
	started  bool   // a byte order mark would have been read by now
	oversize bool   // inside an event that is larger than MaxEvent
	joined   []byte // the data of an event with several data lines
}

// Write appends bytes. It frees what Take has taken, so earlier views become invalid.
func (f *Framer) Write(p []byte) {
	if f.taken > 0 {
		n := copy(f.buf, f.buf[f.taken:])
		f.buf = f.buf[:n]
		f.begin -= f.taken
		f.last = f.begin
		f.scan -= f.taken
		f.line -= f.taken
		f.taken = 0
	}
	f.buf = append(f.buf, p...)
}

// Next puts the next whole event into e, and reports whether there is one. Its
// strings are views, valid until the next Write, Replace or Final.
func (f *Framer) Next(e *Event) bool {
	buf, i, line, afterCR := f.buf, f.scan, f.line, f.afterCR
	for i < len(buf) {
		c := buf[i]
		i++
		if c != '\n' && c != '\r' {
			afterCR = false
			// Most bytes are inside a line: look for its end in a tight loop.
			for i < len(buf) && buf[i] != '\n' && buf[i] != '\r' {
				i++
			}
			continue
		}
		if c == '\n' && afterCR {
			afterCR = false
			line = i
			continue
		}
		blank := i-1 == line
		if afterCR = c == '\r'; afterCR && i < len(buf) && buf[i] == '\n' {
			i++
			afterCR = false
		}
		line = i
		if blank {
			f.scan, f.line, f.afterCR = i, line, afterCR
			f.cut(i, e)
			return true
		}
	}
	f.scan, f.line, f.afterCR = i, line, afterCR
	if len(buf)-f.begin > MaxEvent {
		f.oversize = true
		f.cut(len(buf), e)
		f.oversize = true // until the blank line comes
		return true
	}
	return false
}

// Final puts what is left at the end of the body into e, as an event without its
// blank line, and reports whether anything was left.
func (f *Framer) Final(e *Event) bool {
	n := len(f.buf)
	if f.begin == n {
		return false
	}
	f.cut(n, e)
	f.scan, f.line = n, n
	return true
}

// Ready returns the bytes of all whole events that were not taken yet.
func (f *Framer) Ready() []byte { return f.buf[f.taken:f.begin] }

// Take marks the first n bytes of Ready as gone. They stay where they are until the
// next Write.
func (f *Framer) Take(n int) { f.taken += n }

// Held returns all bytes that were not taken, whole events or not.
func (f *Framer) Held() []byte { return f.buf[f.taken:] }

// Last returns the bytes of the event that Next or Final returned last.
func (f *Framer) Last() []byte { return f.buf[f.last:f.begin] }

// Whole returns how many bytes of Ready come before the event that Next returned last.
func (f *Framer) Whole() int { return f.last - f.taken }

// All makes everything that is left ready, whole event or not.
func (f *Framer) All() {
	f.begin, f.scan, f.line, f.last = len(f.buf), len(f.buf), len(f.buf), len(f.buf)
}

// Replace replaces the bytes of the event that Next or Final returned last by raw.
// An empty raw drops the event.
func (f *Framer) Replace(raw []byte) {
	rest := string(f.buf[f.begin:])
	f.buf = append(append(f.buf[:f.last], raw...), rest...)
	shift := f.last + len(raw) - f.begin
	f.begin += shift
	f.scan += shift
	f.line += shift
}

// Reset discards everything but keeps the memory.
func (f *Framer) Reset() {
	f.buf = f.buf[:0]
	f.begin, f.last, f.scan, f.line, f.taken = 0, 0, 0, 0, 0
	f.afterCR, f.started, f.oversize = false, false, false
}

// cut ends the event at end and reads its fields.
func (f *Framer) cut(end int, e *Event) {
	e.Type, e.Data, e.ID, e.HasID, e.Bare, e.Oversize = "", "", "", false, false, false
	f.last, f.begin = f.begin, end
	raw := f.buf[f.last:end]
	if f.oversize {
		f.oversize = false
		e.Oversize = true
		return
	}
	if !f.started {
		f.started = true
		if len(raw) >= 3 && raw[0] == 0xEF && raw[1] == 0xBB && raw[2] == 0xBF {
			raw = raw[3:]
		}
	}
	lines := 0
	for len(raw) > 0 {
		n := 0
		for n < len(raw) && raw[n] != '\n' && raw[n] != '\r' {
			n++
		}
		line := raw[:n]
		if raw = raw[n:]; len(raw) > 0 {
			raw = raw[1:] // a CRLF leaves an empty line, which is ignored
		}
		if n == 0 || line[0] == ':' {
			continue
		}
		name, value := line, []byte(nil)
		for i, c := range line {
			if c == ':' {
				name, value = line[:i], line[i+1:]
				if len(value) > 0 && value[0] == ' ' {
					value = value[1:]
				}
				break
			}
		}
		switch jsonscan.Index("data event id", View(name)) {
		case 0:
			if e.Bare { // a data field by the specification replaces it
				e.Type, e.Bare = "", false
				lines = 0
			}
			lines++
			if lines == 1 {
				e.Data = View(value)
				continue
			}
			if lines == 2 {
				f.joined = append(f.joined[:0], e.Data...)
			}
			f.joined = append(append(f.joined, '\n'), value...)
			e.Data = View(f.joined)
		case 1:
			e.Type = View(value)
		case 2:
			if len(value) <= maxValue && strings.IndexByte(View(value), 0) < 0 {
				e.ID, e.HasID = View(value), true
			}
		default:
			if lines == 0 && line[0] == '{' {
				lines = 1
				e.Data, e.Bare = View(line), true
			} else if lines == 0 && len(value) > 0 && value[0] == '{' && View(name) == "error" {
				lines = 1
				e.Type, e.Data, e.Bare = "error", View(value), true
			}
		}
	}
}
