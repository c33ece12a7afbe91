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
func read(v jsonscan.Value, p unsafe.Pointer, s shape, depth int) (reason string) {
	it := v.Iter()
	for it.Next() {
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
				reason = readPolicy(m, (*retry.Policy)(at))
			case inline:
				reason = read(m, at, shapes[0], depth+1)
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
				read(m, to, shapes[f.kind-inline], depth+1)
			}
		}
	}
	return reason
}

// readPolicy takes a policy from the wire, where 0 is off and absent is the
// default; inside, 0 is the default and off is negative.
func readPolicy(v jsonscan.Value, p *retry.Policy) (reason string) {
	it := v.Iter()
	for it.Next() {
		m := it.Value
		if m.Kind() == jsonscan.Null {
			continue
		}
		if at := it.Key.In(retry.PolicyNumbers); at >= 0 {
			n, ok := m.Int()
			if m.Kind() != jsonscan.Number || !ok || n < 0 {
				return it.Key.Str() + " must be a number of at least 0"
			}
			if n == 0 {
				n = -1
			}
			p.Numbers()[at] = n
		} else if at := it.Key.In(retry.PolicyStrings); at >= 0 {
			p.Strings()[at] = m.Str()
		} else if at := it.Key.In(retry.PolicyBools); at >= 0 {
			p.Bools()[at] = m.True()
		} else {
			return "there is no option " + it.Key.Str()
		}
	}
	return ""
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

func writePolicy(p *retry.Policy) {
	put('{')
	for i, n := range p.Numbers() {
		key(word(retry.PolicyNumbers, i))
		integer(max(n, 0)) // off is 0 on the wire
	}
	for i, s := range p.Strings() {
		if s != "" {
			key(word(retry.PolicyStrings, i))
			quote(s)
		}
	}
	for i, b := range p.Bools() {
		if b {
			key(word(retry.PolicyBools, i))
			puts("true")
		}
	}
	put('}')
}

// word is number i of a list of words with single spaces between.
func word(list string, i int) string {
	start := 0
	for at := 0; ; at++ {
		if at == len(list) || list[at] == ' ' {
			if i == 0 {
				return list[start:at]
			}
			i--
			start = at + 1
		}
	}
}
