package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

func events(data ...string) []string {
	for i := range data {
		data[i] = "data: " + data[i] + "\n\n"
	}
	return data
}

func chunkWith(delta, rest string) string {
	return `{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":` + delta + rest + `}]}`
}

// finishing is a chunk with content and a finish reason.
func finishing(content, reason string) string {
	return chunkWith(fmt.Sprintf(`{"content":%q}`, content), fmt.Sprintf(`,"finish_reason":%q`, reason))
}

func saying(content string) string {
	return chunkWith(fmt.Sprintf(`{"content":%q}`, content), "")
}

var (
	atChat      = session.Request{Method: "POST", URL: "https://api.example.com/v1/chat/completions", Body: `{"model":"m","stream":true,"messages":[]}`}
	atMessages  = session.Request{Method: "POST", URL: "https://api.example.com/v1/messages", Body: `{"model":"m","stream":true,"max_tokens":9}`}
	atResponses = session.Request{Method: "POST", URL: "https://api.example.com/v1/responses", Body: `{"model":"m","stream":true,"input":"x"}`}
	atGemini    = session.Request{Method: "POST", URL: "https://api.example.com/v1/models/g:streamGenerateContent?alt=sse", Body: `{"contents":[{}]}`}
	atAsk       = session.Request{Method: "POST", URL: "https://api.example.com/ask", Body: `{"model":"m","stream":true,"messages":[]}`}
)

// answerCase is how an answer ends, and what the session makes of it.
type answerCase struct {
	request session.Request
	policy  retry.Policy
	// bad answers the first attempts, good the one after them. Without good, bad
	// answers every attempt.
	bad  attempt
	good []string
	// The outcome: what a Fetch gets (finish, fail, pass) and a Stream, the kind
	// of the verdict, and how many requests it takes.
	do       session.Do
	kind     classify.Kind
	requests int
	got      string // "" is all of the last attempt's chunks
	detail   string
}

func (c answerCase) run(t *testing.T, canReset bool) (*host, *session.Answer) {
	t.Helper()
	attempts := []attempt{c.bad}
	if c.good != nil {
		attempts = append(attempts, attempt{chunks: c.good})
	}
	for len(attempts) < 12 {
		attempts = append(attempts, attempts[len(attempts)-1])
	}
	h := newHost(t, session.Config{Request: c.request, Policy: c.policy, CanReset: canReset}, attempts...)
	return h, h.run()
}

func TestHowAnswersEnd(t *testing.T) {
	retried := events(saying("good"), finishing("", "stop"), "[DONE]")
	for name, c := range map[string]answerCase{
		"output after a finish reason cancels it": {
			request: atChat, bad: attempt{chunks: events(finishing("Hello ", "stop"), finishing("world.", "stop"), "[DONE]"), every: 3000},
			do: session.DoFinish, requests: 1,
		},
		"usage comes seconds after the finish reason": {
			request: atChat, bad: attempt{chunks: events(saying("Hi"), finishing("", "stop"), `{"object":"chat.completion.chunk","choices":[],"usage":{"total_tokens":3}}`, "[DONE]"), every: 3000},
			do: session.DoFinish, requests: 1,
		},
		"Gemini stops before its first word": {
			request: atGemini, bad: attempt{chunks: events(`{"candidates":[{"content":{"parts":[]},"finishReason":"STOP"}]}`, `{"candidates":[{"content":{"parts":[]},"finishReason":"STOP"}]}`, `{"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}]}`), every: 3000},
			do: session.DoFinish, requests: 1,
		},
		"Anthropic without message_stop": {
			request: atMessages, bad: attempt{chunks: claude("Hi")[:len(claude("Hi"))-1]},
			do: session.DoFinish, requests: 1,
		},
		"Anthropic without message_stop, pinging": {
			request: atMessages, bad: attempt{chunks: append(claude("Hi")[:len(claude("Hi"))-1], "event: ping\ndata: {\"type\":\"ping\"}\n\n", "event: ping\ndata: {\"type\":\"ping\"}\n\n"), then: "hang", every: 4000},
			do: session.DoFinish, requests: 1,
		},
		"two whole messages in one body": {
			request: atMessages, bad: attempt{chunks: append(claude("one"), strings.ReplaceAll(strings.Join(claude("two"), ""), "msg_1", "msg_2"))},
			do: session.DoFinish, requests: 1,
		},
		"an error after the end": {
			request: atChat, bad: attempt{chunks: events(saying("Hi"), finishing("", "stop"), "[DONE]", `{"error":{"message":"Overloaded","type":"overloaded_error"}}`)},
			do: session.DoFinish, requests: 1,
		},
		"a reset after the end": {
			request: atChat, bad: attempt{chunks: events(saying("Hi"), "[DONE]"), then: "reset"},
			do: session.DoFinish, requests: 1,
		},
		"more choices were asked for than have ended": {
			request: session.Request{Method: "POST", URL: atChat.URL, Body: `{"stream":true,"n":2}`},
			bad:     attempt{chunks: events(saying("A"), finishing("", "stop"), `{"choices":[{"index":1,"delta":{"content":"B"}}]}`, `{"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}`), every: 11_000},
			do:      session.DoFinish, requests: 1,
		},
		"a body that ends in CR": {
			request: atGemini, bad: attempt{chunks: []string{"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"A\"}]},\"finishReason\":\"STOP\"}]}\r"}},
			do: session.DoFinish, requests: 1, got: "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"A\"}]},\"finishReason\":\"STOP\"}]}\r\n\r\n",
		},
		"finish_reason network_error": {
			request: atChat, bad: attempt{chunks: events(chunkWith(`{"role":"assistant","content":""}`, ""), finishing("", "network_error"), "[DONE]")}, good: retried,
			do: session.DoFinish, requests: 2,
		},
		"native_finish_reason": {
			request: atChat, bad: attempt{chunks: events(chunkWith(`{}`, `,"finish_reason":"stop","native_finish_reason":"network_error"`), "[DONE]")}, good: retried,
			do: session.DoFinish, requests: 2,
		},
		"a malformed call inside a longer reason": {
			request: atChat, bad: attempt{chunks: events(chunkWith(`{}`, `,"finish_reason":"function_call_filter: MALFORMED_FUNCTION_CALL"`), "[DONE]")}, good: retried,
			do: session.DoFinish, requests: 2,
		},
		"finish_reason abort, each time": {
			request: atChat, bad: attempt{chunks: events(finishing("", "abort"), "[DONE]")},
			do: session.DoFail, kind: classify.Server, requests: 3, detail: "finish reason", got: "-",
		},
		"finish_reason sensitive": {
			request: atChat, bad: attempt{chunks: events(finishing("", "sensitive"), "[DONE]")},
			do: session.DoFinish, kind: classify.ContentPolicy, requests: 1,
		},
		"choices: null beside an error": {
			request: atChat, bad: attempt{chunks: events(`{"choices":null,"error_type":"BadRequestError","error_message":"Error code: 400 - This model's maximum context length is 131072 tokens."}`)},
			do: session.DoFail, kind: classify.ContextLength, requests: 1, got: "-",
		},
		"a line error: with JSON": {
			request: atChat, bad: attempt{chunks: []string{"error: {\"code\":400,\"message\":\"the request exceeds the available context size\"}\n\n", "data: [DONE]\n\n"}},
			do: session.DoFail, kind: classify.ContextLength, requests: 1, got: "-",
		},
		"data: error: …": {
			request: atChat, bad: attempt{chunks: events("error: upstream connect error")}, good: retried,
			do: session.DoFinish, requests: 2,
		},
		"data: error: …, each time": {
			request: atChat, bad: attempt{chunks: events("error: upstream connect error")},
			do: session.DoFail, kind: classify.Network, requests: 3, got: "-",
		},
		"a keep-alive inside an event": {
			request: atChat, bad: attempt{chunks: []string{"data: {\"choices\":[{\"index\":0,\"del: keep-alive\n\n", "ta\":{\"content\":\"x\"}}]}\n\n"}}, good: retried,
			do: session.DoFinish, requests: 2,
		},
		"Responses: [DONE] without response.completed": {
			request: atResponses, policy: retry.Policy{MaxAttempts: 2}, bad: attempt{chunks: events(`{"type":"response.created","response":{"id":"r"}}`, "[DONE]")},
			do: session.DoFail, kind: classify.AttemptsExhausted, requests: 2, got: "-",
		},
		"no output, but a finish reason: delivered unchanged": {
			request: atChat, bad: attempt{chunks: events(finishing("", "stop"), "[DONE]")},
			do: session.DoFinish, requests: 2,
		},
		"no output, but message_stop": {
			request: atMessages, bad: attempt{chunks: claude()},
			do: session.DoFinish, requests: 2,
		},
		"nothing but [DONE] is an empty answer": {
			request: atChat, bad: attempt{chunks: events("[DONE]")},
			do: session.DoFail, kind: classify.EmptyOutput, requests: 3, got: "-",
		},
		"an empty body": {
			request: atChat, bad: attempt{},
			do: session.DoFail, kind: classify.EmptyOutput, requests: 3, got: "-",
		},
		"an error without a known type": {
			request: atChat, bad: attempt{chunks: events(`{"error":{"message":"Something odd happened."}}`)},
			do: session.DoPass, requests: 3, kind: classify.Server,
		},
		"an error with a known type is certain": {
			request: atChat, bad: attempt{chunks: events(`{"error":{"message":"x","type":"overloaded_error"}}`)}, policy: retry.Policy{MaxAttempts: 9},
			do: session.DoPass, requests: 9, kind: classify.AttemptsExhausted,
		},
		"a 409 without a reason": {
			request: atChat, bad: attempt{status: 409},
			do: session.DoPass, requests: 3, kind: classify.Conflict,
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, a := c.run(t, false)
			require.Equal(t, c.do, a.Do, "%+v", a.Verdict)
			require.Len(t, h.opened, c.requests)
			if c.kind == "" {
				require.Nil(t, a.Verdict)
			} else {
				require.Equal(t, c.kind, a.Verdict.Kind)
				require.Contains(t, a.Verdict.Detail, c.detail)
			}
			want := strings.Join(c.bad.chunks, "")
			if c.good != nil {
				want = strings.Join(c.good, "")
			}
			if c.got != "" {
				want = strings.TrimPrefix(c.got, "-")
			}
			require.Equal(t, want, h.got.String())
		})
	}
}

func TestAFailureAfterOutputHasTheSameKindAsBeforeIt(t *testing.T) {
	for name, c := range map[string]answerCase{
		"a permanent error on a bare line":    {request: atChat, bad: attempt{chunks: append(events(saying("Hi")), `{"error":{"type":"insufficient_quota","message":"You exceeded your current quota"}}`+"\n\n")}, kind: classify.Quota, got: events(saying("Hi"))[0]},
		"Responses: [DONE] without an end":    {request: atResponses, bad: attempt{chunks: events(`{"type":"response.created","response":{"id":"r"}}`, `{"type":"response.output_text.delta","delta":"Hi"}`, "[DONE]")}, kind: classify.Truncated},
		"a second message inside an open one": {request: atMessages, bad: attempt{chunks: append(claude("Hi")[:4], strings.ReplaceAll(claude("x")[0], "msg_1", "msg_2"))}, kind: classify.Unreadable},
		"an event in which something else is": {request: atChat, bad: attempt{chunks: append(events(saying("Hi")), "data: {\"choices\":[{\"index\":0,\"del: keep-alive\n\n")}, kind: classify.Unreadable},
		"a finish reason that says failure":   {request: atChat, bad: attempt{chunks: events(saying("Hi"), finishing("", "network_error"), "[DONE]")}, kind: classify.Server},
	} {
		t.Run(name, func(t *testing.T) {
			h, a := c.run(t, false)
			require.Equal(t, session.DoFail, a.Do)
			require.Equal(t, c.kind, a.Verdict.Kind)
			require.Len(t, h.opened, 1)
			require.NotContains(t, h.got.String(), "quota")
			require.NotContains(t, h.got.String(), "network_error")

			h, a = c.run(t, true)
			require.Equal(t, session.DoFail, a.Do)
			want := 3
			if c.kind == classify.Quota {
				want = 1
			}
			require.Len(t, h.opened, want, "stream() restarts, but not without end")
			require.Equal(t, want-1, h.resets)
		})
	}
}

func TestAnswersWithoutAnEndMarkerAreTriedThreeTimesAndLaterOncePerRequestOfTheBucket(t *testing.T) {
	group := &session.Group{}
	play := func(answer ...string) *host {
		h := newHostIn(t, group, session.Config{Request: atChat, CanReset: true}, attempt{chunks: answer}, attempt{chunks: answer}, attempt{chunks: answer}, attempt{chunks: answer})
		h.run()
		return h
	}
	half := events(saying("Half an ans"))
	h := play(half...)
	require.Len(t, h.opened, 3)
	require.Equal(t, classify.Truncated, h.last.Verdict.Kind)
	require.False(t, h.last.Verdict.Retryable)
	require.Contains(t, h.last.Verdict.Detail, "lenient")
	require.Len(t, play(half...).opened, 1)
	require.Len(t, play(events(saying("whole"), finishing("", "stop"), "[DONE]")...).opened, 1)
	require.Len(t, play(half...).opened, 3, "a marker was seen, so a missing one is suspicious again")
}

func TestSuspicionsOfAllKindsTogetherAreLimited(t *testing.T) {
	script := []attempt{
		{chunks: events(saying("x"), finishing("", "error"))},
		{chunks: events(saying("x"), finishing("", "error"))},
		{chunks: events("error: what")},
		{status: 529},
		{chunks: events("error: what")},
		{chunks: events(saying("x"))},
		{chunks: events(saying("x"))},
	}
	h := newHost(t, session.Config{Request: atChat, CanReset: true}, script...)
	a := h.run()
	require.Equal(t, session.DoFail, a.Do)
	require.Len(t, h.opened, 6, "five suspicions, and one certain failure")
	require.Equal(t, "truncated 1, error 2, finish_reason 2", h.s.Snapshot().Suspected)
}

func TestWhatIsNotKnownToBeAChatAnswerIsLeftAlone(t *testing.T) {
	post := func(path, body string) session.Request {
		return session.Request{Method: "POST", URL: "https://api.example.com" + path, Body: body}
	}
	rpc := post("/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}`)
	rpc.Headers = map[string]string{"accept": "application/json, text/event-stream"}
	typed := func(typ string) map[string]string { return map[string]string{"content-type": typ} }
	for name, c := range map[string]struct {
		request session.Request
		answer  attempt
		atOnce  bool // at the headers
	}{
		"JSON-RPC, an error in an event":    {rpc, attempt{chunks: []string{"event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":\"Unknown tool\"}}\n\n"}}, true},
		"JSON-RPC, a status":                {rpc, attempt{status: 503}, true},
		"JSON-RPC, a batch":                 {post("/mcp", `[{"jsonrpc":"2.0"}]`), attempt{status: 500}, true},
		"JSON-RPC at a chat address":        {post("/v1/chat/completions", `{"stream":true,"jsonrpc":"2.0"}`), attempt{status: 429}, true},
		"202 without a body":                {post("/mcp", `{}`), attempt{status: 202, headers: map[string]string{}}, true},
		"an EventSource":                    {session.Request{Method: "GET", URL: "https://api.example.com/events", Headers: map[string]string{"accept": "text/event-stream"}}, attempt{chunks: []string{": quiet\n\n"}}, true},
		"Ollama's lines":                    {post("/api/chat", `{"stream":true}`), attempt{headers: map[string]string{}, chunks: []string{"{\"message\":{\"content\":\"Hel\"},\"done\":false}\n"}}, true},
		"JSON lines by name":                {atChat, attempt{headers: typed("application/json-lines"), chunks: []string{"{}\n"}}, true},
		"JSON lines without a type":         {atChat, attempt{headers: map[string]string{}, chunks: []string{"{\"message\":{\"content\":\"Hel\"},\"done\":false}\n", "{}\n"}}, false},
		"plain text at an unknown address":  {post("/ask", `{"stream":true}`), attempt{headers: typed("text/plain"), chunks: []string{"Hello ", "world"}}, true},
		"plain text at a known address":     {atChat, attempt{headers: typed("text/plain"), chunks: []string{"Hello ", "world"}}, false},
		"speech":                            {post("/v1/audio/speech", `{"stream":true}`), attempt{headers: typed("application/octet-stream"), chunks: []string{"\x00\x01"}}, true},
		"audio at a known address":          {atChat, attempt{headers: typed("audio/mpeg"), chunks: []string{"ID3"}}, true},
		"JSON that says a message":          {atChat, attempt{headers: typed("application/json"), chunks: []string{`{"status":"queued","message":"Message received"}`}}, false},
		"not streamed":                      {post("/v1/chat/completions", `{"stream":false}`), attempt{headers: typed("application/json"), chunks: []string{`{"error":"x"}`}}, true},
		"stream as a text":                  {post("/v1/chat/completions", `{"stream":"true"}`), attempt{headers: typed("application/json"), chunks: []string{`{}`}}, true},
		"stream inside":                     {post("/v1/chat/completions", `{"x":{"stream":true}}`), attempt{headers: typed("application/json"), chunks: []string{`{}`}}, true},
		"thread messages":                   {post("/v1/threads/t/messages", `{"stream":true}`), attempt{headers: typed("application/json"), chunks: []string{`{"error":{"message":"x"}}`}}, true},
		"another framework's start":         {atAsk, attempt{chunks: events(`{"type":"start","runId":"r","from":"AGENT","payload":{}}`, `{"type":"error","payload":{}}`)}, false},
		"progress with an error member":     {atAsk, attempt{chunks: events(`{"progress":0.5,"error":"late"}`)}, false},
		"an application's own JSON line":    {atAsk, attempt{chunks: []string{"{\"error\":{\"message\":\"x\"},\"step\":1}\n\n"}}, false},
		"only keep-alives":                  {atAsk, attempt{chunks: []string{": hi\n\n", "event: ping\ndata: {}\n\n"}}, false},
		"an event stream without any event": {atAsk, attempt{}, false},
		"events whose body breaks":          {atAsk, attempt{chunks: events(`{"x":1}`), then: "reset"}, false},
		"Gemini's array":                    {session.Request{Method: "POST", URL: "https://api.example.com/v1/models/g:streamGenerateContent", Body: "{}"}, attempt{headers: typed("application/json"), chunks: []string{`[{"candidates":`, `[]}]`}}, false},
		"a 3xx":                             {atChat, attempt{status: 304}, true},
		"protocol none":                     {session.Request{Method: "POST", URL: atChat.URL, Body: `{"stream":true,"none":1}`}, attempt{chunks: events(saying("half"))}, true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := session.Config{Request: c.request}
			if name == "protocol none" {
				cfg.Policy.Protocol = "none"
			}
			h := newHost(t, cfg, c.answer)
			a := h.run()
			require.Equal(t, session.DoPass, a.Do, "%+v", a.Verdict)
			require.Nil(t, a.Verdict)
			require.Len(t, h.opened, 1)
			require.Equal(t, c.atOnce, h.got.Len() == 0 && !h.read, "at the headers")
			require.True(t, strings.HasPrefix(strings.Join(c.answer.chunks, ""), h.got.String()), h.got.String())
		})
	}
}

func TestAnUndecidedAnswerIsWatchedByItsFirstEvent(t *testing.T) {
	good := events(saying("A"), finishing("", "stop"), "[DONE]")
	h := newHost(t, session.Config{Request: atAsk}, attempt{chunks: append([]string{": hi\n\n"}, events(chunkWith(`{"role":"assistant"}`, ""))...)}, attempt{chunks: good})
	require.Equal(t, session.DoFinish, h.run().Do, "a backend that streams OpenAI's chunks: the missing end is noticed")
	require.Equal(t, strings.Join(good, ""), h.got.String())

	h = newHost(t, session.Config{Request: atAsk}, attempt{chunks: events(`{"error":{"message":"Overloaded","type":"overloaded_error"}}`)}, attempt{chunks: good})
	require.Equal(t, session.DoFinish, h.run().Do, "an error in a provider's form")

	h = newHost(t, session.Config{Request: session.Request{Method: "POST", URL: "https://app.example/api/chat", Body: `{}`}},
		attempt{headers: map[string]string{"content-type": "text/event-stream", "x-vercel-ai-ui-message-stream": "v1"}, chunks: events(`{"type":"start"}`, `{"type":"error","errorText":"An error occurred."}`, "[DONE]")})
	a := h.run()
	require.Equal(t, session.DoFinish, a.Do, "%+v", a.Verdict)
	require.Len(t, h.opened, 1, "a masked error of the application's own route is delivered")
	require.Contains(t, h.got.String(), "An error occurred.")
}

func TestStreamDeliversTheEventsOfAnswersThatAreNotWatched(t *testing.T) {
	for _, then := range []string{"", "reset"} {
		h := newHost(t, session.Config{Request: atAsk, CanReset: true}, attempt{chunks: events(`{"progress":1}`, `{"error":{"message":"Overloaded"}}`), then: then})
		a := h.run()
		require.Len(t, h.opened, 1)
		require.Equal(t, strings.Join(events(`{"progress":1}`, `{"error":{"message":"Overloaded"}}`), ""), h.got.String())
		if then == "" {
			require.Equal(t, session.DoFinish, a.Do)
		} else {
			require.Equal(t, classify.Network, a.Verdict.Kind)
		}
	}
}

func TestARequestThatFetchRefusesIsSentOnceAndGivesFetchsOwnError(t *testing.T) {
	refused := func(cfg session.Config, e *classify.ErrorInfo) *session.Answer {
		h := newHost(t, cfg)
		a := h.step(session.Happened{What: session.OnStart})
		require.Equal(t, session.DoOpen, a.Do)
		return h.step(session.Happened{What: session.OnError, Attempt: 1, Error: e})
	}
	failed := func(cause string) *classify.ErrorInfo {
		return &classify.ErrorInfo{Name: "TypeError", Message: "fetch failed", Cause: &classify.ErrorInfo{Message: cause}}
	}
	opaque := &classify.ErrorInfo{Name: "TypeError", Message: "Failed to fetch"}
	for _, cause := range []string{
		"unexpected redirect", "redirect count exceeded", "bad port", "unknown scheme", "integrity mismatch", "net/http: invalid header field name \"\"", "unsupported protocol scheme \"foo\"",
		"http: ContentLength=5 with Body length 3", "http: no Host in request URL", "http: nil Request.Header", "invalid Trailer key \"x\"",
		"http: server gave HTTP response to HTTPS client",
	} {
		require.Equal(t, session.DoRethrow, refused(session.Config{}, failed(cause)).Do, cause)
	}
	require.Equal(t, session.DoRethrow, refused(session.Config{}, &classify.ErrorInfo{
		Name: "TypeError", Message: "fetch failed", Cause: &classify.ErrorInfo{Code: "UND_ERR_NOT_SUPPORTED", Message: "expect header not supported"},
	}).Do)
	at := func(url, redirect string) session.Config {
		return session.Config{OpaqueErrors: true, Request: session.Request{Method: "GET", URL: url, Redirect: redirect}}
	}
	require.Equal(t, session.DoRethrow, refused(at("https://x.example:6667/a", ""), opaque).Do, "a blocked port")
	require.Equal(t, session.DoRethrow, refused(at("https://x.example/a", "error"), opaque).Do)
	require.Equal(t, session.DoRethrow, refused(at("foo://x.example/a", ""), opaque).Do)
	require.Equal(t, session.DoWait, refused(at("https://x.example/a", "follow"), opaque).Do)
	require.Equal(t, session.DoWait, refused(at("https://x.example:8443/a", ""), opaque).Do)
	rpc := session.Config{Request: session.Request{Method: "POST", URL: "https://x.example/mcp", Body: `{"jsonrpc":"2.0"}`}}
	require.Equal(t, session.DoRethrow, refused(rpc, failed("connect ECONNREFUSED")).Do, "JSON-RPC is left alone altogether")
}

func TestAfterACompleteToolCallNothingIsRestartedByDefault(t *testing.T) {
	call := events(chunkWith(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"pay","arguments":"{}"}}]}`, ""), chunkWith(`{"tool_calls":[{"index":1,"id":"b","function":{"name":"pay"}}]}`, ""))
	cfg := session.Config{Request: atChat, CanReset: true}
	h := newHost(t, cfg, attempt{chunks: call, then: "reset"})
	a := h.run()
	require.Equal(t, classify.Network, a.Verdict.Kind)
	require.Len(t, h.opened, 1)
	cfg.Policy.AfterCommit = retry.AfterCommitRestart
	h = newHost(t, cfg, attempt{chunks: call, then: "reset"}, attempt{chunks: append(call, events(finishing("", "tool_calls"), "[DONE]")...)})
	require.Equal(t, session.DoFinish, h.run().Do, "unless the caller asked for it")
	require.Equal(t, 1, h.resets)
	cfg.Policy.AfterCommit = ""
	h = newHost(t, cfg, attempt{chunks: call[:1], then: "reset"}, attempt{chunks: events(saying("x"), finishing("", "stop"), "[DONE]")})
	require.Equal(t, session.DoFinish, h.run().Do, "nobody has acted on an incomplete call")
}

func TestTheLimitOfOneKeyOrModelDoesNotHoldUpAnother(t *testing.T) {
	group := &session.Group{}
	request := func(key, model, path string) session.Request {
		return session.Request{Method: "POST", URL: "https://api.example.com" + path, Headers: map[string]string{"Authorization": key}, Body: `{"model":"` + model + `","stream":true}`}
	}
	limited, err := session.NewSession(&session.Config{Request: request("Bearer a", "m", "/v1/chat/completions")}, group)
	require.NoError(t, err)
	step := func(s *session.Session, what session.On, status int, headers map[string]string) *session.Answer {
		return s.Step(&session.Happened{What: what, Now: epoch, Attempt: 1, Status: status, Headers: headers})
	}
	step(limited, session.OnStart, 0, nil)
	step(limited, session.OnResponse, 429, map[string]string{"retry-after": "8"})
	require.Equal(t, session.DoWait, step(limited, session.OnEnd, 0, nil).Do)
	for name, c := range map[string]struct {
		request session.Request
		bucket  string
		held    bool
	}{
		"the same":         {request: request("Bearer a", "m", "/v1/chat/completions"), held: true},
		"another path":     {request: request("Bearer a", "m", "/v1/responses"), held: true},
		"another key":      {request: request("Bearer b", "m", "/v1/chat/completions")},
		"another model":    {request: request("Bearer a", "n", "/v1/chat/completions")},
		"no model":         {request: session.Request{Method: "GET", URL: "https://api.example.com/v1/models", Headers: map[string]string{"Authorization": "Bearer a"}}},
		"a bucket by name": {request: request("Bearer a", "m", "/v1/chat/completions"), bucket: "mine"},
		"another origin":   {request: session.Request{Method: "POST", URL: "https://other.example.com/v1/chat/completions", Headers: map[string]string{"Authorization": "Bearer a"}, Body: `{"model":"m"}`}},
	} {
		s, err := session.NewSession(&session.Config{Request: c.request, Policy: retry.Policy{Bucket: c.bucket}}, group)
		require.NoError(t, err)
		a := step(s, session.OnStart, 0, nil)
		require.Equal(t, c.held, a.Do == session.DoWait, name)
		if c.held {
			require.Equal(t, 0, a.Retry.Attempt)
			require.Equal(t, classify.RateLimit, a.Retry.Kind)
		}
	}
	s, err := session.NewSession(&session.Config{Request: request("Bearer a", "m", "/v1/chat/completions"), Policy: retry.Policy{MaxRetryAfter: 5e9}}, group)
	require.NoError(t, err)
	require.Equal(t, classify.RetryAfterTooLong, step(s, session.OnStart, 0, nil).Verdict.Kind, "its own limits count while it waits in line")
	s, err = session.NewSession(&session.Config{Request: request("Bearer a", "m", "/v1/chat/completions"), Policy: retry.Policy{MaxElapsed: 5e9}}, group)
	require.NoError(t, err)
	require.Equal(t, classify.MaxElapsedExceeded, step(s, session.OnStart, 0, nil).Verdict.Kind)
}

func TestClocksRunOnlyWhereAStreamWasAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		request session.Request
		policy  retry.Policy
		timer   int64
	}{
		"watched":                    {request: atChat, timer: 15_000},
		"plain, before its response": {request: session.Request{Method: "GET", URL: "https://x.example"}, timer: 15_000},
		"JSON-RPC":                   {request: session.Request{Method: "POST", URL: "https://x.example", Body: `{"jsonrpc":"2.0"}`}, policy: retry.Policy{FirstByteTimeout: 5e9}, timer: -epoch},
		"what the caller set":        {request: session.Request{Method: "GET", URL: "https://x.example"}, policy: retry.Policy{FirstByteTimeout: 5e9}, timer: 5000},
	} {
		h := newHost(t, session.Config{Request: c.request, Policy: c.policy})
		a := h.step(session.Happened{What: session.OnStart})
		require.Equal(t, epoch+c.timer, a.TimerAt, name)
		if c.timer == 15_000 {
			h.now = a.TimerAt
			a = h.step(session.Happened{What: session.OnTimer})
			require.Equal(t, c.request.URL == atChat.URL, a.TimerAt != 0, "content silence: %s", name)
		}
	}
}

func TestASessionFreedBeforeItsEndLeavesItsBucket(t *testing.T) {
	group := &session.Group{}
	for i := range 3 * 4096 {
		s, err := session.NewSession(&session.Config{Request: session.Request{Method: "GET", URL: fmt.Sprintf("https://h%d.example", i)}}, group)
		require.NoError(t, err)
		s.Step(&session.Happened{What: session.OnStart, Now: epoch})
		s.Free()
		s.Free()
	}
	require.LessOrEqual(t, session.Buckets(group), 2*4096, "buckets without sessions are removed")
}

func TestStreamDeliversABodyThatEndsBeforeItsFirstEvent(t *testing.T) {
	for body, want := range map[string]string{
		": hello":               ": hello",
		"id: 1\nda":             "id: 1\nda",
		"data: {\"progress\":":  "data: {\"progress\":",
		"data: hello":           "data: hello\n\n",
		"data: {\"a\":1}":       "data: {\"a\":1}\n\n",
		"event: x\ndata: hel\n": "event: x\ndata: hel\n\n",
		"data":                  "data",
		"":                      "",
	} {
		h := newHost(t, session.Config{Request: atAsk, CanReset: true}, attempt{chunks: []string{body}})
		a := h.run()
		require.NotEqual(t, session.DoFail, a.Do, "%q: %+v", body, a.Verdict)
		require.Contains(t, []string{body, want}, h.got.String())
		require.Len(t, h.opened, 1)
	}
}
