package protocol

import "github.com/steadfetch/steadfetch/internal/jsonscan"

// Ending is how an answer ended, where the provider tells.
type Ending struct {
	// Reason is empty where the provider does not tell.
	Reason EndingReason `json:"reason,omitempty"`
	// InputTokens and OutputTokens are what the provider counted, cached input
	// and reasoning among them.
	InputTokens  int64 `json:"input_tokens,omitempty"`
	OutputTokens int64 `json:"output_tokens,omitempty"`
}

// EndingReason is a value of Ending.Reason.
type EndingReason string

const (
	EndingStop          EndingReason = "stop"           // it is complete
	EndingLength        EndingReason = "length"         // it grew too long
	EndingToolCalls     EndingReason = "tool_calls"     // tools are to be called
	EndingContentFilter EndingReason = "content_filter" // the rest is withheld
	EndingError         EndingReason = "error"          // the provider failed
)

// Said is the plain text that one event of a stream, or a whole answer in one
// document, adds to the first answer.
type Said struct{ Text, Reasoning Words }

// Words is text that is collected from the JSON strings it came in.
type Words struct {
	one  jsonscan.Value // nearly always there is but one
	text []byte
}

// String is the text.
func (w *Words) String() string {
	if w.one != "" {
		return w.one.Str()
	}
	return string(w.text)
}

// Alone is the one JSON string that the text is, missing if there is no text.
// ok is false where it is more than that.
func (w *Words) Alone() (v jsonscan.Value, ok bool) { return w.one, len(w.text) == 0 }

func (w *Words) add(v jsonscan.Value) {
	switch {
	case v.Empty() || v.Kind() == jsonscan.Object || v.Kind() == jsonscan.Array:
	case v.Kind() == jsonscan.String && w.one == "" && len(w.text) == 0:
		w.one = v
	default:
		w.text = append(append(w.text, w.one.Str()...), v.Str()...)
		w.one = ""
	}
}

// Say reads the data of an event, or a document. typ is the event's type, "" if
// there is none.
func Say(typ, data string) (s Said) {
	s.say(typ, data)
	return s
}

// say gives the protocol, if it is one's own form.
func (s *Said) say(typ, data string) (p *Protocol) {
	v := jsonscan.Parse(data)
	switch v.Kind() {
	case jsonscan.Object:
		p = s.read(v)
	case jsonscan.Array: // Gemini without alt=sse
		it := v.Iter()
		for it.Next() {
			p = s.read(it.Value)
		}
	default:
		s.plain(typ, data, v)
	}
	return p
}

// plain reads a stream of mere text, as small servers write it. What begins
// like JSON is none.
func (s *Said) plain(typ, data string, v jsonscan.Value) {
	switch {
	case typ != "" && typ != "message", data == "", data == "[DONE]", data[0] == '{', data[0] == '[':
	case len(v) == len(data) && v.Kind() == jsonscan.String:
		s.Text.add(v)
	default:
		s.Text.text = append(s.Text.text, data...)
	}
}

// read reads one object, and gives the protocol that knew it.
func (s *Said) read(v jsonscan.Value) *Protocol {
	typ := v.Text("type")
	for _, p := range protocols {
		if p.said(s, v, typ) {
			return p
		}
	}
	return nil
}

// blocks reads a list of pieces of content.
func (s *Said) blocks(list jsonscan.Value) {
	if list.Kind() == jsonscan.Array {
		it := list.Iter()
		for it.Next() {
			s.block(it.Value)
		}
	}
}

// block reads one piece of content: Anthropic's, Gemini's or OpenAI's.
func (s *Said) block(v jsonscan.Value) {
	s.Reasoning.add(v.Get("thinking"))
	if v.Get("thought").True() || v.Get("type").In("summary_text reasoning_text") >= 0 {
		s.Reasoning.add(v.Get("text"))
	} else {
		s.Text.add(v.Get("text"))
	}
}

// Read takes what the data of an event, or a document, says of the end. What it
// does not say stays as it was.
func (e *Ending) Read(data string) { e.read(jsonscan.Parse(data)) }

func (e *Ending) read(v jsonscan.Value) {
	if v.Kind() != jsonscan.Object {
		return
	}
	it := v.Iter()
	for it.Next() {
		v := it.Value
		switch key := it.Key.Str(); {
		case jsonscan.Listed("finish_reason stop_reason finishReason reason", key):
			if reason := reasonOf(v).ending(); reason != "" {
				e.Reason = reason
			}
		case jsonscan.Listed("status type", key):
			if e.Reason == "" && v.In("completed finish") >= 0 {
				e.Reason = EndingStop
			}
		case jsonscan.Listed("usage usageMetadata", key):
			e.count(v)
		case jsonscan.Listed("choices candidates", key):
			e.read(v.First())
		case jsonscan.Listed("delta message response incomplete_details x_groq", key):
			e.read(v)
		}
	}
}

// count takes what the provider counted. Counts that come again are the newer ones.
func (e *Ending) count(usage jsonscan.Value) {
	input, output := int64(0), int64(0)
	it := usage.Iter()
	for it.Next() {
		n, _ := it.Value.Int()
		switch n = max(n, 0); {
		case it.Key.Is("tokens"): // beside what is billed
			e.count(it.Value)
		case it.Key.In("prompt_tokens input_tokens cache_creation_input_tokens cache_read_input_tokens promptTokenCount") >= 0:
			input += n
		case it.Key.In("completion_tokens output_tokens candidatesTokenCount thoughtsTokenCount") >= 0:
			output += n
		}
	}
	if input > 0 {
		e.InputTokens = input
	}
	if output > 0 {
		e.OutputTokens = output
	}
}
