package protocol

import (
	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// reason is why an answer ended, the same for all providers.
type reason uint8

const (
	completed reason = iota // also any unknown reason
	tooLong
	withheld
	toolsCalled
	failure
	undecided // no reason at all
)

// reasonOf reads a provider's finish reason, in any letter case. A failure is
// also found inside a longer text: "function_call_filter: MALFORMED_FUNCTION_CALL".
func reasonOf(v jsonscan.Value) reason {
	if v.Empty() {
		return undecided
	}
	s := v.Str()
	s = s[:min(len(s), 200)] // reasons are short
	switch {
	case ascii.EqualFold(s, "finish_reason_unspecified"):
		return undecided
	case ascii.ListedFold("length max_tokens max_output_tokens model_context_window_exceeded", s):
		return tooLong
	case ascii.ListedFold("tool_calls tool-calls tool_call function_call tool_use", s):
		return toolsCalled
	case ascii.ListedFold("refusal content_filter content-filter content_filtered sensitive safety recitation blocklist prohibited_content spii "+
		"image_safety image_prohibited_content image_recitation model_armor guardrail_intervened", s):
		return withheld
	case ascii.ListedFold("error abort aborted", s), says(s, "malformed_"), says(s, "unexpected_tool_call"),
		says(s, "network_error"), says(s, "insufficient_system_resource"):
		return failure
	}
	return completed
}

// reasons maps each reason to its facts, for the session, and to the ending that
// a caller sees.
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

func says(s, part string) bool { return ascii.IndexFold(s, part) >= 0 }
