package protocol

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// OpenAIResponses is OpenAI's Responses API: events whose types begin with
// "response.", the last of which is completed, incomplete or failed.
var OpenAIResponses = &Protocol{
	Name: "openai-responses",
	// A GET resumes a response that runs in the background, by its id.
	asked: func(a *Address) bool {
		if a.Get {
			return a.Stream && strings.HasSuffix(a.Path[:strings.LastIndexByte(a.Path, '/')+1], "/responses/")
		}
		return a.Stream && strings.HasSuffix(a.Path, "/responses")
	},
	suits: func(_ jsonscan.Value, typ string) bool {
		return strings.HasPrefix(typ, "response.")
	},
	begins: func(v jsonscan.Value, typ string) bool {
		return typ == "response.created" && v.Get("response").Kind() == jsonscan.Object
	},
	read: readResponses,
	said: func(s *Said, v jsonscan.Value, typ string) bool {
		switch typ {
		case "response.output_text.delta":
			s.Text.add(v.Get("delta"))
		case "response.reasoning_text.delta", "response.reasoning_summary_text.delta":
			s.Reasoning.add(v.Get("delta"))
		case "":
			if !v.Says("object", "response") {
				return false
			}
			it := v.Get("output").Iter() // not streamed
			for it.Next() {
				s.blocks(it.Value.Get("content"))
				s.blocks(it.Value.Get("summary"))
			}
		default:
			return false
		}
		return true
	},
	members: []member{
		{key: "sequence_number", vary: counts},
		{key: "delta", vary: text},
		{key: "obfuscation", vary: unread},
		{key: "logprobs", vary: unread},
	},
	Turns: "input",
	Turn:  messageTurn,
}

func readResponses(t *Tracker, v jsonscan.Value, typ string) Facts {
	t.number(v.Get("sequence_number"))
	response := v.Get("response")
	switch typ {
	case "response.created", "response.queued", "response.in_progress":
		if id := response.Get("id"); !id.Empty() {
			t.ResponseID = strings.Clone(id.Str())
		}
		t.Background = response.Get("background").True()
		if typ == "response.created" {
			return t.open(response.Get("id"))
		}
		return 0
	case "response.completed", "response.incomplete", "response.done": // the last is how ChatGPT's own backend ends
		facts := reasonOf(response.Get("incomplete_details.reason")).facts() | Finished | Ended | Reasoned
		if t.Seen&Output == 0 && response.Has("output") {
			facts |= Output | Opaque // the whole answer came in this event
		}
		return facts
	case "response.cancelled":
		return Failed
	case "response.output_item.added", "response.output_item.done":
		return readItem(v.Text("item.type"), typ == "response.output_item.done") | t.unheard(v.Get("item.content"))
	case "response.output_text.delta", "response.reasoning_text.delta", "response.reasoning_summary_text.delta":
		return readAdded(v.Get("delta"), Output)
	case "response.output_text.done":
		return t.unheard(v.Get("text"))
	}
	switch {
	case strings.HasSuffix(typ, ".delta"):
		return readAdded(v.Get("delta"), Output|Opaque)
	case strings.HasSuffix(typ, ".partial_image"):
		return Output | Opaque
	case strings.HasPrefix(typ, "response."):
		return 0
	}
	return KeepAlive // "keepalive", and anything else that is not a response's event
}

// unheard says that a text or a content which is told as a whole is output:
// some servers send no deltas of it.
func (t *Tracker) unheard(whole jsonscan.Value) Facts {
	if whole.Empty() || t.Seen&Output != 0 {
		return 0
	}
	return Output | Opaque
}

// readItem reads an item of the output, which is a tool call unless it is a
// message or reasoning. Only the calls listed here are for the page to act on.
func readItem(typ string, done bool) Facts {
	switch {
	case jsonscan.Listed("message reasoning", typ):
		return 0
	case done && jsonscan.Listed("function_call custom_tool_call local_shell_call computer_call mcp_approval_request", typ):
		return Output | Opaque | ToolCall
	}
	return Output | Opaque
}

func readAdded(delta jsonscan.Value, facts Facts) Facts {
	if delta.Empty() {
		return 0
	}
	return facts
}
