package protocol

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// streamGenerateContent ends the path of Gemini's method for streams.
const streamGenerateContent = ":streamGenerateContent"

// Gemini is Google's streamGenerateContent: candidates, each with its
// finishReason, which is the only end marker.
var Gemini = &Protocol{
	Name: "gemini",
	asked: func(a *Address) bool {
		return !a.Get && strings.HasSuffix(a.Path, streamGenerateContent)
	},
	suits: func(v jsonscan.Value, _ string) bool {
		return v.Get("candidates").Kind() == jsonscan.Array || v.Get("promptFeedback") != ""
	},
	begins: func(v jsonscan.Value, _ string) bool {
		return v.Get("candidates").First().Get("content").Kind() == jsonscan.Object
	},
	read: readGemini,
	said: func(s *Said, v jsonscan.Value, _ string) bool {
		candidate := v.Get("candidates").First()
		s.blocks(candidate.Get("content.parts"))
		return candidate != ""
	},
	members: []member{
		{key: "usageMetadata", vary: unread},
		{key: "responseId", vary: unread},
		{key: "candidates", in: []member{
			{key: "avgLogprobs", vary: unread},
			{key: "logprobsResult", vary: unread},
			{key: "content", in: []member{{key: "parts", in: []member{{key: "text", vary: text}, {key: "thoughtSignature", vary: unread}}}}},
		}},
	},
	Turns: "contents",
	Turn: func(partial []byte) string {
		return `{"role":"model","parts":[{"text":` + string(jsonscan.AppendString(nil, string(partial))) + `}]},{"role":"user","parts":[{"text":"[CONTINUE]"}]}`
	},
}

func readGemini(t *Tracker, v jsonscan.Value, _ string) (facts Facts) {
	it := v.Get("candidates").Iter()
	for n := int64(0); it.Next(); n++ {
		candidate := it.Value
		part := candidate.Get("content.parts").Iter()
		for part.Next() {
			facts |= readPart(part.Value)
		}
		reason := candidate.Get("finishReason")
		ending := reasonOf(reason)
		facts |= ending.facts()
		t.choice(candidate.Get("index"), n, ending != undecided)
		if reason.Is("STOP") && (t.Seen|facts)&Output == 0 {
			// Some models send events with STOP and no parts before their first text.
			t.doubted = true
		}
	}
	if v.Has("promptFeedback.blockReason") {
		return facts | Refused | Finished | Reasoned
	}
	if t.choices != 0 && t.allFinished() {
		facts |= Finished
	}
	return facts
}

// readPart reads one part of a candidate's content.
func readPart(part jsonscan.Value) (facts Facts) {
	it := part.Iter()
	for it.Next() {
		if it.Value.Empty() {
			continue
		}
		switch it.Key.Str() {
		case "thought", "thoughtSignature":
		case "text":
			facts |= Output
		case "functionCall":
			facts |= Output | Opaque | ToolCall // it arrives in one piece
		default:
			facts |= Output | Opaque // inlineData, executableCode, …
		}
	}
	return facts
}
