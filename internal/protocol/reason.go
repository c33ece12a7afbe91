package protocol

import (
	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// Reasons for an end, in any provider's words and any letter case.
type reason uint8

const (
	completed reason = iota // also what nobody knows
	tooLong
	withheld
	toolsCalled
	failure
	undecided // no reason at all
)

// reasonOf judges a finish reason. A failure is also found inside a longer
// text: "function_call_filter: MALFORMED_FUNCTION_CALL".
func reasonOf(v jsonscan.Value) reason {
	if v.Empty() {
		return undecided
	}
	s := lower(v.Str())
	switch {
	case s == "finish_reason_unspecified":
		return undecided
	case jsonscan.Listed("length max_tokens max_output_tokens model_context_window_exceeded", s):
		return tooLong
	case jsonscan.Listed("tool_calls tool-calls tool_call function_call tool_use", s):
		return toolsCalled
	case jsonscan.Listed("refusal content_filter content-filter content_filtered sensitive safety recitation blocklist prohibited_content spii "+
		"image_safety image_prohibited_content image_recitation model_armor", s):
		return withheld
	case jsonscan.Listed("error abort aborted", s), ascii.Contains(s, "malformed_function_call"), ascii.Contains(s, "unexpected_tool_call"),
		ascii.Contains(s, "network_error"), ascii.Contains(s, "insufficient_system_resource"):
		return failure
	}
	return completed
}

// reasons say what a reason for the end of an answer means: to the session, and
// to whoever asks how the answer ended.
var reasons = [...]struct {
	facts  Facts
	ending EndingReason
}{
	completed:   {facts: Reasoned, ending: EndingStop},
	tooLong:     {facts: Reasoned | Limited, ending: EndingLength},
	withheld:    {facts: Reasoned | Refused, ending: EndingContentFilter},
	toolsCalled: {facts: Reasoned | ToolCall, ending: EndingToolCalls},
	failure:     {facts: Reasoned | Broken, ending: EndingError},
	undecided:   {},
}

func (r reason) facts() Facts { return reasons[r].facts }

func (r reason) ending() EndingReason { return reasons[r].ending }

// lower is s in lower case, where it is ASCII. Reasons are short.
func lower(s string) string {
	if len(s) > 200 {
		s = s[:200]
	}
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
