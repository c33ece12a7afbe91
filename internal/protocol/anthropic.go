package protocol

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// streamRawPredict ends the path of Anthropic's models on Vertex AI.
const streamRawPredict = ":streamRawPredict"

// Anthropic is Anthropic's Messages API: message_start, content blocks,
// message_delta with the stop reason, message_stop.
var Anthropic = &Protocol{
	Name: "anthropic",
	asked: func(a *Address) bool {
		return !a.Get && (strings.HasSuffix(a.Path, streamRawPredict) ||
			a.Stream && strings.HasSuffix(a.Path, "/messages") && (a.MaxTokens || a.Version))
	},
	suits: func(_ jsonscan.Value, typ string) bool {
		return typ == "message_start" || strings.HasPrefix(typ, "content_block_")
	},
	begins: func(v jsonscan.Value, typ string) bool {
		return typ == "message_start" && v.Get("message").Kind() == jsonscan.Object
	},
	read: readAnthropic,
	said: func(s *Said, v jsonscan.Value, typ string) bool {
		switch typ {
		case "content_block_start":
			s.block(v.Get("content_block"))
		case "content_block_delta":
			s.block(v.Get("delta"))
		case "message": // not streamed
			s.blocks(v.Get("content"))
		default:
			return false
		}
		return true
	},
	members: []member{
		{key: "delta", in: []member{
			{key: "text", vary: text},
			{key: "thinking", vary: text},
			{key: "partial_json", vary: text},
		}},
	},
	Turns: "messages",
	Turn:  messageTurn,
}

// messageTurn is Protocol.Turn for Anthropic's and OpenAI's messages.
func messageTurn(partial []byte) string {
	return `{"role":"assistant","content":` + string(jsonscan.AppendString(nil, string(partial))) + `},{"role":"user","content":"[CONTINUE]"}`
}

func readAnthropic(t *Tracker, v jsonscan.Value, typ string) Facts {
	switch typ {
	case "ping":
		return KeepAlive
	case "message_start":
		return t.open(v.Get("message.id"))
	case "message_delta":
		facts := reasonOf(v.Get("delta.stop_reason")).facts()
		if facts&Reasoned != 0 {
			facts |= Finished
		}
		return facts
	case "message_stop":
		return Finished | Ended
	case "content_block_start":
		return t.readBlock(v.Get("content_block"))
	case "content_block_delta":
		return readPiece(v.Get("delta"))
	case "content_block_stop":
		if t.tool {
			t.tool = false
			return ToolCall
		}
	}
	return 0
}

// readBlock reads the beginning of a content block. A tool call that the server
// runs itself is output, but not one that a page acts on.
func (t *Tracker) readBlock(block jsonscan.Value) Facts {
	typ := block.Text("type")
	t.tool = typ == "tool_use"
	switch typ {
	case "text", "thinking":
		return readPiece(block)
	case "redacted_thinking":
		return Output
	}
	return Output | Opaque // a tool call, a search result
}

// readPiece returns the facts of a piece of content: none while it is empty,
// output that a text can continue if its type is text or thinking.
func readPiece(piece jsonscan.Value) Facts {
	it := piece.Iter()
	for it.Next() {
		if it.Key.Is("type") || it.Value.Empty() {
			continue
		}
		if piece.Get("type").In("text thinking text_delta thinking_delta signature_delta citations_delta") >= 0 {
			return Output
		}
		return Output | Opaque
	}
	return 0
}
