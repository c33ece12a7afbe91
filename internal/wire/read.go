package wire

import (
	"errors"
	"time"
	"unsafe"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// maxDepth bounds how deep shapes nest: a chain of causes can be endless, and
// deeper ones add nothing.
const maxDepth = 10

// NotAnObject is the error text for an input that is not a JSON object.
const NotAnObject = "the input is not a JSON object, or longer than the buffer"

// ReadFailure, ReadEvent, ReadConfig, ReadHappened and ReadShared fill a struct from a
// JSON object. Unknown members, and members of another type, are ignored, except in a
// policy, where they are an error. The strings that were read may be views of text.
func ReadFailure(text string, f *classify.Failure) error {
	return readObject(text, unsafe.Pointer(f), toFailure)
}

func ReadEvent(text string, e *classify.Event) error {
	return readObject(text, unsafe.Pointer(e), toEvent)
}

func ReadConfig(text string, c *session.Config) error {
	return readObject(text, unsafe.Pointer(c), toConfig)
}

func ReadHappened(text string, h *session.Happened) error {
	return readObject(text, unsafe.Pointer(h), toHappened)
}

func ReadShared(text string, s *session.Shared) error {
	return readObject(text, unsafe.Pointer(s), toShared)
}

func readObject(text string, p unsafe.Pointer, k kind) error {
	v := jsonscan.Parse(text)
	if v.Kind() != jsonscan.Object {
		return errors.New(NotAnObject)
	}
	return read(v, p, k, 0)
}

// read fills the struct at p.
func read(v jsonscan.Value, p unsafe.Pointer, k kind, depth int) (err error) {
	s := shapes[k]
	it := v.Iter()
	for it.Next() && err == nil {
		for i := range s {
			if f := &s[i]; it.Key.Is(f.name) {
				err = f.read(it.Value, unsafe.Add(p, f.at), depth)
			}
		}
	}
	return err
}

func (f *field) read(v jsonscan.Value, at unsafe.Pointer, depth int) error {
	switch f.kind {
	case text:
		*(*string)(at) = v.Str()
	case flag:
		*(*bool)(at) = v.True()
	case number:
		if n, _ := v.Int(); n == int64(int32(n)) {
			*(*int)(at) = int(n)
		}
	case long:
		*(*int64)(at), _ = v.Int()
	case maybe:
		if n, ok := v.Int(); ok {
			*(**int64)(at) = &n
		}
	case moment:
		ms, _ := readTime(v.Str())
		*(*time.Time)(at) = time.UnixMilli(ms)
	case headers:
		*(*classify.Headers)(at) = readHeaders(v)
	case policy:
		return (*retry.Policy)(at).UnmarshalJSON([]byte(v))
	case inRequest:
		return read(v, at, inRequest, depth+1)
	default:
		if v.Kind() != jsonscan.Object || depth == maxDepth {
			break
		}
		if to := f.kind.make(); to != nil {
			*(*unsafe.Pointer)(at) = to
			return read(v, to, f.kind, depth+1)
		}
	}
	return nil
}

// make returns a new struct of kind k, nil if k is only ever written.
func (k kind) make() unsafe.Pointer {
	switch k {
	case toEvent:
		return unsafe.Pointer(&classify.Event{})
	case toError:
		return unsafe.Pointer(&classify.ErrorInfo{})
	case toFailure:
		return unsafe.Pointer(&classify.Failure{})
	case toRetry:
		return unsafe.Pointer(&retry.ChatStreamRetry{})
	case toSnapshot:
		return unsafe.Pointer(&session.Snapshot{})
	case toVerdict:
		return unsafe.Pointer(&classify.Verdict{})
	case toRequest:
		return unsafe.Pointer(&session.Request{})
	}
	return nil
}
