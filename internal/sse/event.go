// Package sse cuts a stream into events (Server-Sent Events, WHATWG HTML §9.2).
// Its Reader does not own the bytes: it reads each chunk, reports where events
// end, and of an event that continues in the next chunk keeps only what is needed
// to judge it.
package sse

import (
	"strings"
	"unsafe"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/swar"
)

// MaxEvent is the size from which an event is passed on in pieces instead of
// being buffered whole: 16 MiB.
const MaxEvent = 16 << 20

// Event is one event of a stream.
type Event struct {
	// Type is the event field, "" if there was none (which means "message").
	Type string
	// Data is the data fields, joined by line feeds.
	Data string
	// ID is the id field. HasID distinguishes an empty one from none.
	ID    string
	HasID bool
	// Bare is set if Data is not a data field by the specification, but a line of
	// JSON without a field name, or a field "error" with JSON in it. Gateways and
	// servers that fail in mid-stream write errors this way.
	Bare bool
	// Lines counts the data lines. Without one the event is not dispatched.
	Lines int
	// Cut is set if Data is shortened, and Oversize if it is shortened so much that
	// it breaks off and cannot be judged.
	Cut, Oversize bool
	// CutAt is where in Data text is missing if only one string was shortened, and
	// -1 if more than that is missing.
	CutAt int
	// Hash is a hash of the type and of all the data, even where Data is shortened.
	Hash uint64
	// Bytes is the event's place in the stream, its blank line included; the others
	// are the places of its fields' values. Data of several lines reaches from the
	// start of the first value to the end of the last one.
	Bytes, TypeAt, DataAt, IDAt Span

	// Known is set if the event matches the shape of an earlier one. Facts is then
	// what was learnt with that shape, and the others are the event's own values at
	// the marked places.
	Known           bool
	Facts           uint32
	Text, Reasoning jsonscan.Value
	Counter         jsonscan.Value
}

// Empty reports whether the event has no data: a comment, a lone id. Such an event
// is not dispatched, but its bytes count.
func (e *Event) Empty() bool { return e.Data == "" && !e.Oversize }

// Span is a part of the stream: the offsets of its first byte and of the byte
// after its last.
type Span struct{ From, To int64 }

// DataOf returns the event's data unshortened. raw is the event's bytes, which the
// caller has kept.
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

// View returns b as a string without copying. It is valid until b changes.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
