package protocol

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheTextAndReasoningOfAnEvent(t *testing.T) {
	for name, c := range map[string]struct{ typ, data, text, reasoning string }{
		"Anthropic, text":               {data: `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel\nlo"}}`, text: "Hel\nlo"},
		"Anthropic, thinking":           {data: `{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"Hm"}}`, reasoning: "Hm"},
		"Anthropic, a block's start":    {data: `{"type":"content_block_start","content_block":{"type":"text","text":"A"}}`, text: "A"},
		"Anthropic, a tool's input":     {data: `{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{\"text\":1"}}`},
		"Anthropic, a signature":        {data: `{"type":"content_block_delta","delta":{"type":"signature_delta","signature":"abc"}}`},
		"Anthropic, the message begins": {data: `{"type":"message_start","message":{"type":"message","content":[]}}`},
		"Anthropic, not streamed":       {data: `{"type":"message","content":[{"type":"thinking","thinking":"Hm"},{"type":"text","text":"A"},{"type":"text","text":"B"}]}`, text: "AB", reasoning: "Hm"},
		"OpenAI, text":                  {data: `{"choices":[{"index":0,"delta":{"content":"Hé\ud83d\ude80"}}]}`, text: "Hé🚀"},
		"OpenAI, reasoning_content":     {data: `{"choices":[{"index":0,"delta":{"reasoning_content":"Hm","content":null}}]}`, reasoning: "Hm"},
		"OpenRouter, reasoning twice":   {data: `{"choices":[{"delta":{"reasoning":"Hm","reasoning_content":"Hm"}}]}`, reasoning: "Hm"},
		"OpenRouter, reasoning":         {data: `{"choices":[{"delta":{"content":"","reasoning":"Hm"}}]}`, reasoning: "Hm"},
		"OpenAI, another choice":        {data: `{"choices":[{"index":1,"delta":{"content":"no"}}]}`},
		"OpenAI, a tool call":           {data: `{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{}"}}]}}]}`},
		"OpenAI, no choices":            {data: `{"choices":[],"usage":{"prompt_tokens":1}}`},
		"OpenAI, not streamed":          {data: `{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"All of it"}}]}`, text: "All of it"},
		"Mistral, content in pieces":    {data: `{"choices":[{"delta":{"content":[{"type":"text","text":"A"}]}}]}`, text: "A"},
		"OpenAI, legacy completions":    {data: `{"choices":[{"index":0,"text":"Hel"}]}`, text: "Hel"},
		"Responses, text":               {typ: "response.output_text.delta", data: `{"type":"response.output_text.delta","delta":"Hel"}`, text: "Hel"},
		"Responses, reasoning":          {data: `{"type":"response.reasoning_summary_text.delta","delta":"Hm"}`, reasoning: "Hm"},
		"Responses, arguments":          {data: `{"type":"response.function_call_arguments.delta","delta":"{"}`},
		"Responses, the text repeated":  {data: `{"type":"response.output_text.done","text":"Hello"}`},
		"Responses, all repeated":       {data: `{"type":"response.completed","response":{"object":"response","output":[{"content":[{"type":"output_text","text":"no"}]}]}}`},
		"Responses, not streamed": {
			data: `{"object":"response","output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"Hm"}]},{"type":"message","content":[{"type":"output_text","text":"A"}]}]}`,
			text: "A", reasoning: "Hm",
		},
		"Gemini":                        {data: `{"candidates":[{"content":{"parts":[{"text":"Hm","thought":true},{"text":"A"},{"functionCall":{}},{"text":"B"}]}}]}`, text: "AB", reasoning: "Hm"},
		"Gemini, an array":              {data: `[{"candidates":[{"content":{"parts":[{"text":"A"}]}}]},{"candidates":[{"content":{"parts":[{"text":"B"}]}}]}]`, text: "AB"},
		"AI SDK, text":                  {data: `{"type":"text-delta","id":"0","delta":"Hel"}`, text: "Hel"},
		"AI SDK, reasoning":             {data: `{"type":"reasoning-delta","id":"0","delta":"Hm"}`, reasoning: "Hm"},
		"AI SDK, a tool's input":        {data: `{"type":"tool-input-delta","inputTextDelta":"no"}`},
		"plain text":                    {data: "Hello, world", text: "Hello, world"},
		"a number in plain text":        {data: "42 apples", text: "42 apples"},
		"a JSON string":                 {typ: "message", data: `"Hel\tlo"`, text: "Hel\tlo"},
		"a quotation":                   {data: `"No," she said`, text: `"No," she said`},
		"an event of another name":      {typ: "progress", data: "50 %"},
		"the marker":                    {data: "[DONE]"},
		"half an event":                 {data: `{"choices":[{"delta":{"content":"H`},
		"JSON of unknown form":          {data: `{"step":1,"text":"no"}`},
		"a text member that is no text": {data: `{"type":"content_block_delta","delta":{"text":{}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			said := Say(c.typ, c.data)
			require.Equal(t, c.text, said.Text.String())
			require.Equal(t, c.reasoning, said.Reasoning.String())
		})
	}
}

func TestHowAnAnswerEnds(t *testing.T) {
	for name, c := range map[string]struct {
		events []string
		want   Ending
	}{
		"Anthropic": {[]string{
			`{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}`,
			`{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":20}}`,
			`{"type":"message_stop"}`,
		}, Ending{EndingLength, 15, 20}},
		"OpenAI": {[]string{
			`{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}`,
			`{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}`,
			`[DONE]`,
		}, Ending{EndingStop, 3, 4}},
		"counts beside what is billed": {[]string{
			`{"delta":{"finish_reason":"MAX_TOKENS","usage":{"billed_units":{"input_tokens":1,"output_tokens":1},"tokens":{"input_tokens":215,"output_tokens":2}}}}`,
		}, Ending{EndingLength, 215, 2}},
		"OpenAI, tools":     {[]string{`{"choices":[{"finish_reason":"tool_calls"}]}`}, Ending{Reason: EndingToolCalls}},
		"an unknown reason": {[]string{`{"choices":[{"finish_reason":"eos"}]}`}, Ending{Reason: EndingStop}},
		"Responses": {[]string{
			`{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":3,"output_tokens":4}}}`,
		}, Ending{EndingStop, 3, 4}},
		"Responses, cut short": {[]string{
			`{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}`,
		}, Ending{Reason: EndingLength}},
		"Gemini": {[]string{
			`{"candidates":[{"content":{"parts":[{"text":"A"}]}}],"usageMetadata":{"promptTokenCount":2}}`,
			`{"candidates":[{"finishReason":"SAFETY"}],"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":3,"thoughtsTokenCount":4}}`,
		}, Ending{EndingContentFilter, 2, 7}},
		"AI SDK":                 {[]string{`{"type":"finish","finishReason":"tool-calls"}`}, Ending{Reason: EndingToolCalls}},
		"AI SDK, no reason":      {[]string{`{"type":"finish"}`}, Ending{Reason: EndingStop}},
		"nothing":                {[]string{"hello", "{", `{"usage":7}`, `{"choices":[{"finish_reason":null}]}`}, Ending{}},
		"counts that are absurd": {[]string{`{"usage":{"prompt_tokens":-4,"completion_tokens":"x"}}`}, Ending{}},
	} {
		t.Run(name, func(t *testing.T) {
			var e Ending
			for _, data := range c.events {
				e.Read(data)
			}
			require.Equal(t, c.want, e)
		})
	}
}

func TestADocumentOfManyPiecesIsReadInLinearTime(t *testing.T) {
	const pieces = 200_000
	said := Say("", `{"type":"message","content":[`+strings.Repeat(`{"text":"abcdefgh"},`, pieces)+`{}]}`)
	require.Len(t, said.Text.String(), 8*pieces)
}
