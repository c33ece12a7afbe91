package stream

import (
	"strings"

	"github.com/steadfetch/steadfetch/classify/jsonscan"
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
	path := url
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
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
func (t *Tracker) Read(e Event) Facts {
	if e.Oversize {
		t.Events++
		t.Seen |= Output | Opaque
		return Output | Opaque
	}
	if e.Data == "" {
		return KeepAlive
	}
	t.Events++
	facts := t.read(e)
	t.Seen |= facts
	return facts
}

func (t *Tracker) read(e Event) Facts {
	if e.Data == "[DONE]" {
		if t.Protocol == Unknown {
			t.Protocol = OpenAIChat
		}
		return Finished | Ended
	}
	v := jsonscan.Parse(e.Data)
	typ := v.Get("type")
	if t.Protocol == Unknown {
		t.Protocol = detect(v, typ)
	}
	if failed(e.Type, v, typ) {
		return Failed
	}
	switch t.Protocol {
	case Anthropic:
		return readAnthropic(v, typ)
	case OpenAIChat:
		return t.readChat(v)
	case OpenAIResponses:
		return t.readResponses(v, typ)
	case Gemini:
		return t.readGemini(v)
	case AISDK:
		return readAISDK(v, typ)
	}
	if typ.Is("ping") || e.Type == "ping" || typ.Is("keepalive") || e.Type == "keepalive" {
		return KeepAlive
	}
	return Output | Opaque
}

func detect(v, typ jsonscan.Value) Protocol {
	switch name := typ.Str(); {
	case name == "message_start" || strings.HasPrefix(name, "content_block_"):
		return Anthropic
	case strings.HasPrefix(name, "response."):
		return OpenAIResponses
	case name == "start" || name == "start-step" || name == "text-start":
		return AISDK
	}
	for it := v.Iter(); it.Next(); {
		switch {
		case it.Key.Is("choices") && it.Value.Kind() == jsonscan.Array:
			return OpenAIChat
		case it.Key.Is("candidates") && it.Value.Kind() == jsonscan.Array, it.Key.Is("promptFeedback"):
			return Gemini
		}
	}
	return Unknown
}

// failed knows an error in any protocol's form: event: error, {"type":"error"},
// {"error":{…}}, response.failed.
func failed(event string, v, typ jsonscan.Value) bool {
	if event == "error" || typ.Is("error") || typ.Is("response.failed") {
		return true
	}
	// A healthy event can have an error member that is null, false, {} or "".
	e := v.Get("error")
	return !e.Empty() && e.Kind() != jsonscan.Bool || v.Get("object").Is("error")
}

func readAnthropic(v, typ jsonscan.Value) Facts {
	switch typ.Str() {
	case "ping":
		return KeepAlive
	case "message_stop":
		return Finished | Ended
	case "message_delta":
		switch v.Get("delta", "stop_reason").Str() {
		case "refusal":
			return Refused
		case "max_tokens", "model_context_window_exceeded":
			return Limited
		}
	case "content_block_delta":
		// An empty piece of text, reasoning or a tool's input shows nothing yet.
		delta := v.Get("delta")
		if !hasText(delta, "type") {
			return 0
		}
		if delta.Get("type").Is("input_json_delta") {
			return Output | Opaque
		}
		return Output
	case "content_block_start":
		block := v.Get("content_block")
		switch block.Get("type").Str() {
		case "text", "thinking":
			if !hasText(block, "type") {
				return 0
			}
			fallthrough
		case "redacted_thinking":
			return Output
		}
		return Output | Opaque // a tool call, a search result
	}
	return 0
}

func (t *Tracker) readChat(v jsonscan.Value) (facts Facts) {
	n := int64(0)
	for it := v.Get("choices").Iter(); it.Next(); n++ {
		choice := it.Value
		index, ok := choice.Get("index").Int()
		if !ok {
			index = n
		}
		bit := uint32(1) << (uint64(index) & 31)
		t.choices |= bit
		for d := choice.Get("delta").Iter(); d.Next(); {
			switch {
			case d.Value.Empty() || d.Key.Is("role"):
			case d.Key.Is("content") && d.Value.Kind() == jsonscan.String:
				facts |= Output
			case d.Key.Is("reasoning_content") || d.Key.Is("reasoning") || d.Key.Is("reasoning_details"):
				facts |= Output
			case d.Key.Is("name") || d.Key.Is("id"):
			default: // tool_calls, refusal, audio, images, …
				facts |= Output | Opaque
			}
		}
		if !choice.Get("text").Empty() || !choice.Get("message", "content").Empty() {
			facts |= Output | Opaque
		}
		switch choice.Get("finish_reason").Str() {
		case "":
			continue
		case "content_filter":
			facts |= Refused
		case "length":
			facts |= Limited
		}
		t.finished |= bit
	}
	if t.choices != 0 && t.choices == t.finished {
		facts |= Finished
	}
	return facts
}

func (t *Tracker) readResponses(v, typ jsonscan.Value) Facts {
	if n, ok := v.Get("sequence_number").Int(); ok {
		t.Sequence = n
	}
	name := typ.Str()
	switch name {
	case "response.created", "response.queued", "response.in_progress":
		response := v.Get("response")
		if id := response.Get("id").Str(); id != "" {
			t.ResponseID = strings.Clone(id)
		}
		t.Background = response.Get("background").True()
		return 0
	case "response.completed", "response.incomplete":
		facts := Finished | Ended
		response := v.Get("response")
		switch response.Get("incomplete_details", "reason").Str() {
		case "content_filter":
			facts |= Refused
		case "max_output_tokens":
			facts |= Limited
		}
		if t.Seen&Output == 0 && !response.Get("output").Empty() {
			facts |= Output | Opaque // the whole answer came at once
		}
		return facts
	case "response.cancelled":
		return Failed
	case "response.output_item.added", "response.output_item.done":
		item := v.Get("item", "type")
		if item.Is("message") || item.Is("reasoning") {
			return 0
		}
		return Output | Opaque
	case "response.output_text.delta":
		if v.Get("delta").Empty() {
			return 0
		}
		return Output
	}
	if strings.HasSuffix(name, ".delta") && !v.Get("delta").Empty() || strings.HasSuffix(name, ".partial_image") {
		return Output | Opaque
	}
	if strings.HasPrefix(name, "response.") {
		return 0
	}
	return KeepAlive // "keepalive", and whatever has no content of its own
}

// refusals are Gemini's finish reasons that mean withheld, between spaces.
const refusals = " SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION MODEL_ARMOR "

func (t *Tracker) readGemini(v jsonscan.Value) (facts Facts) {
	n := int64(0)
	for it := v.Get("candidates").Iter(); it.Next(); n++ {
		index, ok := it.Value.Get("index").Int()
		if !ok {
			index = n
		}
		bit := uint32(1) << (uint64(index) & 31)
		t.choices |= bit
		for part := it.Value.Get("content", "parts").Iter(); part.Next(); {
			if text := part.Value.Get("text"); text.Kind() == jsonscan.Missing {
				facts |= Output | Opaque // functionCall, inlineData, executableCode, …
			} else if !text.Empty() {
				facts |= Output
			}
		}
		if reason := it.Value.Get("finishReason").Str(); reason != "" && reason != "FINISH_REASON_UNSPECIFIED" {
			t.finished |= bit
			if strings.Contains(refusals, " "+reason+" ") {
				facts |= Refused
			} else if reason == "MAX_TOKENS" {
				facts |= Limited
			}
		}
	}
	if !v.Get("promptFeedback", "blockReason").Empty() {
		return facts | Refused | Finished
	}
	if t.choices != 0 && t.choices == t.finished {
		facts |= Finished
	}
	return facts
}

func readAISDK(v, typ jsonscan.Value) Facts {
	switch name := typ.Str(); {
	case name == "finish", name == "abort":
		return Finished
	case name == "start", name == "start-step", name == "finish-step", name == "text-start", name == "reasoning-start",
		name == "text-end", name == "reasoning-end", name == "message-metadata":
		return 0
	case name == "text-delta" && v.Get("delta").Empty():
		return 0
	}
	return Output | Opaque
}

// hasText says whether an object has a member other than skip that is a
// string with something in it, or a container with something in it.
func hasText(v jsonscan.Value, skip string) bool {
	for it := v.Iter(); it.Next(); {
		if !it.Key.Is(skip) && !it.Value.Empty() {
			return true
		}
	}
	return false
}

// Text is the plain text that an event adds to the answer, as the raw JSON
// string inside e.Data; missing if it adds none. Only the first choice counts.
func (t *Tracker) Text(e Event) jsonscan.Value {
	v := jsonscan.Parse(e.Data)
	switch t.Protocol {
	case Anthropic:
		if v.Get("type").Is("content_block_delta") {
			return v.Get("delta", "text")
		}
		return v.Get("content_block", "text")
	case OpenAIChat:
		return v.Get("choices").First().Get("delta", "content")
	case OpenAIResponses:
		if v.Get("type").Is("response.output_text.delta") {
			return v.Get("delta")
		}
	case Gemini:
		if part := v.Get("candidates").First().Get("content", "parts").First(); !part.Get("thought").True() {
			return part.Get("text")
		}
	}
	return ""
}
