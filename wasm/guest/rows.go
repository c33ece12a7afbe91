package main

import (
	"unsafe"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// row is the places of an event and its fields, as numbers for the host: ABI.md,
// "Events for a consumer".
type row [13]int32

var (
	// rows are the events that the last call reported.
	rows [maxEvents]row
	// noted is how many events a session has found; it may exceed len(rows).
	noted int32
)

// note writes down an event that a session found.
func note(e *sse.Event, from int64) {
	if noted < maxEvents {
		text, reasoning, ok := protocol.Hear(e)
		if !rows[noted].write(e, from, text, reasoning, ok) {
			return
		}
	}
	noted++
}

// write fills r with the places of e, counted from base, and reports whether e is an
// event for a consumer. found is false if text and reasoning were not found.
func (r *row) write(e *sse.Event, base int64, text, reasoning jsonscan.Value, found bool) bool {
	if e.Lines == 0 && !e.HasID || e.Bare {
		return false
	}
	r[0], r[1] = int32(e.Lines), int32(e.Bytes.To-base)
	r.place(2, e.TypeAt, base)
	r.place(4, e.DataAt, base)
	r.place(6, e.IDAt, base)
	r.place(8, inside(e, text), base)
	r.place(10, inside(e, reasoning), base)
	r[12] = 0
	unsure := e.CutAt < 0 && (text != "" || reasoning != "" || len(e.Data) >= sse.MaxKept/2)
	if !found || unsure || e.Lines > 1 {
		r[12] = 1
	}
	return true
}

func (r *row) place(column int, at sse.Span, base int64) {
	if at.To == 0 {
		r[column], r[column+1] = 1, 0 // nowhere
	} else {
		r[column], r[column+1] = int32(at.From-base), int32(at.To-base)
	}
}

// inside returns the place between the quotes of v, a JSON string in the event's data.
func inside(e *sse.Event, v jsonscan.Value) (at sse.Span) {
	if v == "" {
		return at
	}
	from := jsonscan.Place(v, e.Data) + 1
	to := from + len(v) - 2
	missing := int(e.DataAt.To-e.DataAt.From) - len(e.Data)
	if e.CutAt < from {
		from += missing
	}
	if e.CutAt <= to {
		to += missing
	}
	return sse.Span{From: e.DataAt.From + int64(from), To: e.DataAt.From + int64(to)}
}

// sessionEvents returns how many events are in the bytes that the last
// session_chunk released, or -1 if a reader has to find them.
//
//go:wasmexport session_events
func sessionEvents(h int32) int32 {
	if slot := find(h); slot != nil && slot.session.Listened() && noted <= maxEvents {
		return noted
	}
	return -1
}

// eventsAt returns the address of the rows that reader_events or session_events
// counted.
//
//go:wasmexport events
func eventsAt() unsafe.Pointer { return unsafe.Pointer(&rows) }
