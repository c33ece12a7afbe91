package protocol

import "github.com/steadfetch/steadfetch/internal/jsonscan"

// Cohere is Cohere's v2 chat: message-start, content and tool calls in pieces,
// message-end with the reason. Its path, /v2/chat, proves nothing: many
// applications have a route of that name. The first event decides.
var Cohere = &Protocol{
	Name: "cohere",
	suits: func(_ jsonscan.Value, typ string) bool {
		return jsonscan.Listed("message-start content-start content-delta", typ)
	},
	begins: func(v jsonscan.Value, typ string) bool {
		message := v.Get("delta.message")
		return typ == "message-start" && message.Has("role") && message.Get("content").Kind() == jsonscan.Array
	},
	read: readCohere,
	said: func(s *Said, v jsonscan.Value, typ string) bool {
		if typ != "content-start" && typ != "content-delta" {
			return false
		}
		s.block(v.Get("delta.message.content"))
		return true
	},
	members: []member{{key: "delta", in: []member{{key: "message", in: []member{
		{key: "content", in: []member{{key: "text", vary: text}, {key: "thinking", vary: text}}},
		{key: "tool_plan", vary: text},
		{key: "tool_calls", in: []member{{key: "function", in: []member{{key: "arguments", vary: text}}}}},
	}}}}},
	Turns: "messages",
	Turn:  messageTurn,
}

func readCohere(t *Tracker, v jsonscan.Value, typ string) Facts {
	message := v.Get("delta.message")
	switch typ {
	case "message-start":
		return t.open(v.Get("id"))
	case "content-start", "content-delta":
		content := message.Get("content")
		return readAdded(content.Get("text"), Output) | readAdded(content.Get("thinking"), Output)
	case "tool-plan-delta":
		return readAdded(message.Get("tool_plan"), Output|Opaque)
	case "tool-call-start", "tool-call-delta", "citation-start":
		return Output | Opaque
	case "tool-call-end":
		return Output | Opaque | ToolCall
	case "message-end":
		reason := v.Get("delta.finish_reason")
		if reason.Is("TIMEOUT") {
			return failure.facts() | Finished
		}
		return reasonOf(reason).facts() | Finished
	}
	return 0
}
