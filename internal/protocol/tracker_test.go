package protocol_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

const (
	output    = protocol.Output
	opaque    = protocol.Output | protocol.Opaque
	keepAlive = protocol.KeepAlive
	failed    = protocol.Failed
	finished  = protocol.Finished
	ended     = protocol.Finished | protocol.Ended
	reasoned  = protocol.Reasoned
	stopped   = protocol.Finished | protocol.Reasoned
	toolCall  = protocol.ToolCall
	broken    = protocol.Broken
)

// said is one event, its facts, and the text it adds.
type said struct {
	event string
	data  string
	facts protocol.Facts
	text  string
}

// follow reads events with one Tracker and compares the facts of each.
func follow(t *testing.T, want *protocol.Protocol, events []said) {
	t.Helper()
	var tracker protocol.Tracker
	var seen protocol.Facts
	for _, e := range events {
		event := sse.Event{Type: e.event, Data: e.data}
		require.Equal(t, e.facts, tracker.Read(&event), "%s %s", e.event, e.data)
		text, alone := tracker.Text(&event)
		require.True(t, alone)
		require.Equal(t, e.text, text.Str(), "the text of %s", e.data)
		if e.data != "" {
			seen |= e.facts
		}
		require.Equal(t, seen, tracker.Seen)
	}
	require.Equal(t, want, tracker.Protocol)
}

func TestAnthropicMessages(t *testing.T) {
	follow(t, protocol.Anthropic, []said{
		{"", "", keepAlive, ""},
		{"message_start", `{"type":"message_start","message":{"id":"msg_1","content":[],"usage":{"input_tokens":9}}}`, 0, ""},
		{"content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`, 0, ""},
		{"ping", `{"type":"ping"}`, keepAlive, ""},
		{"content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}`, 0, ""},
		{"content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi \"you\""}}`, output, `Hi "you"`},
		{"content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"type":"char_location"}}}`, output, ""},
		{"content_block_stop", `{"type":"content_block_stop","index":0}`, 0, ""},
		{"content_block_start", `{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"at once"}}`, output, "at once"},
		{"content_block_start", `{"type":"content_block_start","index":2,"content_block":{"type":"thinking","thinking":"","signature":""}}`, 0, ""},
		{"content_block_delta", `{"type":"content_block_delta","index":2,"delta":{"type":"thinking_delta","thinking":"Hm"}}`, output, ""},
		{"content_block_delta", `{"type":"content_block_delta","index":2,"delta":{"type":"signature_delta","signature":"abc"}}`, output, ""},
		{"content_block_start", `{"type":"content_block_start","index":3,"content_block":{"type":"redacted_thinking","data":"x"}}`, output, ""},
		{"content_block_start", `{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_1","name":"look","input":{}}}`, opaque, ""},
		{"content_block_delta", `{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":""}}`, 0, ""},
		{"content_block_delta", `{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"a\""}}`, opaque, ""},
		{"content_block_start", `{"type":"content_block_start","index":5,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}}`, opaque, ""},
		{"message_delta", `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}`, stopped, ""},
		{"some_news", `{"type":"some_news"}`, 0, ""},
		{"message_stop", `{"type":"message_stop"}`, ended, ""},
	})
	start := said{"message_start", `{"type":"message_start","message":{}}`, 0, ""}
	for reason, facts := range map[string]protocol.Facts{
		"refusal": stopped | protocol.Refused, "max_tokens": stopped | protocol.Limited, "model_context_window_exceeded": stopped | protocol.Limited,
		"tool_use": stopped | toolCall, "stop_sequence": stopped, "pause_turn": stopped, "sensitive": stopped | protocol.Refused,
	} {
		follow(t, protocol.Anthropic, []said{start, {"message_delta", `{"type":"message_delta","delta":{"stop_reason":"` + reason + `"}}`, facts, ""}})
	}
	follow(t, protocol.Anthropic, []said{start, {"error", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, failed, ""}})
	follow(t, nil, []said{{"error", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, failed, ""}})
}

func TestOpenAIChatCompletions(t *testing.T) {
	choice := func(delta, finish string) string {
		return `{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":` + delta + `,"finish_reason":` + finish + `}]}`
	}
	follow(t, protocol.OpenAIChat, []said{
		{"", `{"id":"","object":"","choices":[],"prompt_filter_results":[{"prompt_index":0}]}`, 0, ""},
		{"", choice(`{"role":"assistant","content":""}`, "null"), 0, ""},
		{"", choice(`{"role":"assistant","content":null,"refusal":null}`, "null"), 0, ""},
		{"", choice(`{"content":"Hi"}`, "null"), output, "Hi"},
		{"", choice(`{"reasoning_content":"Hm"}`, "null"), output, ""},
		{"", choice(`{"content":"","reasoning":"Hm","reasoning_details":[{"text":"Hm"}]}`, "null"), output, ""},
		{"", choice(`{"tool_calls":[{"index":0,"id":"call_1"}]}`, "null"), opaque, ""},
		{"", choice(`{"refusal":"I cannot"}`, "null"), opaque, ""},
		{"", choice(`{"audio":{"data":"x"}}`, "null"), opaque, ""},
		{"", choice(`{"tool_calls":[],"images":[]}`, "null"), 0, ""},
		{"", choice(`{}`, `""`), 0, ""},
		{"", choice(`{}`, `"stop"`), stopped | toolCall, ""},
		{"", `{"id":"c1","choices":[],"usage":{"total_tokens":9}}`, finished, ""},
		{"", "[DONE]", ended, ""},
	})
	for reason, facts := range map[string]protocol.Facts{
		"stop": stopped, "tool_calls": stopped | toolCall, "length": stopped | protocol.Limited, "content_filter": stopped | protocol.Refused,
		"sensitive": stopped | protocol.Refused, "eos": stopped, "network_error": stopped | broken, "error": stopped | broken, "abort": stopped | broken,
		"insufficient_system_resource": stopped | broken, "function_call_filter: MALFORMED_FUNCTION_CALL": stopped | broken,
	} {
		follow(t, protocol.OpenAIChat, []said{{"", choice(`{}`, `"`+reason+`"`), facts, ""}})
	}
	follow(t, protocol.OpenAIChat, []said{
		{"", `{"choices":[{"index":0,"delta":{"content":"A"}},{"index":1,"delta":{"content":"B"}}]}`, output, "A"},
		{"", `{"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}`, reasoned, ""},
		{"", `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, stopped, ""},
	})
	follow(t, protocol.OpenAIChat, []said{{"", `{"choices":[{"text":"old completions"}]}`, opaque, "old completions"}})
	follow(t, protocol.OpenAIChat, []said{{"", "[DONE]", ended, ""}})
	for _, fault := range []string{
		`{"error":{"message":"Overloaded"}}`, `{"error":"overloaded"}`, `{"id":"c1","choices":[],"error":{"code":502}}`, `{"object":"error","message":"x"}`,
	} {
		var tracker protocol.Tracker
		require.Equal(t, failed, tracker.Read(&sse.Event{Data: fault}), fault)
	}
	for _, fine := range []string{"null", `""`, "{}", "false", "[]"} {
		follow(t, protocol.OpenAIChat, []said{{"", `{"error":` + fine + `,"choices":[{"delta":{"content":"Hi"}}]}`, output, "Hi"}})
	}
}

func TestOpenAIResponses(t *testing.T) {
	follow(t, protocol.OpenAIResponses, []said{
		{"response.created", `{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress"}}`, 0, ""},
		{"response.in_progress", `{"type":"response.in_progress","sequence_number":1,"response":{"id":"resp_1"}}`, 0, ""},
		{"response.output_item.added", `{"type":"response.output_item.added","item":{"type":"message"}}`, 0, ""},
		{"response.output_item.added", `{"type":"response.output_item.added","item":{"type":"reasoning"}}`, 0, ""},
		{"response.content_part.added", `{"type":"response.content_part.added","part":{"type":"output_text","text":""}}`, 0, ""},
		{"response.output_text.delta", `{"type":"response.output_text.delta","delta":""}`, 0, ""},
		{"response.output_text.delta", `{"type":"response.output_text.delta","delta":"Hi"}`, output, "Hi"},
		{"response.output_text.done", `{"type":"response.output_text.done","text":"Hi"}`, 0, ""},
		{"response.reasoning_summary_text.delta", `{"type":"response.reasoning_summary_text.delta","delta":"Hm"}`, output, ""},
		{"response.output_item.added", `{"type":"response.output_item.added","item":{"type":"function_call","name":"look"}}`, opaque, ""},
		{"response.function_call_arguments.delta", `{"type":"response.function_call_arguments.delta","delta":"{"}`, opaque, ""},
		{"response.refusal.delta", `{"type":"response.refusal.delta","delta":"I cannot"}`, opaque, ""},
		{"response.image_generation_call.partial_image", `{"type":"response.image_generation_call.partial_image","partial_image_b64":"x"}`, opaque, ""},
		{"keepalive", `{"type":"keepalive","sequence_number":9}`, keepAlive, ""},
		{"response.completed", `{"type":"response.completed","response":{"output":[{"type":"message"}]}}`, ended | reasoned, ""},
	})
	created := said{"", `{"type":"response.created","response":{"id":"resp_1"}}`, 0, ""}
	for _, e := range []said{
		{"", `{"type":"response.completed","response":{"output":[{"type":"message"}]}}`, ended | reasoned | opaque, ""},
		{"", `{"type":"response.completed","response":{"output":[]}}`, ended | reasoned, ""},
		{"", `{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}`, ended | reasoned | protocol.Limited, ""},
		{"", `{"type":"response.incomplete","response":{"incomplete_details":{"reason":"content_filter"}}}`, ended | reasoned | protocol.Refused, ""},
		{"", `{"type":"response.failed","response":{"error":{"code":"server_error"}}}`, failed, ""},
		{"", `{"type":"response.cancelled","response":{}}`, failed, ""},
		{"error", `{"type":"error","code":"server_error","message":"x"}`, failed, ""},
	} {
		follow(t, protocol.OpenAIResponses, []said{created, e})
	}
	var tracker protocol.Tracker
	data := []byte(`{"type":"response.created","sequence_number":4,"response":{"id":"resp_1","background":true}}`)
	tracker.Read(&sse.Event{Data: string(data)})
	require.Equal(t, "resp_1", tracker.ResponseID)
	require.Equal(t, int64(4), tracker.Sequence)
	require.True(t, tracker.Background)
}

func TestGemini(t *testing.T) {
	candidate := func(parts, rest string) string {
		return `{"candidates":[{"content":{"parts":[` + parts + `],"role":"model"}` + rest + `,"index":0}],"usageMetadata":{}}`
	}
	follow(t, protocol.Gemini, []said{
		{"", candidate(`{"text":"Hi"}`, ""), output, "Hi"},
		{"", candidate(`{"text":""}`, ""), 0, ""},
		{"", candidate(`{"text":"Hm","thought":true}`, ""), output, ""},
		{"", candidate(`{"functionCall":{"name":"look"}}`, ""), opaque | toolCall, ""},
		{"", candidate(`{"inlineData":{"mimeType":"image/png"}}`, ""), opaque, ""},
		{"", candidate(`{"text":"x"}`, `,"finishReason":"FINISH_REASON_UNSPECIFIED"`), output, "x"},
		{"", candidate(`{"text":"!"}`, `,"finishReason":"STOP"`), output | stopped, "!"},
		{"", `{"usageMetadata":{"totalTokenCount":9}}`, finished, ""},
	})
	for reason, facts := range map[string]protocol.Facts{
		"STOP": reasoned, "MAX_TOKENS": stopped | protocol.Limited, "SAFETY": stopped | protocol.Refused, "RECITATION": stopped | protocol.Refused,
		"BLOCKLIST": stopped | protocol.Refused, "PROHIBITED_CONTENT": stopped | protocol.Refused, "SPII": stopped | protocol.Refused,
		"IMAGE_SAFETY": stopped | protocol.Refused, "MALFORMED_FUNCTION_CALL": stopped | broken, "UNEXPECTED_TOOL_CALL": stopped | broken, "OTHER": stopped,
	} {
		follow(t, protocol.Gemini, []said{{"", `{"candidates":[{"finishReason":"` + reason + `","index":0}]}`, facts, ""}})
	}
	follow(t, protocol.Gemini, []said{{"", `{"promptFeedback":{"blockReason":"SAFETY"}}`, protocol.Refused | stopped, ""}})
	follow(t, protocol.Gemini, []said{
		{"", candidate(`{"text":"Hi"}`, ""), output, "Hi"},
		{"", `{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}`, failed, ""},
	})
}

func TestVercelAISDKMessages(t *testing.T) {
	follow(t, protocol.AISDK, []said{
		{"", `{"type":"start","messageId":"m1"}`, 0, ""},
		{"", `{"type":"start-step"}`, 0, ""},
		{"", `{"type":"reasoning-start","id":"r1"}`, 0, ""},
		{"", `{"type":"reasoning-delta","id":"r1","delta":"Hm"}`, opaque, ""},
		{"", `{"type":"reasoning-end","id":"r1"}`, 0, ""},
		{"", `{"type":"text-start","id":"t1"}`, 0, ""},
		{"", `{"type":"text-delta","id":"t1","delta":""}`, 0, ""},
		{"", `{"type":"text-delta","id":"t1","delta":"Hi"}`, opaque, "Hi"},
		{"", `{"type":"text-end","id":"t1"}`, 0, ""},
		{"", `{"type":"tool-input-start","toolCallId":"c1","toolName":"look"}`, opaque, ""},
		{"", `{"type":"data-weather","data":{"t":20}}`, opaque, ""},
		{"", `{"type":"message-metadata","messageMetadata":{}}`, 0, ""},
		{"", `{"type":"finish-step"}`, 0, ""},
		{"", `{"type":"finish"}`, stopped, ""},
		{"", "[DONE]", ended, ""},
	})
	follow(t, protocol.AISDK, []said{{"", `{"type":"start"}`, 0, ""}, {"", `{"type":"error","errorText":"Overloaded"}`, failed, ""}})
	follow(t, protocol.AISDK, []said{{"", `{"type":"start"}`, 0, ""}, {"", `{"type":"abort"}`, stopped, ""}})
}

func TestAnUnknownProtocol(t *testing.T) {
	follow(t, nil, []said{
		{"", "", keepAlive, ""},
		{"ping", "x", keepAlive, ""},
		{"", `{"type":"ping"}`, keepAlive, ""},
		{"keepalive", "{}", keepAlive, ""},
		{"", "plain text", opaque, ""},
		{"update", `{"anything":1}`, opaque, ""},
		{"error", "plain text", failed, ""},
		{"", `{"type":"error"}`, failed, ""},
	})
	var tracker protocol.Tracker
	require.Equal(t, opaque, tracker.Read(&sse.Event{Oversize: true}), "an event that is too large to be read is output")
	require.Equal(t, 1, tracker.Events)
}

// read returns the facts of each event, read by one Tracker.
func read(tracker *protocol.Tracker, data ...string) (facts []protocol.Facts) {
	for _, d := range data {
		facts = append(facts, tracker.Read(&sse.Event{Data: d}))
	}
	return facts
}

func chunk(content, finish string) string {
	return `{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"` + content + `"},"finish_reason":` + finish + `}]}`
}

func TestOutputAfterAFinishReasonTakesItBack(t *testing.T) {
	var tracker protocol.Tracker
	require.Equal(t, []protocol.Facts{output | stopped}, read(&tracker, chunk("Hello ", `"stop"`)))
	require.NotZero(t, tracker.Seen&finished)
	require.Equal(t, []protocol.Facts{output | reasoned}, read(&tracker, chunk("world.", `"stop"`)), "from now on only the marker counts")
	require.Zero(t, tracker.Seen&finished)
	require.True(t, tracker.Complete(), "or the end of the body")
	require.Equal(t, []protocol.Facts{ended}, read(&tracker, "[DONE]"))
}

func TestGeminiSTOPBeforeAnyTextIsNotAnEnd(t *testing.T) {
	frame := func(text, reason string) string {
		return `{"candidates":[{"content":{"parts":[` + text + `]},"finishReason":` + reason + `}]}`
	}
	var tracker protocol.Tracker
	read(&tracker, frame("", `"STOP"`), frame("", `"STOP"`))
	require.Zero(t, tracker.Seen&finished)
	require.Equal(t, []protocol.Facts{output | reasoned}, read(&tracker, frame(`{"text":"Hi"}`, `"STOP"`)))
	require.True(t, tracker.Complete())
}

func TestAsManyAnswersMustEndAsWereRequested(t *testing.T) {
	tracker := protocol.Tracker{Wanted: 2}
	require.Equal(t, []protocol.Facts{output, reasoned}, read(&tracker, chunk("A", "null"), chunk("", `"stop"`)))
	require.False(t, tracker.Complete())
	require.Equal(t, []protocol.Facts{output | stopped}, read(&tracker, `{"choices":[{"index":1,"delta":{"content":"B"},"finish_reason":"stop"}]}`))
	require.True(t, tracker.Complete())
}

func TestWhatAKnownProtocolCannotHaveSent(t *testing.T) {
	for data, want := range map[string]protocol.Facts{
		`{"choices":[{"index":0,"del: keep-alive`:                                protocol.Unreadable,
		"error: upstream connect error":                                          failed,
		"[ERROR] stream broken":                                                  failed,
		"An error occurred.":                                                     failed,
		`{'error': {'message': 'Overloaded', 'code': 529}}`:                      failed,
		`{"choices":[{"delta":{}}],"x_groq":{"id":"r","error":"over_capacity"}}`: failed,
		`{"choices":[{"delta":{"content":"x"}}],"x_groq":{"id":"r"}}`:            output,
		`{"code":500,"message":"internal error","sid":"1"}`:                      failed,
		`{"code":200,"message":"ok"}`:                                            opaque,
		`{"code":500,"step":3}`:                                                  opaque,
		"503 Service Unavailable":                                                failed,
		`"An error occurred."`:                                                   failed,
		"ping":                                                                   keepAlive,
		"PING":                                                                   keepAlive,
		"null":                                                                   keepAlive,
		"1764365400":                                                             keepAlive,
		`""`:                                                                     keepAlive,
		`{"choices":[{"delta":{"content":"x"}}],"error":{"code":0,"message":""}}`: output,
		`{"choices":[{"delta":{"content":"x"}}],"error":{"code":1,"message":""}}`: failed,
		`{"choices":[{"delta":{"content":"x"}}],"error":0}`:                       output,
		`{"type":"keepalive"}`: keepAlive,
		`{"choices":null,"error_type":"BadRequestError","error_message":"x"}`:   failed,
		`{"choices":null,"base_resp":{"status_code":1002,"status_msg":"x"}}`:    failed,
		`{"choices":null,"usage":{}}`:                                           opaque,
		`{"choices":[{"delta":{"content":"x"}}],"base_resp":{"status_code":0}}`: output,
	} {
		tracker := protocol.Tracker{Promised: protocol.OpenAIChat}
		require.Equal(t, []protocol.Facts{want}, read(&tracker, data), data)
	}
	var tracker protocol.Tracker
	require.Equal(t, []protocol.Facts{opaque, opaque}, read(&tracker, "error: x", `{"half`), "in an unknown protocol such data is output")
}

func TestWordsUnderANameThatSaysFailureAreAFailure(t *testing.T) {
	for name, want := range map[string]protocol.Facts{
		"time":                keepAlive,
		"status":              keepAlive,
		"conversation_id":     keepAlive,
		"upstream_error":      failed,
		"exception":           failed,
		"throttlingException": failed,
		"failure":             failed,
		"fault":               failed,
		"aborted":             failed,
		"timeout":             failed,
		"message_delta":       failed, // a protocol's own event is JSON
		"content_block_delta": failed,
		"response.completed":  failed,
	} {
		tracker := protocol.Tracker{Promised: protocol.OpenAIChat}
		require.Equal(t, want, tracker.Read(&sse.Event{Type: name, Data: "upstream connection lost"}), name)
	}
}

func TestASecondMessageInsideAnOpenOneIsUnreadable(t *testing.T) {
	start := func(id string) string { return `{"type":"message_start","message":{"id":"` + id + `"}}` }
	stop := `{"type":"message_stop"}`
	for _, row := range []struct {
		events []string
		last   protocol.Facts
	}{
		{[]string{start("a"), start("b")}, protocol.Unreadable},
		{[]string{start("a"), start("a")}, 0},
		{[]string{start("a"), start("")}, 0},
		{[]string{start("a"), stop, start("b")}, 0},
		{[]string{`{"type":"response.created","response":{"id":"a"}}`, `{"type":"response.created","response":{"id":"b"}}`}, protocol.Unreadable},
	} {
		var tracker protocol.Tracker
		facts := read(&tracker, row.events...)
		require.Equal(t, row.last, facts[len(facts)-1], row.events)
	}
}

func TestDONEAloneDoesNotFinishAResponse(t *testing.T) {
	var tracker protocol.Tracker
	require.Equal(t, []protocol.Facts{0, output, protocol.Unfinished}, read(&tracker,
		`{"type":"response.created","response":{"id":"r"}}`, `{"type":"response.output_text.delta","delta":"Hi"}`, "[DONE]"))
	tracker = protocol.Tracker{}
	require.Equal(t, ended, read(&tracker, `{"type":"response.created","response":{"id":"r"}}`, `{"type":"response.completed","response":{}}`, "[DONE]")[2])
}

func TestAToolCallIsReportedWhenItIsComplete(t *testing.T) {
	for name, events := range map[string][]string{
		"anthropic":                 {`{"type":"content_block_start","content_block":{"type":"tool_use","name":"look"}}`, `{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{}"}}`, `{"type":"content_block_stop"}`},
		"chat, the next one begins": {`{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"a"}}]}}]}`, `{"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"name":"b"}}]}}]}`},
		"chat, the end":             {`{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"a"}}]}}]}`, `{"choices":[{"delta":{},"finish_reason":"stop"}]}`},
		"responses":                 {`{"type":"response.output_item.added","item":{"type":"function_call"}}`, `{"type":"response.output_item.done","item":{"type":"function_call"}}`},
		"ai sdk":                    {`{"type":"start"}`, `{"type":"tool-input-available","toolCallId":"c"}`},
	} {
		var tracker protocol.Tracker
		facts := read(&tracker, events...)
		for i, f := range facts {
			require.Equal(t, i == len(facts)-1, f&toolCall != 0, "%s, event %d", name, i)
		}
	}
}

func TestTheFirstEventOfAStreamRevealsItsProtocolOnlyInFullForm(t *testing.T) {
	for data, want := range map[string]*protocol.Protocol{
		`{"object":"chat.completion.chunk","choices":[]}`:          protocol.OpenAIChat,
		`{"choices":[{"delta":{"content":"x"}}]}`:                  nil,
		`{"type":"message_start","message":{"id":"m"}}`:            protocol.Anthropic,
		`{"type":"message_start"}`:                                 nil,
		`{"type":"response.created","response":{}}`:                protocol.OpenAIResponses,
		`{"type":"response.output_text.delta","delta":"x"}`:        nil,
		`{"candidates":[{"content":{"parts":[]}}]}`:                protocol.Gemini,
		`{"candidates":["a","b"]}`:                                 nil,
		`{"type":"start","messageId":"m"}`:                         protocol.AISDK,
		`{"type":"start","runId":"r","from":"AGENT","payload":{}}`: nil,
		`{"jsonrpc":"2.0","id":1,"result":{}}`:                     nil,
		`hello`:                                                    nil,
	} {
		require.Equal(t, want, protocol.Begun(data), data)
	}
	for data, want := range map[string]bool{
		`{"error":{"message":"x"}}`:                            true,
		`{"error":{"message":"x"},"choices":[],"id":"1"}`:      true,
		`{"type":"error","error":{"type":"overloaded_error"}}`: true,
		`{"error":{}}`:                       false,
		`{"error":"x"}`:                      false,
		`{"error":{"message":"x"},"step":3}`: false,
		`{"jsonrpc":"2.0","error":{"code":-32602,"message":"x"}}`: false,
		`{"progress":0.5,"error":null}`:                           false,
	} {
		require.Equal(t, want, protocol.IsError("", data), data)
	}
	require.True(t, protocol.IsError("error", "anything"))
}

// FuzzTracker checks that no text makes a Tracker panic, and that it keeps no view
// of memory that the Reader reuses.
func FuzzTracker(f *testing.F) {
	f.Add([]byte("event: ping\ndata: {}\n\n: comment\r\n\r\nid: 1\ndata: a\ndata: b\n\n"))
	f.Add([]byte(`data: {"type":"response.created","response":{"id":"r","background":true}}` + "\n\n"))
	f.Add([]byte(`data: {"choices":[{"index":-1,"delta":{"content":"x"},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"))
	f.Add([]byte(`data: {"candidates":[{"content":{"parts":[{"text":"x"}]}}]}` + "\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var reader sse.Reader
		var e sse.Event
		var views, copies protocol.Tracker
		reader.Feed(body)
		for reader.Next(&e) {
			same := e
			same.Type, same.Data, same.ID = strings.Clone(e.Type), strings.Clone(e.Data), strings.Clone(e.ID)
			require.Equal(t, copies.Read(&same), views.Read(&e))
			want, alone := copies.Text(&same)
			got, ok := views.Text(&e)
			require.Equal(t, want, got)
			require.Equal(t, alone, ok)
		}
		require.Equal(t, copies, views)
	})
}

func TestAnAnswerOfTheResponsesAPINeedsNoDeltas(t *testing.T) {
	for _, e := range []said{
		{"", `{"type":"response.output_text.done","text":"Hi"}`, opaque, ""},
		{"", `{"type":"response.output_item.done","item":{"type":"message","content":[{"type":"output_text","text":"Hi"}]}}`, opaque, ""},
		{"", `{"type":"response.output_item.added","item":{"type":"message","content":[]}}`, 0, ""},
		{"", `{"type":"response.output_text.done","text":""}`, 0, ""},
	} {
		follow(t, protocol.OpenAIResponses, []said{{"", `{"type":"response.created","response":{"id":"r"}}`, 0, ""}, e})
	}
}

func TestAToolsErrorIsNoErrorOfTheAnswer(t *testing.T) {
	follow(t, protocol.OpenAIResponses, []said{
		{"", `{"type":"response.created","response":{"id":"r"}}`, 0, ""},
		{"", `{"type":"response.mcp_call.failed","error":"HTTP 500"}`, 0, ""},
		{"", `{"type":"response.output_item.done","item":{"type":"mcp_call","error":{"type":"http_error","code":500}}}`, opaque, ""},
	})
}

func TestCloudflareSaysThatItDidNotSucceed(t *testing.T) {
	event := sse.Event{Data: `{"result":null,"success":false,"errors":[{"message":"AiError: capacity exceeded","code":3040}]}`}
	tracker := protocol.Tracker{Promised: protocol.OpenAIChat}
	require.Equal(t, failed, tracker.Read(&event))
}
