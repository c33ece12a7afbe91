// Package protocol reads what a streamed answer says about itself: whether
// output has started, and whether the provider says that it failed or that it
// is complete. Each protocol has a file of its own. It is pure and bounded.
package protocol

import "github.com/steadfetch/steadfetch/internal/jsonscan"

// Protocol is how one kind of stream is read. Each has a file of its own, and a
// line in protocols. The nil Protocol is one that is not known.
type Protocol struct {
	// Name is the value of the option that names the protocol.
	Name string
	// asked says whether a request asks for a stream of this protocol, by its address.
	asked func(a *Address) bool
	// suits says whether an event can belong to a stream of this protocol.
	suits func(v jsonscan.Value, typ string) bool
	// begins says whether an event can be nothing but the first one of a stream
	// of this protocol.
	begins func(v jsonscan.Value, typ string) bool
	// read says what an event means.
	read func(t *Tracker, v jsonscan.Value, typ string) Facts
	// said adds all text and reasoning of an event, or of a whole answer in one
	// document, and says whether it is of this protocol.
	said func(s *Said, v jsonscan.Value, typ string) bool
	// members says what may vary in an event of output without changing what it says.
	members []member
	// Turns is the member of a request's body that holds the turns so far, "" if
	// no text can be continued.
	Turns string
	// Turn is what is added behind the last turn so that the model goes on from a
	// partial answer, without a comma in front.
	Turn func(partial []byte) string
}

// protocols are those that are known by their events, in the order in which
// detection tries them.
var protocols = [...]*Protocol{
	Anthropic,
	OpenAIResponses,
	Cohere,
	AISDK,
	OpenAIChat,
	Gemini,
}

// Two that are no protocols, but can be named like one.
var (
	// SSE is Server-Sent Events of no known form: the end of the body ends it.
	SSE = &Protocol{Name: "sse"}
	// None is not to be looked into.
	None = &Protocol{Name: "none"}
)

// Address is what a request says of the stream that it asks for.
type Address struct {
	Get       bool   // the method; a POST otherwise
	Path      string // without the query and a slash at its end
	Stream    bool   // a POST's body, or a GET's query, asks for a stream
	MaxTokens bool   // the body has the member max_tokens
	Version   bool   // there is a header anthropic-version
}

// Promised is the protocol that a request's address promises, nil for none.
func Promised(a *Address) *Protocol {
	for _, p := range protocols {
		if p.asked != nil && p.asked(a) {
			return p
		}
	}
	return nil
}

// Facts is what one event says.
type Facts uint32

const (
	// Output is text, reasoning, a tool call or an image: something a person
	// or a program has now seen.
	Output Facts = 1 << iota
	// KeepAlive is an event that only says that the connection lives.
	KeepAlive
	// Failed is an error in the stream.
	Failed
	// Finished says that the answer is complete, though usage or a marker may
	// follow. Output that follows takes it back.
	Finished
	// Ended is the end marker: nothing more of this answer follows.
	Ended
	// Refused says that the provider withheld the answer, by policy or by the model's refusal.
	Refused
	// Limited is a finish because the answer grew too long. It may be empty.
	Limited
	// Opaque is output other than text and reasoning, such as a tool call, which
	// a text continuation cannot join.
	Opaque
	// ToolCall is a tool call that is complete: a program may act on it now.
	ToolCall
	// Broken is a finish reason that says that the provider failed.
	Broken
	// Reasoned is a finish reason or stop reason, believed or not.
	Reasoned
	// Unreadable is an event that the protocol cannot have sent: its JSON is
	// broken, or it begins a second answer inside one that is open.
	Unreadable
	// Unfinished is an end marker without the end that the protocol asks for.
	Unfinished
)

// Names are the values of the option that names a protocol.
func Names() string {
	names := ""
	for _, p := range protocols {
		names += p.Name + " "
	}
	return names + SSE.Name + " " + None.Name
}

// ByName is the protocol that an option names, nil for none of Names.
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

// detect tells the protocol by one event.
func detect(v jsonscan.Value, typ string) *Protocol {
	for _, p := range protocols {
		if p.suits(v, typ) {
			return p
		}
	}
	return nil
}

// Begun tells the protocol by the first event of a stream that may be anything:
// only a protocol's full form counts.
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

// IsError knows the first event of a stream that may be anything as an error of
// a provider: by its type, or by an object "error" that says what it is, with
// nothing beside it that an error does not have.
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

// BesideError says whether an error document may have a member of this name
// beside its error.
func BesideError(key jsonscan.Value) bool {
	return jsonscan.Listed("type code status id request_id object", key.Str())
}

// IsKeepAlive knows events that only say that the connection lives, by the
// type of the event or by the type that its data has.
func IsKeepAlive(typ, data string) bool {
	return isPing(typ) || isPing(data) || len(data) < 256 && isPing(jsonscan.Parse(data).Text("type"))
}

func isPing(name string) bool {
	return jsonscan.Listed("ping keepalive keep-alive keep_alive heartbeat", name)
}
