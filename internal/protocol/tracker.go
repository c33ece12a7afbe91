package protocol

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// Tracker follows one stream's events. The zero Tracker is ready.
type Tracker struct {
	// Protocol is nil until an event reveals it or the caller sets it.
	Protocol *Protocol
	// Promised is the protocol that the request's address promises. If it or
	// Protocol is known, data that is not JSON is not output.
	Promised *Protocol
	// Wanted is how many answers (choices, candidates) were requested; 0 means 1.
	Wanted int
	// Seen is the facts of all events so far, except those that were taken back.
	Seen Facts
	// Events counts the events with data.
	Events int
	// ResponseID and Sequence are OpenAI Responses' position, for a resume.
	ResponseID string
	Sequence   int64
	// Background is set if the response runs on without a connection (OpenAI Responses).
	Background bool

	choices   uint32 // indices of the choices that were seen, below 32
	finished  uint32 // those of them that have a finish reason
	doubted   bool   // output followed a finish reason: from then on only the marker or the end of the body counts
	opened    string // id of the message or response that is open
	tool      bool   // a tool call is open: Anthropic's block, or OpenAI's of index toolIndex
	toolIndex int64
}

// Read returns the facts of the next event.
func (t *Tracker) Read(e *sse.Event) Facts {
	facts := KeepAlive
	if e.Oversize {
		facts = Output | Opaque
	}
	if e.Empty() {
		return facts
	}
	t.Events++
	if !e.Oversize {
		facts = t.read(e)
	}
	if facts&Output != 0 && facts&Ended == 0 && t.Seen&(Finished|Ended) == Finished {
		t.doubted = true
		t.Seen &^= Finished
	}
	if t.doubted && facts&Ended == 0 {
		facts &^= Finished
	}
	t.Seen |= facts
	return facts
}

// Complete reports whether the answer is complete if the body ends here.
func (t *Tracker) Complete() bool {
	return t.Seen&(Finished|Ended) != 0 || t.Seen&Reasoned != 0 && t.allFinished()
}

// Strict reports whether a protocol is known, so that its end marker is required.
func (t *Tracker) Strict() bool {
	return isStrict(t.Protocol) || t.Protocol == nil && isStrict(t.Promised)
}

func isStrict(p *Protocol) bool { return p != nil && p.read != nil }

func (t *Tracker) read(e *sse.Event) Facts {
	if IsDone(e.Data) {
		switch t.Protocol {
		case nil:
			t.Protocol = OpenAIChat
		case OpenAIResponses:
			// OpenAI Responses ends with response.completed; a gateway that writes
			// [DONE] without it has lost the end.
			if t.Seen&Finished == 0 {
				return Unfinished
			}
		}
		return Finished | Ended
	}
	if t.Strict() && !looksLikeJSON(e.Data) {
		if IsKeepAlive(e.Type, e.Data) || saysNothing(e) {
			return KeepAlive
		}
		return Failed // "error: upstream connect error", "[ERROR] …", a plain sentence
	}
	v := jsonscan.Parse(e.Data)
	if t.Strict() && v == "" {
		return Unreadable
	}
	typ := v.Text("type")
	if t.Protocol == nil {
		t.Protocol = detect(v, typ)
	}
	if isFault(e.Type, v, typ) || t.Strict() && isCodeAndText(v) {
		return Failed
	}
	if isStrict(t.Protocol) {
		return t.Protocol.read(t, v, typ)
	}
	if IsKeepAlive(e.Type, e.Data) {
		return KeepAlive
	}
	return Output | Opaque
}

// IsDone reports whether data is OpenAI's end marker. SDKs look only at how it
// begins, and some servers write it as a JSON string.
func IsDone(data string) bool {
	return strings.HasPrefix(strings.TrimLeft(data, " \""), "[DONE]")
}

// saysNothing reports whether an event without a protocol's JSON is one of a
// gateway's own: a time, null, or words under a name that does not say failure, and
// is no protocol's.
func saysNothing(e *sse.Event) bool {
	if v := jsonscan.Parse(e.Data); len(v) == len(e.Data) {
		switch v.Kind() {
		case jsonscan.Null, jsonscan.Bool, jsonscan.Number:
			return true
		case jsonscan.String:
			return v.Empty()
		}
	}
	for _, part := range telling {
		if says(e.Type, part) {
			return false
		}
	}
	return e.Type != "" && e.Type != "message"
}

// telling are parts of an event's name under which words are not a gateway's chatter.
var telling = [...]string{
	"err", "exception", "fail", "fault", "abort", "timeout",
	"message_", "content_block", "response.", // their data is JSON
}

// looksLikeJSON reports whether data begins as the data of every known protocol does.
func looksLikeJSON(data string) bool {
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case ' ', '\t', '\n', '\r':
		case '{', '[':
			return !strings.HasPrefix(data[i:], "[ERROR]") && !strings.HasPrefix(data[i:], "{'") // Python's form
		default:
			return false
		}
	}
	return false
}

// isFault reports whether an event is an error, in any protocol's form. A healthy
// event can have an error member that is null, false, {} or "".
func isFault(event string, v jsonscan.Value, typ string) bool {
	if event == "error" || typ == "error" || typ == "response.failed" || v.Says("object", "error") {
		return true
	}
	if strings.HasPrefix(typ, "response.") {
		return false // an error member is that of a tool: response.mcp_call.failed
	}
	if fault := v.Get("error"); !isNoError(fault) && fault.Kind() != jsonscan.Bool {
		return true
	}
	if !v.Get("x_groq.error").Empty() {
		return true // why Groq ends a stream early
	}
	if v.Get("success") == "false" && !v.Has("choices") { // Cloudflare's form, with its errors beside it
		return true
	}
	if v.Get("choices").Kind() == jsonscan.Null {
		// How LiteLLM, vLLM and MiniMax report a failure in a chunk.
		if v.Has("error_type") || v.Has("error_message") {
			return true
		}
	}
	if code, ok := v.Get("base_resp.status_code").Int(); ok && code != 0 && !v.Has("choices") {
		return true
	}
	return false
}

// isCodeAndText reports whether an event is nothing but an error's code and its
// text: {"code":500,"message":"internal error"}.
func isCodeAndText(v jsonscan.Value) bool {
	code, text := false, false
	it := v.Iter()
	for it.Next() {
		switch {
		case it.Key.In("code status status_code statusCode error_code") >= 0:
			n, _ := it.Value.Int()
			code = code || n >= 400
		case it.Key.In("message detail msg error_msg") >= 0:
			text = true
		case it.Key.In("id request_id sid") < 0:
			return false
		}
	}
	return code && text
}

// isNoError reports whether an error member has nothing in it: null, 0, "", or an
// object of such members.
func isNoError(v jsonscan.Value) bool {
	it := v.Iter()
	for it.Next() {
		if !it.Value.Empty() && it.Value != "0" {
			return false
		}
	}
	return v.Empty() || v == "0" || v.Kind() == jsonscan.Object
}

// allFinished reports whether every answer that was seen has ended, and at least
// as many as were requested.
func (t *Tracker) allFinished() bool {
	if t.choices == 0 {
		return true // protocols with one answer only
	}
	n := 0
	for bits := t.finished; bits != 0; bits &= bits - 1 {
		n++
	}
	return t.choices == t.finished && n >= min(t.Wanted, 32)
}

// choice records an answer by its index, and whether it has ended.
func (t *Tracker) choice(index jsonscan.Value, place int64, ended bool) {
	n, ok := index.Int()
	if !ok {
		n = place
	}
	bit := uint32(1) << (uint32(n) & 31)
	t.choices |= bit
	if ended {
		t.finished |= bit
	}
}

// open records the id of a message that begins. It returns Unreadable if another
// one is still open: then an intermediary has spliced two attempts.
func (t *Tracker) open(id jsonscan.Value) Facts {
	name := id.Str()
	if t.opened != "" && name != "" && name != t.opened && t.Seen&(Finished|Ended) == 0 {
		return Unreadable
	}
	t.opened = strings.Clone(name)
	return 0
}

// number records an event's sequence number, if it has one.
func (t *Tracker) number(v jsonscan.Value) {
	if n, ok := v.Int(); ok {
		t.Sequence = n
	}
}

// Text returns the plain text that an event adds to the first answer, as the raw
// JSON string inside e.Data; missing if it adds none. ok is false if the text is
// in more than one string.
func (t *Tracker) Text(e *sse.Event) (text jsonscan.Value, ok bool) {
	if !isStrict(t.Protocol) {
		return "", true
	}
	text, _, ok = Hear(e)
	return text, ok
}
