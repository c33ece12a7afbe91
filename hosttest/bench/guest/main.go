// Command guest measures, inside a module, what an event costs there: run it
// with hosttest/bench/guest.mjs.
package main

import (
	"unsafe"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/sse"
)

func main() {}

var (
	input  = make([]byte, 1<<20)
	reader sse.Reader
	event  sse.Event
)

//go:wasmexport buffer
func buffer() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(input)) }

//go:wasmexport reset
func reset() { reader.Reset() }

// feed reads n bytes and gives the number of events; in full if sight is 0.
//
//go:wasmexport feed
func feed(n, sight int32) int32 {
	reader.Feed(input[:n])
	events := int32(0)
	for reader.Next(&event) {
		events++
		if sight != 2 && !event.Known {
			read(&event, sight == 1)
		}
	}
	return events
}

// read reads an OpenAI chat event.
func read(e *sse.Event, learn bool) {
	var text jsonscan.Value
	facts := uint32(0)
	marks := jsonscan.Marks{}
	c := jsonscan.NewCursor(e.Data)
	c.Marks = &marks
	if c.Enter('{') {
		for c.Member() {
			switch c.Key {
			case "choices":
				if !c.Enter('[') {
					continue
				}
				for c.Element() {
					if !c.Enter('{') {
						continue
					}
					for c.Member() {
						switch c.Key {
						case "delta":
							if !c.Enter('{') {
								continue
							}
							for c.Member() {
								switch c.Key {
								case "content":
									text = c.Text()
									facts |= 1
								case "role", "reasoning", "reasoning_content":
									c.Value()
									facts |= 2
								default:
									c.Value()
								}
							}
						case "finish_reason", "index":
							c.Value()
						default:
							c.Skip()
						}
					}
				}
			case "error", "object", "type":
				c.Value()
			default:
				c.Skip()
			}
		}
	}
	if learn && c.End() {
		reader.Learn(e, &marks, facts, text, "")
	}
}
