package soak

import (
	"bytes"
	"encoding/json"
	"strings"
)

// event is a server-sent event as WHATWG HTML §9.2.6 reads it, and where it
// stands: it ends with the first byte that makes its blank line one (early), or
// with the LF of that byte (late).
type event struct {
	Type, Data, ID string
	early, late    int
}

// parse reads a whole body. A last event without its blank line counts as well,
// as the engine has it; it ends where the body does.
func parse(body []byte) (events []event, complete int) {
	at := 0
	if bytes.HasPrefix(body, []byte("\ufeff")) {
		at = 3
	}
	var typ, id string
	var data []string
	dispatch := func(early, late int) {
		if data != nil {
			if typ == "" {
				typ = "message"
			}
			events = append(events, event{typ, strings.Join(data, "\n"), id, early, late})
		}
		typ, data = "", nil
	}
	for at < len(body) {
		n := bytes.IndexAny(body[at:], "\r\n")
		line, next := body[at:], len(body)
		whole := n >= 0
		if whole {
			line, next = body[at:at+n], at+n+1
			if body[at+n] == '\r' && next < len(body) && body[next] == '\n' {
				next++
			}
		}
		if len(line) == 0 {
			dispatch(at+1, next)
			complete = next
		} else {
			name, value, _ := strings.Cut(string(line), ":")
			value = strings.TrimPrefix(value, " ")
			switch name {
			case "event":
				typ = value
			case "data":
				data = append(data, value)
			case "id":
				if !strings.Contains(value, "\x00") {
					id = value
				}
			}
		}
		at = next
	}
	dispatch(len(body), len(body))
	return events, complete
}

// isOutput reports whether an event is the first thing that a person can see.
func (p *protocol) isOutput(e event) bool {
	if p.name == "sse" {
		return true
	}
	var v struct {
		Type    string
		Delta   json.RawMessage
		Choices []struct {
			Delta struct{ Content, Refusal string }
		}
		Candidates []struct {
			Content struct{ Parts []struct{ Text string } }
		}
	}
	_ = json.Unmarshal([]byte(e.Data), &v) // what does not fit is no output
	switch p.name {
	case "anthropic":
		return v.Type == "content_block_delta"
	case "openai-chat":
		return len(v.Choices) > 0 && v.Choices[0].Delta.Content+v.Choices[0].Delta.Refusal != ""
	case "openai-responses":
		return v.Type == "response.output_text.delta" || v.Type == "response.refusal.delta"
	case "gemini":
		return len(v.Candidates) > 0 && len(v.Candidates[0].Content.Parts) > 0 && v.Candidates[0].Content.Parts[0].Text != ""
	}
	return v.Type == "text-delta"
}
