package main

import (
	"unsafe"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// consumer reads the stream that a consumer gets, for hosts that give events.
type consumer struct {
	reader   sse.Reader
	listener protocol.Listener
	event    sse.Event
	fed      int64 // of the stream, before the last bytes
}

// columns is how many numbers there are for each event.
const columns = 13

// rows are the events that readerEvents tells of.
var rows [maxEvents][columns]int32

const (
	// maxEvents is how many events are told of at a time.
	maxEvents = 1024
	// maxStreamed is the size of the largest event that a consumer is told of.
	maxStreamed = 128 << 20
)

//go:wasmexport reader_new
func readerNew() int32 {
	slot := occupy()
	if slot == nil {
		return 0
	}
	slot.reader = &consumer{}
	return slot.handle
}

//go:wasmexport reader_free
func readerFree(h int32) {
	if readerOf(h) != nil {
		vacate(h)
	}
}

func readerOf(h int32) *consumer {
	if s := slotOf(h); s != nil {
		return s.reader
	}
	return nil
}

// readerFeed takes the next n bytes of the stream from the buffer. It is 0 if
// an event is too large to be given.
//
//go:wasmexport reader_feed
func readerFeed(h, n int32) int32 {
	r := readerOf(h)
	if r == nil || n < 0 || int(n) > len(input) || n > maxChunk {
		return 0
	}
	r.fed = r.reader.Pos()
	if r.fed-r.reader.Whole() > maxStreamed {
		return 0
	}
	r.reader.Feed(input[:n])
	return 1
}

// readerEvents tells of the next events that end in the bytes that were fed,
// and gives their number: less than maxEvents if those were all. With end, the
// stream has ended, and a last event without its blank line counts.
//
//go:wasmexport reader_events
func readerEvents(h, end int32) int32 {
	r := readerOf(h)
	if r == nil {
		return 0
	}
	n := int32(0)
	for n < maxEvents && r.reader.Next(&r.event) {
		if r.tell(&rows[n]) {
			n++
		}
	}
	if end != 0 && n < maxEvents {
		if _, rest := r.reader.Last(&r.event); rest && r.tell(&rows[n]) {
			n++
		}
	}
	return n
}

// tell writes the event at hand into a row of the table, and says whether it is one for the consumer.
func (r *consumer) tell(row *[columns]int32) bool {
	e := &r.event
	text, reasoning, told := r.listener.Hear(&r.reader, e)
	if e.Lines == 0 && !e.HasID || e.Bare {
		return false
	}
	row[0], row[1] = int32(e.Lines), int32(e.Bytes.To-r.fed)
	row[2], row[3] = r.place(e.TypeAt)
	row[4], row[5] = r.place(e.DataAt)
	row[6], row[7] = r.place(e.IDAt)
	row[8], row[9] = r.inside(text)
	row[10], row[11] = r.inside(reasoning)
	row[12] = 0
	if !told {
		row[12] = 1
	}
	return true
}

// place is where something stands in the bytes that were fed.
func (r *consumer) place(at sse.Span) (from, to int32) {
	if at.To == 0 {
		return 1, 0 // nowhere
	}
	return int32(at.From - r.fed), int32(at.To - r.fed)
}

// inside is where the inside of a JSON string stands that is a part of the event's data.
func (r *consumer) inside(v jsonscan.Value) (from, to int32) {
	if v == "" {
		return 1, 0
	}
	from = int32(r.event.DataAt.From-r.fed) + 1 + int32(jsonscan.Place(v, r.event.Data))
	return from, from + int32(len(v)) - 2
}

// readerRest is how many of the bytes that were fed, from the last one back,
// belong to an event that has not ended.
//
//go:wasmexport reader_rest
func readerRest(h int32) int32 {
	r := readerOf(h)
	if r == nil {
		return 0
	}
	return int32(r.reader.Pos() - r.reader.Whole())
}

// events is where the table lies that reader_events has filled.
//
//go:wasmexport events
func eventsAt() unsafe.Pointer { return unsafe.Pointer(&rows) }
