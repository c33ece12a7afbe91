package protocol

import "github.com/steadfetch/steadfetch/internal/jsonscan"

// AISDK is the Vercel AI SDK's UI message stream: parts by type, finish, [DONE].
// Applications serve it from routes of their own.
var AISDK = &Protocol{
	Name: "ai-sdk",
	suits: func(_ jsonscan.Value, typ string) bool {
		return typ == "start" || typ == "start-step" || typ == "text-start"
	},
	// Other frameworks also send a "start" event, with other members.
	begins: func(v jsonscan.Value, typ string) bool {
		if typ != "start" {
			return false
		}
		it := v.Iter()
		for it.Next() {
			if it.Key.In("type messageId messageMetadata") < 0 {
				return false
			}
		}
		return true
	},
	read: readAISDK,
	said: func(s *Said, v jsonscan.Value, typ string) bool {
		switch typ {
		case "text-delta":
			s.Text.add(v.Get("delta"))
		case "reasoning-delta":
			s.Reasoning.add(v.Get("delta"))
		default:
			return false
		}
		return true
	},
	members: []member{{key: "delta", vary: text}, {key: "inputTextDelta", vary: unread}},
}

func readAISDK(_ *Tracker, v jsonscan.Value, typ string) Facts {
	switch {
	case jsonscan.Listed("finish abort", typ):
		return Finished | Reasoned
	case jsonscan.Listed("start start-step finish-step text-start reasoning-start text-end reasoning-end message-metadata", typ):
		return 0
	case jsonscan.Listed("text-delta reasoning-delta", typ):
		return readAdded(v.Get("delta"), Output|Opaque)
	case typ == "tool-input-available":
		return Output | Opaque | ToolCall
	}
	return Output | Opaque
}
