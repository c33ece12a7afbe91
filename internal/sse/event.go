// Package sse cuts a stream into events (Server-Sent Events, WHATWG HTML §9.2).
// Its Reader does not own the bytes: it is fed each chunk, says where events
// end, and keeps of one that goes on only what must be judged.
package sse

import (
	"strings"
	"unsafe"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/swar"
)

// MaxEvent is the size from which an event is passed on in pieces instead of
// being held back whole: 16 MiB.
const MaxEvent = 16 << 20

// Event is one event of a stream.
type Event struct {
	// Type is the event field, "" if there was none (which means "message").
	Type string
	// Data is the data fields, joined by line feeds.
	Data string
	// ID is the id field. HasID tells an empty one from none.
	ID    string
	HasID bool
	// Bare is set where Data is no data by the specification: a line of JSON
	// without a field name, or a field "error" with JSON in it. Gateways and
	// servers that fail in mid-stream write their errors so.
	Bare bool
	// Lines counts the data lines. Without one the event is not dispatched.
	Lines int
	// Cut says that Data lacks the middle of something long, and Oversize that
	// it lacks so much that it breaks off and cannot be judged.
	Cut, Oversize bool
	// CutAt is where in Data the rest of the one string is missing that was cut,
	// or -1 if more is missing.
	CutAt int
	// Hash tells events apart by their type and all of their data.
	Hash uint64
	// Bytes is where the event is in the stream, its blank line included, and
	// the others where its fields' values are. Data that has more than one line
	// reaches from the first one's to the last one's end.
	Bytes, TypeAt, DataAt, IDAt Span

	// Known says that the event has the shape of one before it, of which Facts
	// was learnt. The others are the values in it that were marked so.
	Known           bool
	Facts           uint32
	Text, Reasoning jsonscan.Value
	Counter         jsonscan.Value
}

// Empty says that the event carries no data: a comment, a ping by comment, a
// lone id. Such an event is not dispatched, but its bytes count.
func (e *Event) Empty() bool { return e.Data == "" && !e.Oversize }

// Span is a part of the stream: the offsets of its first byte and of the one
// behind it.
type Span struct{ From, To int64 }

// DataOf is the event's data as it came, from its bytes, which somebody held.
func (e *Event) DataOf(raw string) string {
	if e.Lines == 0 {
		return ""
	}
	raw = raw[e.DataAt.From-e.Bytes.From : e.DataAt.To-e.Bytes.From]
	if e.Lines <= 1 {
		return raw
	}
	end := swar.LineEnd(raw, 0)
	data := []byte(raw[:end])
	for end < len(raw) {
		start := end + 1
		end = swar.LineEnd(raw, start)
		if line, ok := strings.CutPrefix(raw[start:end], "data"); ok && (line == "" || line[0] == ':') {
			data = append(data, '\n')
			data = append(data, strings.TrimPrefix(strings.TrimPrefix(line, ":"), " ")...)
		}
	}
	return string(data)
}

// View is b as a string without a copy, for as long as b does not change.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
