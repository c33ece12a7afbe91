package main

import (
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

// tell writes the event at hand into a row, and says whether it is one for the consumer.
func (r *consumer) tell(row *row) bool {
	text, reasoning, told := r.listener.Hear(&r.reader, &r.event)
	return row.write(&r.event, r.fed, text, reasoning, told)
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
