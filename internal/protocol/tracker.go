// Package protocol reads what a streamed answer says about itself: whether
// output has started, and whether the provider says that it failed or that it
// is complete. It is pure and bounded.
package protocol

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// Protocol is the way in which a stream tells of itself.
type Protocol uint8

// The protocols. An Unknown one has no end marker: the end of the body ends it.
const (
	Unknown         Protocol = iota
	Anthropic                // Messages: ends with message_stop
	OpenAIChat               // chat completions: finish_reason, then [DONE]
	OpenAIResponses          // response.completed, response.incomplete, response.failed
	Gemini                   // finishReason
	AISDK                    // Vercel AI SDK UI message stream: finish, then [DONE]
)

// Facts is what one event says.
type Facts uint16

const (
	// Output is text, reasoning, a tool call or an image: something a person
	// or a program has now seen.
	Output Facts = 1 << iota
	// KeepAlive is an event that only says that the connection lives.
	KeepAlive
	// Failed is an error in the stream.
	Failed
	// Finished says that the answer is complete, though usage or a marker may follow.
	Finished
	// Ended is the end marker: nothing of interest follows.
	Ended
	// Refused says that the provider withheld the answer, by policy or by the model's refusal.
	Refused
	// Limited is a finish because the answer grew too long. It may be empty.
	Limited
	// Opaque is output other than text and reasoning, such as a tool call, which
	// a text continuation cannot join.
	Opaque
)

// Tracker follows one stream's events. The zero Tracker is ready.
type Tracker struct {
	// Protocol is Unknown until an event tells.
	Protocol Protocol
	// Seen is everything that was said so far.
	Seen Facts
	// Events counts the events with data.
	Events int
	// ResponseID and Sequence are OpenAI Responses' position, for a resume.
	ResponseID string
	Sequence   int64
	// Background says that the response goes on without us (OpenAI Responses).
	Background bool

	choices  uint32 // indices of the choices that were seen, below 32
	finished uint32 // … and that have a finish reason
}

// ByURL is the protocol that a request's URL promises, for streams that end
// before they could tell.
func ByURL(url string) Protocol {
	end := 0
	for end < len(url) && url[end] != '?' && url[end] != '#' {
		end++
	}
	path := url[:end]
	switch {
	case strings.HasSuffix(path, "/messages"):
		return Anthropic
	case strings.HasSuffix(path, "/chat/completions"):
		return OpenAIChat
	case strings.HasSuffix(path, "/responses"):
		return OpenAIResponses
	case strings.HasSuffix(path, ":streamGenerateContent"):
		return Gemini
	}
	return Unknown
}

// Read takes the next event and says what it means.
func (t *Tracker) Read(e *sse.Event) Facts {
	facts := KeepAlive
	if e.Oversize {
		facts = Output | Opaque
	}
	if !e.Empty() {
		t.Events++
		if !e.Oversize {
			facts = t.read(e)
		}
		t.Seen |= facts
	}
	return facts
}

func (t *Tracker) read(e *sse.Event) Facts {
	if e.Data == "[DONE]" {
		if t.Protocol == Unknown {
			t.Protocol = OpenAIChat
		}
		return Finished | Ended
	}
	v := jsonscan.Parse(e.Data)
	typ := v.Get("type").Str()
	if t.Protocol == Unknown {
		t.Protocol = detect(v, typ)
	}
	// An error in any protocol's form. A healthy event can have an error
	// member that is null, false, {} or "".
	if fault := v.Get("error"); e.Type == "error" || typ == "error" || typ == "response.failed" ||
		!fault.Empty() && fault.Kind() != jsonscan.Bool || v.Get("object").Is("error") {
		return Failed
	}
	switch t.Protocol {
	case Anthropic:
		return readAnthropic(v, typ)
	case OpenAIChat:
		return t.readChoices(v.Get("choices"), "delta", "finish_reason")
	case OpenAIResponses:
		return t.readResponses(v, typ)
	case Gemini:
		facts := t.readChoices(v.Get("candidates"), "content.parts", "finishReason")
		if !v.Get("promptFeedback.blockReason").Empty() {
			facts |= Refused | Finished
		}
		return facts
	case AISDK:
		switch jsonscan.Index("finish abort start start-step finish-step text-start reasoning-start text-end reasoning-end message-metadata text-delta", typ) {
		case 0, 1:
			return Finished
		case 2, 3, 4, 5, 6, 7, 8, 9:
			return 0
		case 10:
			if v.Get("delta").Empty() {
				return 0
			}
		}
		return Output | Opaque
	}
	if isPing(typ) || isPing(e.Type) {
		return KeepAlive
	}
	return Output | Opaque
}

func isPing(name string) bool { return name == "ping" || name == "keepalive" }

func detect(v jsonscan.Value, typ string) Protocol {
	switch {
	case typ == "message_start" || strings.HasPrefix(typ, "content_block_"):
		return Anthropic
	case strings.HasPrefix(typ, "response."):
		return OpenAIResponses
	case jsonscan.Index("start start-step text-start", typ) >= 0:
		return AISDK
	case v.Get("choices").Kind() == jsonscan.Array:
		return OpenAIChat
	case v.Get("candidates").Kind() == jsonscan.Array, v.Get("promptFeedback") != "":
		return Gemini
	}
	return Unknown
}

func readAnthropic(v jsonscan.Value, typ string) Facts {
	switch jsonscan.Index("ping message_stop message_delta content_block_delta content_block_start", typ) {
	case 0:
		return KeepAlive
	case 1:
		return Finished | Ended
	case 2:
		switch v.Get("delta.stop_reason").In("refusal max_tokens model_context_window_exceeded") {
		case 0:
			return Refused
		case 1, 2:
			return Limited
		}
	case 3:
		return pieceOf(v.Get("delta"), "text_delta thinking_delta signature_delta citations_delta")
	case 4:
		block := v.Get("content_block")
		if block.Get("type").In("text thinking") < 0 {
			if block.Get("type").Is("redacted_thinking") {
				return Output
			}
			return Output | Opaque // a tool call, a search result
		}
		return pieceOf(block, "text thinking")
	}
	return 0
}

// pieceOf is what a piece of content says: nothing while it is empty, plain
// output if its type is among plain.
func pieceOf(piece jsonscan.Value, plain string) Facts {
	it := piece.Iter()
	for it.Next() {
		if !it.Key.Is("type") && !it.Value.Empty() {
			if piece.Get("type").In(plain) >= 0 {
				return Output
			}
			return Output | Opaque
		}
	}
	return 0
}

// reasons are the finish reasons that mean withheld, and then, behind the
// eleventh, those that mean cut short: OpenAI's and Gemini's.
const reasons = "content_filter SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION MODEL_ARMOR refusal length MAX_TOKENS"

// readChoices reads OpenAI's choices and Gemini's candidates: what they add,
// and whether each one seen has its finish reason.
func (t *Tracker) readChoices(choices jsonscan.Value, content, finish string) (facts Facts) {
	n := int64(0)
	it := choices.Iter()
	for ; it.Next(); n++ {
		choice := it.Value
		index, ok := choice.Get("index").Int()
		if !ok {
			index = n
		}
		bit := uint32(1) << (uint32(index) & 31)
		t.choices |= bit
		part := choice.Get(content).Iter()
		for part.Next() {
			facts |= readPart(part.Key, part.Value)
		}
		if !choice.Get("text").Empty() || !choice.Get("message.content").Empty() {
			facts |= Output | Opaque
		}
		if reason := choice.Get(finish); !reason.Empty() && !reason.Is("FINISH_REASON_UNSPECIFIED") {
			t.finished |= bit
			if at := reason.In(reasons); at > 10 {
				facts |= Limited
			} else if at >= 0 {
				facts |= Refused
			}
		}
	}
	if t.choices != 0 && t.choices == t.finished {
		facts |= Finished
	}
	return facts
}

// readPart reads a member of OpenAI's delta, or one of Gemini's parts (which
// has no key).
func readPart(key, v jsonscan.Value) Facts {
	if key == "" {
		if text := v.Get("text"); text != "" {
			v = text
			key = `"content"`
		}
	}
	if v.Empty() {
		return 0
	}
	switch key.In("role name id content reasoning_content reasoning reasoning_details") {
	case 0, 1, 2:
		return 0
	case 3, 4, 5, 6:
		return Output
	}
	return Output | Opaque // tool_calls, refusal, audio, functionCall, inlineData, …
}

func (t *Tracker) readResponses(v jsonscan.Value, typ string) Facts {
	if n, ok := v.Get("sequence_number").Int(); ok {
		t.Sequence = n
	}
	response := v.Get("response")
	switch jsonscan.Index("response.created response.queued response.in_progress response.completed response.incomplete response.cancelled response.output_item.added response.output_item.done response.output_text.delta", typ) {
	case 0, 1, 2:
		if id := response.Get("id").Str(); id != "" {
			t.ResponseID = strings.Clone(id)
		}
		t.Background = response.Get("background").True()
		return 0
	case 3, 4:
		facts := Finished | Ended
		switch response.Get("incomplete_details.reason").In("content_filter max_output_tokens") {
		case 0:
			facts |= Refused
		case 1:
			facts |= Limited
		}
		if t.Seen&Output == 0 && !response.Get("output").Empty() {
			facts |= Output | Opaque // the whole answer came at once
		}
		return facts
	case 5:
		return Failed
	case 6, 7:
		if v.Get("item.type").In("message reasoning") >= 0 {
			return 0
		}
		return Output | Opaque
	case 8:
		if v.Get("delta").Empty() {
			return 0
		}
		return Output
	}
	switch {
	case strings.HasSuffix(typ, ".delta") && !v.Get("delta").Empty(), strings.HasSuffix(typ, ".partial_image"):
		return Output | Opaque
	case strings.HasPrefix(typ, "response."):
		return 0
	}
	return KeepAlive // "keepalive", and whatever has no content of its own
}

// Text is the plain text that an event adds to the answer, as the raw JSON
// string inside e.Data; missing if it adds none. Only the first choice counts.
func (t *Tracker) Text(e *sse.Event) jsonscan.Value {
	v := jsonscan.Parse(e.Data)
	switch t.Protocol {
	case Anthropic:
		if v.Get("type").Is("content_block_delta") {
			return v.Get("delta.text")
		}
		return v.Get("content_block.text")
	case OpenAIChat:
		return v.Get("choices").First().Get("delta.content")
	case Gemini:
		if part := v.Get("candidates").First().Get("content.parts").First(); !part.Get("thought").True() {
			return part.Get("text")
		}
	}
	return ""
}
