package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// maxBody is how much of an error body, or of a document, is looked at, and
// how much is held of an answer that does not say what it is.
const maxBody = 64 << 10

// body is a copy of the beginning of what is held.
func (s *Session) body() string {
	return string(s.head)
}

// sniff tells by its beginning what a body is: events, a document, or
// something else, whatever its label.
func (s *Session) sniff() {
	head := trim(sse.View(s.head))
	switch {
	case head == "":
		if len(s.head) >= maxBody {
			s.due = (*Session).untouched
		}
		return
	case head[0] == '{' || head[0] == '[' || head[0] == '<':
		s.mode = modeDoc
		return
	}
	switch isField(head, len(s.head) >= maxBody, s.watch == watched) {
	case yes:
		s.mode = modeSSE
	case no:
		s.due = (*Session).untouched
	}
}

// answerTo is yes, no, or that more must be seen.
type answerTo uint8

const (
	unclear answerTo = iota
	yes
	no
)

// isField reports whether text begins with a line of Server-Sent Events: a
// comment, or a field that has a meaning. llama.cpp writes its errors into
// a field of that name.
func isField(text string, final, errors bool) answerTo {
	end, cut := len(text), true
	for i := 0; i < len(text); i++ {
		if c := text[i]; c == ':' || c == '\n' || c == '\r' {
			end, cut = i, false
			break
		}
	}
	name := text[:end]
	for _, field := range [...]string{"", "data", "event", "id", "retry", "error"} {
		switch {
		case field == "error" && !errors:
		case !cut && name == field:
			return yes
		case cut && !final && len(name) < len(field)+1 && field[:min(len(name), len(field))] == name:
			return unclear
		}
	}
	return no
}

// untouched lets an answer go on as it came, from its first byte on.
func (s *Session) untouched() *Answer {
	if s.mode == modeSSE && s.canReset && !s.delivered {
		// stream() wants the events, whatever they say.
		s.watch = plain
		return nil
	}
	if !s.keeps() {
		s.all()
	}
	return s.pass()
}

// document judges a body that is one document where a stream could have been:
// an error in disguise, or an answer that was simply not streamed. It is held
// until it can be no error. nil is that more must be seen.
func (s *Session) document(final bool) *Answer {
	final = final || len(s.head) >= maxBody
	text := trim(sse.View(s.head))
	if text != "" && text[0] == '<' {
		switch {
		case s.watch != watched:
			return s.untouched()
		case final:
			return s.errorStatus()
		}
		return nil
	}
	whole := jsonscan.Parse(text)
	final = final || whole != ""
	switch s.errorDocument(text, whole) {
	case yes:
		if final {
			return s.errorStatus()
		}
		return nil
	case no:
		return s.untouched()
	}
	if !final {
		return nil
	}
	// It has a message for a person, and nothing of an answer. Only words that
	// the classifier knows make it an error.
	f := s.failure(classify.PhaseResponse)
	f.Body = text
	if s.watch == watched && text != "" && judge(f).Kind != classify.Unknown {
		return s.errorStatus()
	}
	return s.untouched()
}

func (s *Session) documentSoFar() *Answer { return s.document(false) }

// errorDocument reports whether a JSON document reports an error, from the
// members that have come. whole is missing until all of it has.
func (s *Session) errorDocument(text string, whole jsonscan.Value) answerTo {
	v := whole
	if v == "" {
		v = jsonscan.ParsePrefix(text)
	}
	if v.Kind() == jsonscan.Array {
		first := v.First()
		if first == "" {
			first = jsonscan.ParsePrefix(text[1:])
		}
		v = first
	}
	if s.watch == undecided {
		return undecidedDocument(v, whole)
	}
	it := v.Iter()
	for it.Next() {
		m := it.Value
		switch it.Key.Str() {
		case "error":
			if !m.Empty() && m != "false" {
				return yes
			}
		case "type", "object":
			if m.Is("error") {
				return yes
			}
		case "success":
			if m == "false" {
				return yes
			}
		case "code", "status":
			if n, ok := m.Int(); ok && n >= 400 {
				return yes
			}
		case "message", "detail", "errors", "title":
			if m.Kind() == jsonscan.Object {
				return no
			}
		default:
			return no // a member of an answer
		}
	}
	return unclear
}

// undecidedDocument judges a document that came where nobody knows what
// should: only a provider's own form of an error counts.
func undecidedDocument(v, whole jsonscan.Value) answerTo {
	it := v.Iter()
	for it.Next() {
		switch it.Key.Str() {
		case "error":
			if it.Value.Kind() != jsonscan.Object {
				return no
			}
		default:
			if !protocol.BesideError(it.Key) {
				return no
			}
		}
	}
	switch {
	case whole == "":
		return unclear
	case protocol.IsError("", string(v)):
		return yes
	}
	return no
}

// trim is s from its first byte that is no white space and no byte order mark.
func trim(s string) string {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ' ', '\t', '\r', '\n', 0xEF, 0xBB, 0xBF:
		default:
			return s[i:]
		}
	}
	return ""
}
