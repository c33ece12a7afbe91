package protocol

import "github.com/steadfetch/steadfetch/internal/jsonscan"

// Ending is how an answer ended, as far as the provider reports it.
type Ending struct {
	// Reason is empty if the provider does not report it.
	Reason EndingReason `json:"reason,omitempty"`
	// InputTokens and OutputTokens are the provider's counts, including cached
	// input and reasoning.
	InputTokens  int64 `json:"input_tokens,omitempty"`
	OutputTokens int64 `json:"output_tokens,omitempty"`
}

// EndingReason is a value of Ending.Reason.
type EndingReason string

const (
	EndingStop          EndingReason = "stop"           // it is complete
	EndingLength        EndingReason = "length"         // it reached a length limit
	EndingToolCalls     EndingReason = "tool_calls"     // the caller has tools to run
	EndingContentFilter EndingReason = "content_filter" // the rest was withheld
	EndingError         EndingReason = "error"          // the provider failed
)

// Said is the plain text that one event of a stream, or a whole answer in one
// document, adds to the first answer.
type Said struct{ Text, Reasoning Words }

// Words is text collected from one or more JSON strings.
type Words struct {
	one  jsonscan.Value // the only string so far, which is the usual case
	text []byte
}

// String returns the text.
func (w *Words) String() string {
	if w.one != "" {
		return w.one.Str()
	}
	return string(w.text)
}

// Alone returns the JSON string that makes up the whole text, missing if there is
// no text. ok is false if it takes more than one.
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

// Say returns the text and reasoning in the data of an event, or in a document.
// typ is the event's type, "" if there is none.
func Say(typ, data string) (s Said) {
	s.say(typ, data)
	return s
}

// say returns the protocol whose form the data has, nil for none.
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

// plain reads data that is text and nothing else, as small servers write it. Data
// that begins like JSON is not.
func (s *Said) plain(typ, data string, v jsonscan.Value) {
	switch {
	case typ != "" && typ != "message", data == "", IsDone(data), data[0] == '{', data[0] == '[':
	case len(v) == len(data) && v.Kind() == jsonscan.String:
		s.Text.add(v)
	default:
		s.Text.text = append(s.Text.text, data...)
	}
}

// read reads one object, and returns the protocol whose form it has.
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

// Read updates e from the data of an event, or from a document. What the data does
// not mention stays unchanged.
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

// count reads the provider's counts. Later ones replace earlier ones.
func (e *Ending) count(usage jsonscan.Value) {
	input, output := int64(0), int64(0)
	it := usage.Iter()
	for it.Next() {
		n, _ := it.Value.Int()
		switch n = max(n, 0); {
		case it.Key.Is("tokens"): // beside "billed_units"
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
