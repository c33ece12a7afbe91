package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// maxBody is how much of an error body or a document is read, and how much is held
// of an answer whose kind is not known yet, in bytes.
const maxBody = 64 << 10

// body returns a copy of the beginning of the body.
func (s *Session) body() string { return string(s.head) }

// sniff decides by a body's first bytes whether it is events, a document or
// something else, whatever its content type says.
func (s *Session) sniff() {
	head := trim(sse.View(s.head))
	switch {
	case head == "":
		if len(s.head) >= maxBody {
			s.due = (*Session).passUntouched
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
		s.due = (*Session).passUntouched
	}
}

// answerTo is the answer to a question about a body: yes, no, or unclear until more
// of it arrives.
type answerTo uint8

const (
	unclear answerTo = iota
	yes
	no
)

// isField reports whether text begins with a line of Server-Sent Events: a
// comment or a known field. final says that the line will not grow. errors also
// allows a field "error", in which llama.cpp reports its errors.
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

// passUntouched passes an answer on unchanged, from its first byte.
func (s *Session) passUntouched() *Answer {
	if s.mode == modeSSE && s.canReset && !s.delivered {
		// stream() wants the events, whatever they say.
		s.watch = plain
		return nil
	}
	if !s.keepsOutput() {
		s.markAllReady()
	}
	return s.pass()
}

// document judges a body that is one document although a stream was possible: an
// error with a good status, or an answer that was simply not streamed. It is held
// until it cannot be an error. The result is nil if more of it is needed.
func (s *Session) document(final bool) *Answer {
	final = final || len(s.head) >= maxBody
	text := trim(sse.View(s.head))
	if text != "" && text[0] == '<' {
		switch {
		case s.watch != watched:
			return s.passUntouched()
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
		return s.passUntouched()
	}
	if !final {
		return nil
	}
	// It has a message for a person, and no part of an answer. It is an error only
	// if the classifier knows the text.
	f := s.failure(classify.PhaseResponse)
	f.Body = text
	if s.watch == watched && text != "" && judge(f).Kind != classify.Unknown {
		return s.errorStatus()
	}
	return s.passUntouched()
}

func (s *Session) documentSoFar() *Answer { return s.document(false) }

// errorDocument reports whether a JSON document is an error, judged by the members
// received so far. whole is empty until the document is complete.
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
		case "code", "status", "status_code", "statusCode", "error_code":
			if n, ok := m.Int(); ok && n >= 400 {
				return yes
			}
		case "message", "detail", "errors", "title":
			if m.Kind() == jsonscan.Object {
				return no
			}
		default:
			return no // this is a member of an answer
		}
	}
	return unclear
}

// undecidedDocument judges a document from an address that may answer anything:
// only a provider's own form of an error counts.
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

// trim returns s without leading white space and byte order mark.
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
