package sse

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/fnv"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/swar"
)

// Reader finds the events in a stream that somebody else holds. Of an event
// that has not ended it keeps what there is to judge, which is little and
// bounded (see condense), however the stream is cut and whatever is in it. The
// zero Reader is ready.
//
//	r.Feed(chunk)
//	for r.Next(&e) {
//	}
//
// All bytes before Whole then belong to whole events.
type Reader struct {
	// Shapes are those of events that were read in full.
	Shapes Shapes
	// Hashing fills in Event.Hash.
	Hashing bool

	chunk string // a view of the last chunk
	base  int64  // where it begins in the stream
	at    int    // what lies before it in chunk was read
	from  int64  // where the event that is being read begins
	// begun is what the last chunk had of an event that may match a shape,
	// when the rest of it comes.
	begun []byte

	// Where in a line the reader is.
	place   place
	afterCR bool // a line feed that comes next belongs to the CR before it
	bom     int  // how much of a byte order mark the stream began with
	started bool // the place for one is behind us
	name    [maxName]byte
	named   int
	field   field

	// What there is of the event.
	typ, id []byte
	value   []byte // a type or an id that is being read
	kept    condensed
	hasID   bool
	bare    bool
	lines   int
	sum     uint64
	typeAt  Span
	dataAt  Span
	idAt    Span
	valueAt int64
}

const (
	maxName  = 6       // "event" and one byte more
	maxValue = 1 << 10 // a longer type is cut; a longer id is none
)

// place is where in a line a Reader is.
type place uint8

const (
	atStart place = iota
	inName
	behindColon
	atValue
	inValue
)

// field is what a line is.
type field uint8

const (
	fieldNone field = iota // a comment, or a name that means nothing
	fieldData
	fieldType
	fieldID
	fieldError // no field by the specification; see Event.Bare
)

// Feed takes the next chunk of the stream, when Next has given all events of
// the last one. It is not kept: what is not a whole event is read and noted.
func (r *Reader) Feed(p []byte) {
	r.base += int64(len(r.chunk))
	r.chunk, r.at = View(p), 0
}

// Whole is where the event that is being read begins. All before it, from the
// beginning of the stream, is whole events.
func (r *Reader) Whole() int64 { return r.from }

// Pos is how many bytes of the stream were fed.
func (r *Reader) Pos() int64 { return r.base + int64(len(r.chunk)) }

// Reset forgets the stream, but keeps its settings.
func (r *Reader) Reset() { *r = Reader{Hashing: r.Hashing} }

// Next puts the next event that ends in the chunk into e, and reports whether
// there is one. Its strings are views, good until the next call.
func (r *Reader) Next(e *Event) bool {
	if len(r.begun) > 0 {
		if r.at == len(r.chunk) {
			return false // nothing has come since
		}
		if r.knownBegun(e) {
			return true
		}
		r.readBegun()
	}
	if r.started && r.place == atStart && !r.afterCR && r.from == r.base+int64(r.at) {
		if r.known(e, r.chunk, r.at) {
			return true
		}
		r.keep()
	}
	return r.read(e)
}

// read is Next for events that have to be read in full.
func (r *Reader) read(e *Event) bool {
	s := r.chunk
	for r.at < len(s) {
		switch r.place {
		case atStart:
			switch c := s[r.at]; {
			case r.afterCR && c == '\n':
				if r.from == r.base+int64(r.at) {
					r.from++ // the last byte of the event before
				}
				r.at++
				r.afterCR = false
			case !r.started:
				r.begin(c)
			case c == '\n' || c == '\r':
				r.endLine(c)
				r.complete(e)
				return true
			default:
				r.afterCR, r.place, r.named = false, inName, 0
			}
		case inName:
			r.readName()
		case behindColon:
			if s[r.at] == ' ' {
				r.at++
			}
			r.place = atValue
		case atValue:
			r.open()
		case inValue:
			end := swar.LineEnd(s, r.at)
			r.take(s[r.at:end])
			if r.at = end; end < len(s) {
				r.shut()
				r.endLine(s[end])
			}
		}
	}
	return false
}

// begin takes the stream's first bytes, which may be a byte order mark.
func (r *Reader) begin(c byte) {
	const mark = "\xEF\xBB\xBF"
	if c == mark[r.bom] {
		r.at++
		r.bom++
		r.started = r.bom == len(mark)
		return
	}
	r.started = true
	if r.bom > 0 { // half a mark is the beginning of a name that means nothing
		r.place, r.field = inValue, fieldNone
	}
}

// readName reads what there is of a field's name.
func (r *Reader) readName() {
	for r.at < len(r.chunk) {
		switch c := r.chunk[r.at]; {
		case c == ':':
			r.at++
			r.place = behindColon
			r.find()
			return
		case c == '\n' || c == '\r':
			r.find()
			r.open()
			return
		case r.named == 0 && c == '{' && r.lines == 0:
			r.field = fieldError
			r.open()
			return
		case r.named == maxName:
			r.place, r.field = inValue, fieldNone
			return
		default:
			r.name[r.named] = c
			r.named++
			r.at++
		}
	}
}

// find says which field the name is.
func (r *Reader) find() {
	switch View(r.name[:r.named]) {
	case "data":
		r.field = fieldData
	case "event":
		r.field = fieldType
	case "id":
		r.field = fieldID
	case "error":
		r.field = fieldError
	default:
		r.field = fieldNone
	}
}

// open begins a value.
func (r *Reader) open() {
	r.place, r.valueAt = inValue, r.base+int64(r.at)
	r.value = r.value[:0]
	switch {
	case r.field == fieldError && r.lines == 0 && r.at < len(r.chunk) && r.chunk[r.at] == '{':
		r.field, r.bare = fieldData, true
		if r.named > 0 {
			r.typ, r.typeAt = append(r.typ[:0], "error"...), Span{}
		}
	case r.field == fieldError:
		r.field = fieldNone
	case r.field == fieldData && r.bare: // what the specification knows counts more
		r.bare, r.lines, r.sum = false, 0, 0
		r.typ, r.typeAt = r.typ[:0], Span{}
		r.kept.reset()
	}
	if r.field == fieldData {
		if r.lines++; r.lines == 1 {
			r.dataAt.From = r.valueAt
		} else {
			r.take("\n")
		}
	}
}

// take takes a piece of a value.
func (r *Reader) take(piece string) {
	switch r.field {
	case fieldData:
		if r.Hashing {
			r.sum = hash(r.sum, piece)
		}
		r.kept.add(piece)
	case fieldType, fieldID:
		if room := maxValue + 1 - len(r.value); len(piece) > room {
			piece = piece[:room]
		}
		r.value = append(r.value, piece...)
	}
}

// shut ends a value.
func (r *Reader) shut() {
	at := Span{r.valueAt, r.base + int64(r.at)}
	switch r.field {
	case fieldData:
		r.dataAt.To = at.To
	case fieldType:
		r.typ, r.value, r.typeAt = r.value, r.typ, at
	case fieldID:
		if len(r.value) <= maxValue && strings.IndexByte(View(r.value), 0) < 0 {
			r.id, r.value, r.idAt, r.hasID = r.value, r.id, at, true
		}
	}
}

// endLine steps over the end of a line, which begins with c.
func (r *Reader) endLine(c byte) {
	r.place = atStart
	r.at++
	if r.afterCR = c == '\r'; r.afterCR && r.at < len(r.chunk) && r.chunk[r.at] == '\n' {
		r.at++
		r.afterCR = false
	}
}

// complete gives what was read as an event, and begins the next one.
func (r *Reader) complete(e *Event) {
	*e = Event{
		Type: View(r.typ), Data: View(r.kept.text), ID: View(r.id), HasID: r.hasID,
		Lines: r.lines, Bare: r.bare, Cut: r.kept.cut, CutAt: r.kept.cutAt, Oversize: r.kept.full,
		Bytes: Span{r.from, r.base + int64(r.at)}, TypeAt: r.typeAt, DataAt: r.dataAt, IDAt: r.idAt,
	}
	if r.Hashing {
		e.Hash = hash(r.sum, e.Type)
	}
	r.from = e.Bytes.To
	r.typ, r.id = r.typ[:0], r.id[:0]
	r.kept.reset()
	r.hasID, r.bare, r.lines, r.sum = false, false, 0, 0
	r.typeAt, r.dataAt, r.idAt = Span{}, Span{}, Span{}
}

// Last puts what is left at the end of the stream into e, as an event that only
// lacks its blank line, and says what has to be added to make it whole. ok is
// false if nothing is left.
func (r *Reader) Last(e *Event) (missing string, ok bool) {
	if r.from == r.Pos() {
		return "", false
	}
	r.readBegun()
	switch {
	case r.place != atStart:
		if r.place == inName {
			r.find()
		}
		if r.place != inValue {
			r.open()
		}
		r.shut()
		missing = "\n\n"
	case r.afterCR: // with it a line feed is one end of a line
		missing = "\n\r\n"
	default:
		missing = "\n"
	}
	r.place, r.afterCR = atStart, false
	r.complete(e)
	return missing, true
}

// Learn notes how the event that Next gave last was read, so that the next one
// that differs only in what marks name matches a shape. text and reasoning are
// views of such values in its data, or missing. Nothing else that it was read by
// may change, or Shapes.Forget must be called.
func (r *Reader) Learn(e *Event, marks *jsonscan.Marks, facts uint32, text, reasoning jsonscan.Value) {
	from := e.Bytes.From - r.base
	if from < 0 || e.Known || e.Bare || e.Cut || e.Lines != 1 || e.TypeAt.To > e.DataAt.From {
		return
	}
	raw := r.chunk[from : e.Bytes.To-r.base]
	if len(raw) > maxShape || raw[len(raw)-1] != '\n' || raw[0] == '\n' || raw[0] == 0xEF {
		return
	}
	r.Shapes.learn(raw, e, marks, facts, text, reasoning)
}

// known tries to match the next event, at i in s, with a shape.
func (r *Reader) known(e *Event, s string, i int) bool {
	shape, end := r.Shapes.match(s, i)
	if shape == nil {
		return false
	}
	shape.event(s, i, end, r.from-int64(i), e)
	if r.Hashing {
		e.Hash = hash(hash(0, e.Data), e.Type)
	}
	r.from = e.Bytes.To
	r.at = int(r.from - r.base)
	return true
}

// keep keeps the rest of the chunk, if no event ends in it.
func (r *Reader) keep() {
	if rest := r.chunk[r.at:]; len(rest) < maxShape && !endsIn(rest) {
		r.begun = append(r.begun, rest...)
		r.at = len(r.chunk)
	}
}

// knownBegun is known for the event that has begun in the last chunk.
func (r *Reader) knownBegun(e *Event) bool {
	n := len(r.begun)
	whole := append(r.begun, r.chunk[:min(len(r.chunk), maxShape-n)]...)
	r.begun = whole[:n]
	if !r.known(e, View(whole), 0) {
		return false
	}
	r.begun = whole[:0]
	return true
}

// readBegun reads what the last chunk had of an event that is not known by
// sight. No event ends in it.
func (r *Reader) readBegun() {
	if len(r.begun) == 0 {
		return
	}
	base, chunk, at := r.base, r.chunk, r.at
	r.base, r.chunk, r.at = r.from, View(r.begun), 0
	r.read(nil)
	r.base, r.chunk, r.at = base, chunk, at
	r.begun = r.begun[:0]
}

// endsIn reports whether an event that begins with s ends in it.
func endsIn(s string) bool {
	for at := 0; at < len(s); at++ {
		line := at
		if at = swar.LineEnd(s, at); at == line && at < len(s) {
			return true
		}
		if strings.HasPrefix(s[at:], "\r\n") {
			at++
		}
	}
	return false
}

// hash returns h, 0 at first, with s added.
func hash(h uint64, s string) uint64 { return fnv.Add(h^fnv.Offset, s) ^ fnv.Offset }
