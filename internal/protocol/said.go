package protocol

import "github.com/steadfetch/steadfetch/internal/jsonscan"

// Ending is how an answer ended, where the provider tells.
type Ending struct {
	// Reason is one of the constants, or empty.
	Reason string `json:"reason,omitempty"`
	// InputTokens and OutputTokens are what the provider counted, cached input
	// and reasoning among them.
	InputTokens  int64 `json:"input_tokens,omitempty"`
	OutputTokens int64 `json:"output_tokens,omitempty"`
}

// The values of Ending.Reason.
const (
	EndingStop          = "stop"           // it is complete
	EndingLength        = "length"         // it grew too long
	EndingToolCalls     = "tool_calls"     // tools are to be called
	EndingContentFilter = "content_filter" // the rest is withheld
	EndingError         = "error"          // the provider failed
)

// Said is the plain text that one event of a stream, or a whole answer in one
// document, adds to the first answer.
type Said struct{ Text, Reasoning []byte }

// Say reads the data of an event, or a document. typ is the event's type, "" if
// there is none.
func Say(typ, data string) (s Said) {
	v := jsonscan.Parse(data)
	switch v.Kind() {
	case jsonscan.Object:
		s.read(v)
	case jsonscan.Array: // Gemini without alt=sse
		it := v.Iter()
		for it.Next() {
			s.read(it.Value)
		}
	default:
		s.plain(typ, data, v)
	}
	return s
}

// plain reads a stream of mere text, as small servers write it. What begins
// like JSON is none.
func (s *Said) plain(typ, data string, v jsonscan.Value) {
	switch {
	case typ != "" && typ != "message", data == "", data == "[DONE]", data[0] == '{', data[0] == '[':
	case len(v) == len(data) && v.Kind() == jsonscan.String:
		s.Text = append(s.Text, v.Str()...)
	default:
		s.Text = append(s.Text, data...)
	}
}

// read reads one object, by the members that only its protocol has.
func (s *Said) read(v jsonscan.Value) {
	if choice := v.Get("choices").First(); choice != "" {
		s.choice(choice)
		return
	}
	if candidate := v.Get("candidates").First(); candidate != "" {
		s.parts(candidate.Get("content.parts"))
		return
	}
	switch typ := v.Get("type").Str(); typ {
	case "content_block_start":
		s.block(v.Get("content_block"))
	case "content_block_delta":
		s.block(v.Get("delta"))
	case "message": // Anthropic, not streamed
		s.parts(v.Get("content"))
	case "response.output_text.delta", "text-delta":
		s.Text = append(s.Text, v.Get("delta").Str()...)
	case "response.reasoning_text.delta", "response.reasoning_summary_text.delta", "reasoning-delta":
		s.Reasoning = append(s.Reasoning, v.Get("delta").Str()...)
	case "":
		if v.Get("object").Is("response") { // OpenAI Responses, not streamed
			it := v.Get("output").Iter()
			for it.Next() {
				s.parts(it.Value.Get("content"))
				s.parts(it.Value.Get("summary"))
			}
		}
	}
}

// choice reads a choice of OpenAI's chat: what is added, or the whole message.
func (s *Said) choice(choice jsonscan.Value) {
	if index, ok := choice.Get("index").Int(); ok && index > 0 {
		return
	}
	message := choice.Get("delta")
	if message == "" {
		message = choice.Get("message")
	}
	s.Text = append(s.Text, message.Get("content").Str()...)
	s.Text = append(s.Text, choice.Get("text").Str()...) // completions of old
	s.parts(message.Get("content"))
	if r := message.Get("reasoning_content"); !r.Empty() {
		s.Reasoning = append(s.Reasoning, r.Str()...)
	} else {
		s.Reasoning = append(s.Reasoning, message.Get("reasoning").Str()...)
	}
}

// parts reads a list of pieces of content.
func (s *Said) parts(list jsonscan.Value) {
	if list.Kind() == jsonscan.Array {
		it := list.Iter()
		for it.Next() {
			s.block(it.Value)
		}
	}
}

// block reads one piece of content: Anthropic's, Gemini's or OpenAI's.
func (s *Said) block(v jsonscan.Value) {
	s.Reasoning = append(s.Reasoning, v.Get("thinking").Str()...)
	switch text := v.Get("text").Str(); {
	case v.Get("thought").True(), v.Get("type").Is("summary_text"), v.Get("type").Is("reasoning_text"):
		s.Reasoning = append(s.Reasoning, text...)
	default:
		s.Text = append(s.Text, text...)
	}
}

// endingOf is a finish reason of any provider's in our words. One that nobody
// knows is a stop.
func endingOf(reason string) string {
	switch reason {
	case "", "FINISH_REASON_UNSPECIFIED":
		return ""
	case "length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_context_window_exceeded":
		return EndingLength
	case "tool_calls", "tool-calls", "function_call", "tool_use":
		return EndingToolCalls
	case "content_filter", "content-filter", "refusal", "sensitive", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY":
		return EndingContentFilter
	case "error", "network_error", "insufficient_system_resource", "abort", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL":
		return EndingError
	}
	return EndingStop
}

// Read takes what the data of an event, or a document, says of the end. What it
// does not say stays as it was.
func (e *Ending) Read(data string) {
	v := jsonscan.Parse(data)
	response := v.Get("response")
	for _, reason := range [...]jsonscan.Value{
		v.Get("choices").First().Get("finish_reason"),
		v.Get("delta.stop_reason"),
		v.Get("stop_reason"),
		v.Get("candidates").First().Get("finishReason"),
		v.Get("finishReason"),
		response.Get("incomplete_details.reason"),
		v.Get("incomplete_details.reason"),
	} {
		if reason.Kind() == jsonscan.String {
			e.Reason = endingOf(reason.Str())
		}
	}
	if e.Reason == "" && (response.Get("status").Is("completed") || v.Get("status").Is("completed") || v.Get("type").Is("finish")) {
		e.Reason = EndingStop
	}
	for _, usage := range [...]jsonscan.Value{v.Get("usage"), v.Get("message.usage"), response.Get("usage"), v.Get("usageMetadata"), v.Get("x_groq.usage")} {
		e.count(usage)
	}
}

// count takes what the provider counted. Counts that come again are the newer ones.
func (e *Ending) count(usage jsonscan.Value) {
	if usage.Kind() != jsonscan.Object {
		return
	}
	sum := func(names ...string) (n int64) {
		for _, name := range names {
			more, _ := usage.Get(name).Int()
			n += max(more, 0)
		}
		return n
	}
	input := sum("prompt_tokens", "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "promptTokenCount")
	output := sum("completion_tokens", "output_tokens", "candidatesTokenCount", "thoughtsTokenCount")
	if input > 0 {
		e.InputTokens = input
	}
	if output > 0 {
		e.OutputTokens = output
	}
}
