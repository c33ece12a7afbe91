// Package protocol reads the state of a streamed answer from its events: whether
// output has started, and whether the provider reports that it failed or that it
// is complete. Each protocol has its own file. The package does no I/O, and its
// memory is bounded.
package protocol

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// Protocol is how one kind of stream is read. Each has its own file and a line
// in protocols. A nil *Protocol is an unknown one.
type Protocol struct {
	// Name is the value of the option that names the protocol.
	Name string
	// asked reports whether a request, judged by its address, asks for a stream of this protocol.
	asked func(a *Address) bool
	// suits reports whether an event can belong to a stream of this protocol.
	suits func(v jsonscan.Value, typ string) bool
	// begins reports whether an event can only be the first one of a stream of
	// this protocol.
	begins func(v jsonscan.Value, typ string) bool
	// read returns the facts of an event.
	read func(t *Tracker, v jsonscan.Value, typ string) Facts
	// said adds all text and reasoning of an event, or of a whole answer in one
	// document, and reports whether it belongs to this protocol.
	said func(s *Said, v jsonscan.Value, typ string) bool
	// members lists what may vary in an output event without changing its facts.
	members []member
	// Turns is the member of a request's body that contains the turns so far, "" if
	// a text cannot be continued.
	Turns string
	// Turn returns what to append after the last turn, without a leading comma, so
	// that the model continues a partial answer.
	Turn func(partial []byte) string
}

// protocols are those that can be detected by their events, in the order in which
// they are tried.
var protocols = [...]*Protocol{
	Anthropic,
	OpenAIResponses,
	Cohere,
	AISDK,
	OpenAIChat,
	Gemini,
}

// Values of the protocol option that are not protocols.
var (
	// SSE is Server-Sent Events of no known form: the end of the body ends it.
	SSE = &Protocol{Name: "sse"}
	// None is a body that is not inspected.
	None = &Protocol{Name: "none"}
)

// Address is the part of a request that shows which stream it asks for.
type Address struct {
	Get       bool   // the method is GET; otherwise it is POST
	Path      string // without the query and without a trailing slash
	Stream    bool   // a POST's body, or a GET's query, asks for a stream
	MaxTokens bool   // the body has the member max_tokens
	Version   bool   // there is an anthropic-version header
}

// Promised returns the protocol that a request's address promises, nil for none.
func Promised(a *Address) *Protocol {
	for _, p := range protocols {
		if p.asked != nil && p.asked(a) {
			return p
		}
	}
	return nil
}

// OnlyStreams reports whether path, without query and trailing slash, names a
// method that always streams its answer.
func OnlyStreams(path string) bool {
	return strings.HasSuffix(path, streamGenerateContent) || strings.HasSuffix(path, streamRawPredict)
}

// Facts is what one event means, as a set of flags.
type Facts uint32

const (
	// Output is text, reasoning, a tool call or an image: something that a person
	// or a program sees.
	Output Facts = 1 << iota
	// KeepAlive is an event that only shows that the connection is alive.
	KeepAlive
	// Failed is an error in the stream.
	Failed
	// Finished means that the answer is complete, though usage or a marker may
	// follow. Output after it takes it back.
	Finished
	// Ended is the end marker: nothing more of this answer follows.
	Ended
	// Refused means that the provider withheld the answer, by policy or by the model's refusal.
	Refused
	// Limited is a finish at a length limit. The answer may be empty.
	Limited
	// Opaque is output other than text and reasoning, such as a tool call, that a
	// text cannot continue.
	Opaque
	// ToolCall is a tool call that is complete: a program may act on it now.
	ToolCall
	// Broken is a finish reason that means that the provider failed.
	Broken
	// Reasoned is a finish reason or stop reason, even one that output took back.
	Reasoned
	// Unreadable is an event that the protocol cannot have sent: its JSON is
	// broken, or it begins a second answer inside one that is open.
	Unreadable
	// Unfinished is an end marker without the final event that the protocol requires.
	Unfinished
)

// Names returns the values of the option that names a protocol, separated by spaces.
func Names() string {
	names := ""
	for _, p := range protocols {
		names += p.Name + " "
	}
	return names + SSE.Name + " " + None.Name
}

// ByName returns the protocol that an option names, nil if it is not one of Names.
func ByName(name string) *Protocol {
	switch name {
	case SSE.Name:
		return SSE
	case None.Name:
		return None
	}
	for _, p := range protocols {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// detect returns the protocol that an event suits, nil for none.
func detect(v jsonscan.Value, typ string) *Protocol {
	for _, p := range protocols {
		if p.suits(v, typ) {
			return p
		}
	}
	return nil
}

// Begun returns the protocol of a stream that may be anything, judged by its
// first event: only a protocol's full form counts.
func Begun(data string) *Protocol {
	v := jsonscan.Parse(data)
	typ := v.Text("type")
	for _, p := range protocols {
		if p.begins(v, typ) {
			return p
		}
	}
	return nil
}

// IsError reports whether the first event of a stream that may be anything is a
// provider's error: by its type, or by an object "error" with a message, type or
// code, and only members beside it that an error document can have.
func IsError(typ, data string) bool {
	if typ == "error" {
		return true
	}
	known := false
	it := jsonscan.Parse(data).Iter()
	for it.Next() {
		switch it.Key.Str() {
		case "error":
			e := it.Value
			known = e.Kind() == jsonscan.Object && (e.Has("message") || e.Has("type") || e.Has("code"))
		case "choices":
			if !it.Value.Empty() {
				return false
			}
		default:
			if !BesideError(it.Key) {
				return false
			}
		}
	}
	return known
}

// BesideError reports whether an error document may have a member of this name
// beside its error.
func BesideError(key jsonscan.Value) bool {
	return jsonscan.Listed("type code status id request_id object", key.Str())
}

// IsKeepAlive reports whether an event only shows that the connection is alive,
// judged by the event's type or by the type in its data.
func IsKeepAlive(typ, data string) bool {
	return isPing(typ) || isPing(data) || len(data) < 256 && isPing(jsonscan.Parse(data).Text("type"))
}

func isPing(name string) bool {
	return ascii.ListedFold("ping keepalive keep-alive keep_alive heartbeat", name)
}
