package chattest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
)

// protocol is one provider's protocol.
type protocol struct {
	// answer returns the answer to a request. It may refuse, with a status and a
	// message.
	answer func(*exchange) answer
	// errorBody returns the JSON of an error answer.
	errorBody func(x *exchange, status int, e errorWords) string
	// words returns the defaults for an error with this status.
	words func(status int) errorWords
	// inBandStatus is the status that an in-band error is about by default.
	inBandStatus int
	header       func(x *exchange, h http.Header)
	lineEnding   LineEnding
}

type errorWords struct{ errorType, code, message string }

// answer is what the provider sends if nothing breaks.
type answer struct {
	refuse  int    // if not 0: an error with this status instead of an answer
	message string // the error's message

	stream  bool    // events; otherwise whole
	head    []event // metadata, before the first token
	tokens  []event
	tail    []event // the closing events
	ping    event
	inBand  func(sent int, e errorWords) event // the error event, after that many others
	whole   string                             // the JSON, if not streamed or for JSONAnswer
	nothing bool                               // 204
}

// event is one server-sent event (WHATWG HTML, "Server-sent events").
type event struct {
	comment string // a comment block instead of an event
	name    string
	id      string
	retry   string
	data    string
	marker  bool // it is (a part of) the end marker
	done    bool // it is "data: [DONE]"
}

// protocolOf finds the protocol by the end of the path, because clients use
// different base addresses (with /v1, with /openai/v1, …).
func protocolOf(method, path string) *protocol {
	post := method == http.MethodPost
	switch {
	case post && strings.HasSuffix(path, "/messages"):
		return anthropic
	case post && strings.HasSuffix(path, "/chat/completions"):
		return openAIChat
	case post && strings.HasSuffix(path, "/responses"):
		return openAIResponses
	case method == http.MethodGet && strings.Contains(path, "/responses/"):
		return openAIResponses
	case post && strings.Contains(path, "/models/") &&
		(strings.HasSuffix(path, ":streamGenerateContent") || strings.HasSuffix(path, ":generateContent")):
		return gemini
	case path == "/sse" && (post || method == http.MethodGet):
		return plainSSE
	case post && path == "/api/chat":
		return aiSDK
	case method == http.MethodGet && strings.HasSuffix(path, "/models"):
		return models
	}
	return nil
}

// quote returns s as JSON, without escaping characters beyond ASCII.
func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // strings always encode
	return strings.TrimSuffix(b.String(), "\n")
}

// hexID returns an identifier that is always the same for the same parts.
func hexID(length int, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:length]
}

// tokenize cuts a text into pieces as a model might output them: a word with the
// space before it, or one wide character.
func tokenize(text string) []string {
	var out []string
	start := 0
	for i, c := range text {
		if i > start && (c == ' ' || c == '\n' || c >= 0x2e80) {
			out = append(out, text[start:i])
			start = i
		}
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}

// chat is a request, in any of the protocols.
type chat struct {
	Model      string `json:"model"`
	Stream     bool   `json:"stream"`
	Background bool   `json:"background"`

	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`

	// The conversation: messages, or Responses' input, or Gemini's contents.
	Messages json.RawMessage `json:"messages"`
	Input    json.RawMessage `json:"input"`
	Contents json.RawMessage `json:"contents"`
}

type turn struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
	Parts   json.RawMessage `json:"parts"`
}

func (c *chat) turns() []turn {
	for _, raw := range []json.RawMessage{c.Messages, c.Input, c.Contents} {
		var turns []turn
		if json.Unmarshal(raw, &turns) == nil && len(turns) > 0 {
			return turns
		}
	}
	return nil
}

// text returns a turn's text: a string, or the text parts of an array.
func (t *turn) text() string {
	raw := t.Content
	if raw == nil {
		raw = t.Parts
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var parts []struct {
		Text string `json:"text"`
	}
	_ = json.Unmarshal(raw, &parts)
	for _, p := range parts {
		s += p.Text
	}
	return s
}

// continueTurn is the user's turn that asks for the rest of an answer.
const continueTurn = "[CONTINUE]"

// partial returns the assistant's text so far, if the conversation ends with a
// request to continue it. Several such pairs in a row are joined.
func (c *chat) partial() (text string, ok bool) {
	turns := c.turns()
	for i := len(turns) - 1; i > 0; i -= 2 {
		if turns[i].Role != "user" || strings.TrimSpace(turns[i].text()) != continueTurn {
			break
		}
		if role := turns[i-1].Role; role != "assistant" && role != "model" {
			break
		}
		text, ok = turns[i-1].text()+text, true
	}
	return text, ok
}

// rest returns the run's text from where the partial answer stopped, preceded by
// the last repeat characters again. If the partial answer is not the beginning of
// the text, it returns the whole text.
func rest(text, partial string, repeat int) string {
	if !strings.HasPrefix(text, partial) {
		// Providers and clients trim the end of an assistant turn.
		partial = strings.TrimRight(partial, " \t\r\n")
		if !strings.HasPrefix(text, partial) {
			return text
		}
	}
	said := []rune(partial)
	return string(said[max(0, len(said)-repeat):]) + text[len(partial):]
}
