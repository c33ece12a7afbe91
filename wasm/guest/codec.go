package main

import (
	"time"
	"unsafe"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// maxDepth bounds how deep shapes nest: a chain of causes can be endless, and
// what is deeper says nothing new.
const maxDepth = 10

// read fills the struct at p from a JSON object. Members that the shape does
// not know, and those of another type, are passed over.
func read(v jsonscan.Value, p unsafe.Pointer, s shape, depth int) (err error) {
	it := v.Iter()
	for it.Next() && err == nil {
		m := it.Value
		for i := range s {
			f := &s[i]
			if !it.Key.Is(f.name) {
				continue
			}
			at := unsafe.Add(p, f.at)
			n, _ := m.Int()
			switch f.kind {
			case text, texts:
				*(*string)(at) = m.Str()
			case flag, flags:
				*(*bool)(at) = m.True()
			case number, numbers:
				if n == int64(int32(n)) {
					*(*int)(at) = int(n)
				}
			case long, longs:
				*(*int64)(at) = n
			case moment:
				ms, _ := readTime(m.Str())
				*(*time.Time)(at) = time.UnixMilli(ms)
			case header:
				*(*classify.Headers)(at) = readHeaders(m)
			case policy:
				err = (*retry.Policy)(at).UnmarshalJSON([]byte(m))
			case inline:
				err = read(m, at, shapes[0], depth+1)
			default:
				if m.Kind() != jsonscan.Object || depth == maxDepth {
					break
				}
				var to unsafe.Pointer
				switch f.kind {
				case toEvent:
					to = unsafe.Pointer(&classify.Event{})
				case toError:
					to = unsafe.Pointer(&classify.ErrorInfo{})
				case toFailure:
					to = unsafe.Pointer(&classify.Failure{})
				case toRetry:
					to = unsafe.Pointer(&retry.ChatStreamRetry{})
				case toSnapshot:
					to = unsafe.Pointer(&session.Snapshot{})
				default:
					continue // what only goes out
				}
				*(*unsafe.Pointer)(at) = to
				err = read(m, to, shapes[f.kind-inline], depth+1)
			}
		}
	}
	return err
}

// The result is written to output.

func put(c byte) { output = append(output, c) }

func puts(s string) { output = append(output, s...) }

func integer(n int64) { output = jsonscan.AppendInt(output, n) }

func quote(s string) { output = jsonscan.AppendString(output, s) }

func key(name string) {
	if output[len(output)-1] != '{' {
		put(',')
	}
	quote(name)
	put(':')
}

// write appends the struct at p as a JSON object.
func write(p unsafe.Pointer, s shape) {
	put('{')
	for i := range s {
		f := &s[i]
		at := unsafe.Add(p, f.at)
		n := int64(0)
		switch f.kind {
		case text, texts:
			if t := *(*string)(at); t != "" || f.kind == texts {
				key(f.name)
				quote(t)
			}
		case flag, flags:
			if b := *(*bool)(at); b || f.kind == flags {
				key(f.name)
				if b {
					puts("true")
				} else {
					puts("false")
				}
			}
		case number, numbers, long, longs:
			if f.kind <= numbers {
				n = int64(*(*int)(at))
			} else {
				n = *(*int64)(at)
			}
			if n != 0 || f.kind == numbers || f.kind == longs {
				key(f.name)
				integer(n)
			}
		case moment:
			key(f.name)
			put('"')
			writeTime((*time.Time)(at).UnixMilli())
			put('"')
		default:
			to := *(*unsafe.Pointer)(at)
			if to == nil {
				break
			}
			key(f.name)
			if f.kind == maybe {
				integer(*(*int64)(to))
			} else {
				write(to, shapes[f.kind-inline])
			}
		}
	}
	put('}')
}
