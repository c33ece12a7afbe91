package main

import (
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// consumer reads the stream that a consumer gets, for hosts that deliver events.
type consumer struct {
	reader   sse.Reader
	listener protocol.Listener
	event    sse.Event
	fed      int64 // the stream offset at which the last feed began
}

const (
	// maxEvents is how many events are reported at a time.
	maxEvents = 1024
	// maxStreamed is the size of the largest event that is reported to a consumer.
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

// readerFeed reads the next n bytes of the stream from the buffer. It returns 0 if
// an event is too large to be reported.
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

// readerEvents reports the next events that end in the bytes that were fed, and
// returns their number: less than maxEvents if those were all. If end is not 0, the
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
		if r.report(&rows[n]) {
			n++
		}
	}
	if end != 0 && n < maxEvents {
		if _, rest := r.reader.Last(&r.event); rest && r.report(&rows[n]) {
			n++
		}
	}
	return n
}

// report writes the current event into a row, and reports whether it is one for the consumer.
func (r *consumer) report(row *row) bool {
	text, reasoning, ok := r.listener.Hear(&r.reader, &r.event)
	return row.write(&r.event, r.fed, text, reasoning, ok)
}

// readerRest returns how many of the last bytes that were fed belong to an event
// that has not ended.
//
//go:wasmexport reader_rest
func readerRest(h int32) int32 {
	r := readerOf(h)
	if r == nil {
		return 0
	}
	return int32(r.reader.Pos() - r.reader.Whole())
}
