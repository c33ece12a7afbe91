package wire

import (
	"time"
	"unsafe"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/retry/session"
)

// Writer appends values to Text, as JSON.
type Writer struct{ Text []byte }

// Verdict, Answer, Snapshot, Shared, About and Ending append an object.
func (w *Writer) Verdict(v *classify.Verdict) { w.object(unsafe.Pointer(v), toVerdict) }

func (w *Writer) Answer(a *session.Answer) { w.object(unsafe.Pointer(a), toAnswer) }

func (w *Writer) Snapshot(s *session.Snapshot) { w.object(unsafe.Pointer(s), toSnapshot) }

func (w *Writer) Shared(s *session.Shared) { w.object(unsafe.Pointer(s), toShared) }

func (w *Writer) About(a *session.About)    { w.object(unsafe.Pointer(a), toAbout) }
func (w *Writer) Ending(e *protocol.Ending) { w.object(unsafe.Pointer(e), toEnding) }

// Said appends the text and the reasoning of an event.
func (w *Writer) Said(s *protocol.Said) {
	w.object(unsafe.Pointer(&said{Text: s.Text.String(), Reasoning: s.Reasoning.String()}), toSaid)
}

// Trail appends a verdict and the steps that led to it.
func (w *Writer) Trail(trail *classify.Trail) {
	w.put(`{"verdict":`)
	w.Verdict(&trail.Verdict)
	before := `,"steps":[`
	for i := range trail.Steps {
		w.put(before)
		w.object(unsafe.Pointer(&trail.Steps[i]), toStep)
		before = ","
	}
	if len(trail.Steps) > 0 {
		w.put("]")
	}
	w.put("}")
}

// Refusal appends an object with the reason why an input was rejected.
func (w *Writer) Refusal(why string) {
	w.put(`{"error":`)
	w.quote(why)
	w.put("}")
}

func (w *Writer) put(s string)    { w.Text = append(w.Text, s...) }
func (w *Writer) quote(s string)  { w.Text = jsonscan.AppendString(w.Text, s) }
func (w *Writer) integer(n int64) { w.Text = jsonscan.AppendInt(w.Text, n) }

// object appends the struct at p, which is of kind k.
func (w *Writer) object(p unsafe.Pointer, k kind) {
	s := shapes[k]
	before := "{"
	for i := range s {
		f := &s[i]
		start := len(w.Text)
		w.put(before)
		w.quote(f.name)
		w.put(":")
		value := len(w.Text)
		if w.value(unsafe.Add(p, f.at), f); len(w.Text) == value {
			w.Text = w.Text[:start] // left out
		} else {
			before = ","
		}
	}
	if before == "{" {
		w.put(before)
	}
	w.put("}")
}

// value appends the value at p, or nothing if the field is left out.
func (w *Writer) value(p unsafe.Pointer, f *field) {
	n := int64(0)
	switch f.kind {
	case text:
		if s := *(*string)(p); s != "" || f.always {
			w.quote(s)
		}
		return
	case flag:
		if *(*bool)(p) {
			w.put("true")
		} else if f.always {
			w.put("false")
		}
		return
	case numbers:
		before := "["
		for _, n := range *(*[]int)(p) {
			w.put(before)
			w.integer(int64(n))
			before = ","
		}
		if before == "," {
			w.put("]")
		}
		return
	case moment:
		w.time((*time.Time)(p).UnixMilli())
		return
	case number:
		n = int64(*(*int)(p))
	case long:
		n = *(*int64)(p)
	default:
		to := *(*unsafe.Pointer)(p)
		switch {
		case to == nil:
		case f.kind == maybe:
			w.integer(*(*int64)(to))
		default:
			w.object(to, f.kind)
		}
		return
	}
	if n != 0 || f.always {
		w.integer(n)
	}
}
