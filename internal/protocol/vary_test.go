package protocol_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// streams are answers in every protocol. Some of their events differ only in
// their values.
var streams = func() map[string]string {
	data := func(events ...string) string {
		return "data: " + strings.Join(events, "\n\ndata: ") + "\n\n"
	}
	typed := func(events ...string) string {
		all := ""
		for _, e := range events {
			typ, _, _ := strings.Cut(strings.TrimPrefix(e, `{"type":"`), `"`)
			all += "event: " + typ + "\ndata: " + e + "\n\n"
		}
		return all
	}
	chunk := func(delta, rest string) string {
		return `{"id":"c1","object":"chat.completion.chunk","created":1764000000,"model":"m","choices":[{"index":0,"delta":{` + delta + `},"logprobs":null` + rest + `}],"obfuscation":"x` + delta[1:5] + `"}`
	}
	part := func(parts, rest string) string {
		return `{"candidates":[{"content":{"parts":[` + parts + `],"role":"model"}` + rest + `,"index":0}],"usageMetadata":{"totalTokenCount":` + fmt.Sprint(len(parts)) + `},"modelVersion":"g"}`
	}
	return map[string]string{
		"openai": data(chunk(`"role":"assistant","content":""`, `,"finish_reason":null`), chunk(`"content":"Hel"`, `,"finish_reason":null`),
			chunk(`"content":"lo \"you\""`, `,"finish_reason":null`), chunk(`"content":" there"`, `,"finish_reason":null`),
			chunk(`"reasoning_content":"Hm"`, `,"finish_reason":null`), chunk(`"reasoning_content":"Hmm"`, `,"finish_reason":null`),
			chunk(`"tool_calls":[{"index":0,"function":{"arguments":"{\"a"}}]`, `,"finish_reason":null`),
			chunk(`"tool_calls":[{"index":0,"function":{"arguments":"\":1}"}}]`, `,"finish_reason":null`),
			chunk(`"content":"!"`, `,"finish_reason":"stop"`), "[DONE]"),
		"openai, two choices": data(`{"choices":[{"index":0,"delta":{"content":"A"}}]}`, `{"choices":[{"index":1,"delta":{"content":"B"}}]}`,
			`{"choices":[{"index":0,"delta":{"content":"C"}}]}`, `{"choices":[{"index":1,"delta":{"content":"D"},"finish_reason":"stop"}]}`,
			`{"choices":[{"index":0,"delta":{"content":"E"}}]}`, `{"choices":[{"index":0,"delta":{"content":"F"},"finish_reason":"length"}]}`,
			`{"choices":[{"index":0,"delta":{"content":"G"}}]}`, "[DONE]"),
		"anthropic": typed(`{"type":"message_start","message":{"id":"msg_1"}}`, `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}`, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\u00e9\\"}}`, `{"type":"ping"}`, `{"type":"content_block_stop","index":0}`,
			`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"look","input":{}}}`,
			`{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{"}}`,
			`{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"}"}}`, `{"type":"content_block_stop","index":1}`,
			`{"type":"message_delta","delta":{"stop_reason":"tool_use"}}`, `{"type":"message_stop"}`),
		"responses": typed(`{"type":"response.created","sequence_number":0,"response":{"id":"r1","background":true}}`,
			`{"type":"response.output_text.delta","sequence_number":1,"item_id":"m","delta":"Hel","logprobs":[],"obfuscation":"abc"}`,
			`{"type":"response.output_text.delta","sequence_number":2,"item_id":"m","delta":"lo","logprobs":[],"obfuscation":"abcdef"}`,
			`{"type":"response.output_text.delta","sequence_number":13,"item_id":"m","delta":"!","logprobs":[],"obfuscation":""}`,
			`{"type":"response.reasoning_text.delta","sequence_number":14,"delta":"Hm"}`, `{"type":"response.reasoning_text.delta","sequence_number":15,"delta":""}`,
			`{"type":"response.completed","sequence_number":16,"response":{"id":"r1","output":[{"type":"message"}]}}`),
		"gemini": strings.ReplaceAll(data(part(`{"text":"Hel"}`, ""), part(`{"text":"lo, "}`, ""), part(`{"text":"you"}`, ""), part(`{"text":"Hm","thought":true}`, ""),
			part(`{"text":"Hmm","thought":true}`, ""), part(`{"functionCall":{"name":"look","args":{}}}`, ""), part(`{"text":"!"}`, `,"finishReason":"STOP"`)), "\n", "\r\n"),
		"ai sdk": data(`{"type":"start","messageId":"m"}`, `{"type":"text-start","id":"t"}`, `{"type":"text-delta","id":"t","delta":"Hel"}`,
			`{"type":"text-delta","id":"t","delta":"lo"}`, `{"type":"text-delta","id":"t","delta":"!"}`, `{"type":"finish"}`, "[DONE]"),
		"cohere": typed(`{"type":"message-start","id":"m","delta":{"message":{"role":"assistant","content":[]}}}`,
			`{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}`,
			`{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Hel"}}}}`, `{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"lo"}}}}`,
			`{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":", you"}}}}`,
			`{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"Hm"}}}}`, `{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":""}}}}`,
			`{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"t","function":{"name":"look","arguments":""}}}}}`,
			`{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{}"}}}}}`, `{"type":"tool-call-end","index":0}`,
			`{"type":"message-end","id":"m","delta":{"finish_reason":"TOOL_CALL"}}`),
		"an error behind text": data(chunk(`"content":"Hel"`, ``), chunk(`"content":"lo"`, ``), chunk(`"content":"lo"`, ``), `{"error":{"message":"Overloaded"}}`),
		"half an event":        data(chunk(`"content":"Hel"`, ``), chunk(`"content":"lo"`, ``), `{"choices":[{"index":0,"delta":{"content":"wor: ping`, `ld"}}]}`),
		"no protocol":          "id: 1\ndata: {\"n\":1}\n\nid: 2\ndata: {\"n\":2}\n\n: ping\n\ndata: plain\n\n",
	}
}()

// fact is what the Tracker made of one event.
type fact struct {
	facts    protocol.Facts
	end      int64
	text     string
	sequence int64
	seen     protocol.Facts
	complete bool
}

// facts reads a stream that arrives in chunks. known counts the events that matched
// a shape; without shapes, every event is parsed.
func facts(t *testing.T, body string, promised *protocol.Protocol, chunks []string, shapes bool) (list []fact, known int) {
	t.Helper()
	var r sse.Reader
	var e sse.Event
	tracker := protocol.Tracker{Promised: promised}
	note := func() {
		if e.Known {
			known++
		}
		said := tracker.Follow(&r, &e)
		if !shapes {
			r.Shapes.Forget()
		}
		if e.Empty() {
			return
		}
		end := e.Bytes.To
		if end < int64(len(body)) && body[end-1:end+1] == "\r\n" {
			end++ // the line feed may come in a later chunk
		}
		text, _ := tracker.Text(&e)
		list = append(list, fact{said, end, strings.Clone(text.Str()), tracker.Sequence, tracker.Seen, tracker.Complete()})
	}
	readAll(&r, &e, chunks, note)
	return list, known
}

// readAll reads a body and calls note after each event, which is in e.
func readAll(r *sse.Reader, e *sse.Event, chunks []string, note func()) {
	for _, chunk := range chunks {
		p := []byte(chunk)
		r.Feed(p)
		for r.Next(e) {
			note()
		}
		clear(p) // the buffer belongs to the host, who may reuse it
	}
	if _, rest := r.Last(e); rest {
		note()
	}
}

// pieces cuts s into pieces of n bytes.
func pieces(s string, n int) (list []string) {
	for len(s) > n {
		list = append(list, s[:n])
		s = s[n:]
	}
	return append(list, s)
}

func TestShapesDoNotChangeWhatATrackerReads(t *testing.T) {
	for name, body := range streams {
		t.Run(name, func(t *testing.T) {
			want, known := facts(t, body, nil, []string{body}, false)
			require.Zero(t, known)
			got, known := facts(t, body, nil, []string{body}, true)
			require.Equal(t, want, got)
			if name != "no protocol" && name != "half an event" && name != "openai, two choices" {
				require.NotZero(t, known)
			}
			for cut := range body {
				got, _ := facts(t, body, nil, []string{body[:cut], body[cut:]}, true)
				require.Equal(t, want, got, "cut at %d", cut)
			}
			for size := 1; size < 200; size += 7 {
				got, _ := facts(t, body, nil, pieces(body, size), true)
				require.Equal(t, want, got, "in pieces of %d", size)
			}
		})
	}
}

func TestEveryEventThatIsOnlyOutputMatchesAShape(t *testing.T) {
	for name, e := range map[string][2]string{
		"text":               {`{"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}`, "openai"},
		"reasoning":          {`{"choices":[{"index":0,"delta":{"reasoning_content":"%s"}}]}`, "openai"},
		"tool arguments":     {`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"%s"}}]}}]}`, "openai"},
		"obfuscation":        {`{"id":"c","choices":[{"index":0,"delta":{"content":"%s"}}],"usage":null,"obfuscation":"%[1]s"}`, "openai"},
		"usage in each":      {`{"choices":[{"index":0,"delta":{"content":"%s"}}],"usage":{"prompt_tokens":9,"completion_tokens":1%[2]d}}`, "openai"},
		"log probabilities":  {`{"choices":[{"index":0,"delta":{"content":"%s"},"logprobs":{"content":[{"token":"%[1]s","logprob":-0.%[2]d5,"top_logprobs":[]}]}}]}`, "openai"},
		"Anthropic's text":   {`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}`, "anthropic"},
		"thinking":           {`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"%s"}}`, "anthropic"},
		"Anthropic's tools":  {`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"%s"}}`, "anthropic"},
		"Responses":          {`{"type":"response.output_text.delta","sequence_number":%[2]d,"delta":"%[1]s","logprobs":[],"obfuscation":"x%[1]s"}`, "openai-responses"},
		"Responses' tools":   {`{"type":"response.function_call_arguments.delta","sequence_number":%[2]d,"item_id":"f","delta":"%[1]s"}`, "openai-responses"},
		"Responses' thought": {`{"type":"response.reasoning_summary_text.delta","sequence_number":%[2]d,"delta":"%[1]s"}`, "openai-responses"},
		"Gemini":             {`{"candidates":[{"content":{"parts":[{"text":"%s"}],"role":"model"},"index":0}],"usageMetadata":{"candidatesTokenCount":%[2]d},"responseId":"r"}`, "gemini"},
		"Cohere":             {`{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"%s"}}}}`, "cohere"},
		"the AI SDK":         {`{"type":"text-delta","id":"t","delta":"%s"}`, "ai-sdk"},
	} {
		body := ""
		if e[1] == "ai-sdk" {
			body = "data: {\"type\":\"start\"}\n\n"
		}
		const n = 20
		for i := range n {
			data := fmt.Sprintf(e[0], strings.Repeat("w", i+1), i)
			if cut := strings.Index(data, "%!(EXTRA"); cut >= 0 {
				data = data[:cut]
			}
			body += "data: " + data + "\n\n"
		}
		_, known := facts(t, body, protocol.ByName(e[1]), []string{body}, true)
		require.GreaterOrEqual(t, known, n-3, "%s: the first two change the Tracker's state", name)
	}
}

// names are what a request can promise, "" for nothing.
var names = append(strings.Fields(protocol.Names()), "")

func FuzzShapesDoNotChangeWhatATrackerReads(f *testing.F) {
	for _, body := range streams {
		f.Add([]byte(body), uint16(64), uint16(len(body)/2), uint8(0))
		f.Add([]byte(body+body), uint16(1), uint16(len(body)), uint8(2))
	}
	f.Fuzz(func(t *testing.T, raw []byte, size, at uint16, promised uint8) {
		body := string(raw)
		p := protocol.ByName(names[int(promised)%len(names)])
		want, _ := facts(t, body, p, []string{body}, false)
		cut := min(int(at), len(body))
		for _, chunks := range [][]string{{body}, {body[:cut], body[cut:]}, pieces(body, int(size)+1)} {
			got, _ := facts(t, body, p, chunks, true)
			require.Equal(t, want, got)
		}
		got, _ := facts(t, body, p, pieces(body, int(size)+1), false)
		require.Equal(t, want, got)
	})
}
