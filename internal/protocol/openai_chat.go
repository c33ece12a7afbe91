package protocol

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// OpenAIChat is OpenAI's chat completions, which most providers and gateways
// implement: chunks with choices, each choice's finish_reason, [DONE].
var OpenAIChat = &Protocol{
	Name: "openai-chat",
	asked: func(a *Address) bool {
		return !a.Get && a.Stream && strings.HasSuffix(a.Path, "/chat/completions")
	},
	suits: func(v jsonscan.Value, _ string) bool {
		return v.Get("choices").Kind() == jsonscan.Array
	},
	begins: func(v jsonscan.Value, _ string) bool {
		return v.Says("object", "chat.completion.chunk")
	},
	read: readChat,
	said: func(s *Said, v jsonscan.Value, _ string) bool {
		choice := v.Get("choices").First()
		s.choice(choice)
		return choice != ""
	},
	members: []member{
		{key: "id", vary: unread},
		{key: "created", vary: unread},
		{key: "system_fingerprint", vary: unread},
		{key: "obfuscation", vary: unread},
		{key: "usage", vary: unread},
		{key: "choices", in: []member{
			{key: "logprobs", vary: unread},
			{key: "delta", in: []member{
				{key: "content", vary: text},
				{key: "reasoning_content", vary: text},
				{key: "reasoning", vary: text},
				{key: "reasoning_details", vary: within, in: []member{{key: "text", vary: unread}}},
				{key: "tool_calls", in: []member{{key: "function", in: []member{{key: "arguments", vary: unread}}}}},
			}},
		}},
	},
	Turns: "messages",
	Turn:  messageTurn,
}

func readChat(t *Tracker, v jsonscan.Value, _ string) (facts Facts) {
	it := v.Get("choices").Iter()
	for n := int64(0); it.Next(); n++ {
		choice := it.Value
		delta := choice.Get("delta").Iter()
		for delta.Next() {
			facts |= t.readDelta(delta.Key, delta.Value)
		}
		if choice.Has("text") || choice.Has("message.content") {
			facts |= Output | Opaque
		}
		ending := reasonOf(choice.Get("finish_reason"))
		// OpenRouter passes on the provider's own finish reason here.
		if reasonOf(choice.Get("native_finish_reason")) == failure {
			ending = failure
		}
		facts |= ending.facts()
		if ending != undecided && t.tool {
			facts |= ToolCall // some gateways send "stop" after a tool call
		}
		t.choice(choice.Get("index"), n, ending != undecided)
	}
	if t.choices != 0 && t.allFinished() {
		facts |= Finished
	}
	return facts
}

// readDelta reads a member of a choice's delta.
func (t *Tracker) readDelta(key, v jsonscan.Value) Facts {
	if v.Empty() {
		return 0
	}
	switch key.Str() {
	case "role", "name", "id":
		return 0
	case "content", "reasoning_content", "reasoning", "reasoning_details":
		return Output
	case "tool_calls":
		// A call is complete when the next one begins, or the answer ends.
		index, _ := v.First().Get("index").Int()
		next := t.tool && index > 0 && index != t.toolIndex
		t.tool, t.toolIndex = true, index
		if next {
			return Output | Opaque | ToolCall
		}
	case "function_call":
		t.tool = true
	}
	return Output | Opaque // also refusal, audio, images, …
}

// choice reads a choice of OpenAI's chat: a delta, or the whole message.
func (s *Said) choice(choice jsonscan.Value) {
	if index, ok := choice.Get("index").Int(); ok && index > 0 {
		return
	}
	message := choice.Get("delta")
	if message == "" {
		message = choice.Get("message")
	}
	s.Text.add(message.Get("content"))
	s.Text.add(choice.Get("text")) // legacy completions
	s.blocks(message.Get("content"))
	reasoning := message.Get("reasoning_content")
	if reasoning.Empty() {
		reasoning = message.Get("reasoning")
	}
	s.Reasoning.add(reasoning)
}
