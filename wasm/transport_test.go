package wasm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/hosttest/chattest"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
	"github.com/steadfetch/steadfetch/retry/transport"
	"github.com/steadfetch/steadfetch/wasm"
)

// A client whose streams survive, driven by the module that pages run.
func Example() {
	srv := chattest.New(nil)
	defer srv.Close()
	run := srv.NewRun(chattest.Run{Text: "Hello, world!", Faults: []chattest.Fault{
		chattest.AnthropicOverloadedResponse().Fault(),
	}})

	engine, err := wasm.NewEngine(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = engine.Close() }()
	client := &http.Client{Transport: &transport.Transport{
		Engine: engine,
		Policy: retry.Policy{InitialDelay: 10 * time.Millisecond},
		OnRetry: func(_ context.Context, event retry.ChatStreamRetry) {
			fmt.Printf("%s Retrying in %d ms\n", event.Error, event.DelayMs)
		},
	}}
	req, _ := http.NewRequest(http.MethodPost, run.URL()+"/v1/messages", strings.NewReader(`{"model":"m","max_tokens":9,"stream":true,"messages":[]}`))
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	fmt.Println(strings.Count(string(body), "text_delta") > 0, err)
	// Output:
	// Anthropic is temporarily overloaded. Retrying in 10 ms
	// true <nil>
}

func ExampleNewEngine() {
	engine, err := wasm.NewEngine(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = engine.Close() }()
	verdict, err := engine.Classify(classify.Failure{Status: 529})
	fmt.Println(verdict.Kind, verdict.Retryable, err)
	delay, _ := engine.Delay(3)
	fmt.Println(delay)
	// Output:
	// overloaded true <nil>
	// 8s
}

func post(t *testing.T, url, body string) *http.Request {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	return req
}

// theirOwn matches what differs from run to run.
var theirOwn = regexp.MustCompile(`(msg_|chatcmpl-|"created":)[0-9a-f]+`)

func TestATransportOnTheModuleBehavesAsANativeOne(t *testing.T) {
	engine, err := wasm.NewEngine(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	srv := chattest.New(t)
	const text = "It was the best of times, it was the worst of times."
	for name, c := range map[string]struct {
		policy retry.Policy
		path   string
		body   string
		faults []chattest.Fault
		kind   classify.Kind
	}{
		"a healthy answer":  {path: "/v1/chat/completions", body: `{"model":"m","stream":true,"messages":[]}`},
		"an overload":       {path: "/v1/messages", body: `{"model":"m","max_tokens":9,"stream":true,"messages":[]}`, faults: []chattest.Fault{chattest.AnthropicOverloadedResponse().Fault()}},
		"a reset, resumed":  {policy: retry.Policy{AfterCommit: retry.AfterCommitResume}, path: "/v1/chat/completions", body: `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`, faults: []chattest.Fault{{Kind: chattest.Reset, AtToken: 6, ChunkBytes: 1 << 20, DripMs: 15}}},
		"a reset, not":      {path: "/v1/chat/completions", body: `{"model":"m","stream":true,"messages":[]}`, faults: []chattest.Fault{{Kind: chattest.Reset, AtToken: 6, ChunkBytes: 1 << 20, DripMs: 15}}, kind: classify.Network},
		"attempts used up":  {policy: retry.Policy{MaxAttempts: 2}, path: "/v1/chat/completions", body: `{"model":"m","stream":true,"messages":[]}`, faults: []chattest.Fault{{Kind: chattest.EmptyBody}, {Kind: chattest.EmptyBody}}, kind: classify.AttemptsExhausted},
		"a very long body":  {path: "/v1/chat/completions", body: `{"messages":["` + strings.Repeat("x", 3<<20) + `"],"model":"m","stream":true}`, faults: []chattest.Fault{{Kind: chattest.EOF, At: chattest.FirstEvent}}},
		"no stream at all":  {path: "/v1/chat/completions", body: `{"model":"m","messages":[]}`},
		"a permanent error": {path: "/v1/chat/completions", body: `{"model":"m","stream":true,"messages":[]}`, faults: []chattest.Fault{{Status: 401}}},
	} {
		t.Run(name, func(t *testing.T) {
			type outcome struct {
				status int
				body   string
				kind   classify.Kind
				events []string
				count  int
			}
			do := func(with transport.Engine) (got outcome) {
				run := srv.NewRun(chattest.Run{Text: text, TokenDelayMs: -1, Faults: c.faults})
				c.policy.InitialDelay = time.Millisecond
				tr := &transport.Transport{Engine: with, Policy: c.policy, Group: &transport.Group{}, Controller: &transport.Controller{}}
				tr.OnRetry = func(_ context.Context, event retry.ChatStreamRetry) {
					got.events = append(got.events, fmt.Sprint(event.Attempt, event.DelayMs, event.Error, event.Kind))
					require.Len(t, tr.Controller.Snapshots(), 1)
				}
				resp, err := tr.RoundTrip(post(t, run.URL()+c.path, c.body))
				if err == nil {
					got.status = resp.StatusCode
					var body []byte
					body, err = io.ReadAll(resp.Body)
					require.NoError(t, resp.Body.Close())
					got.body = theirOwn.ReplaceAllString(string(body), "")
				}
				var failure *retry.Error
				if errors.As(err, &failure) {
					got.kind = failure.Verdict.Kind
				} else {
					require.NoError(t, err)
				}
				require.NoError(t, run.WaitIdle(t.Context()))
				got.count = len(run.Requests())
				require.Empty(t, tr.Controller.Snapshots())
				return got
			}
			want, got := do(nil), do(engine)
			require.Equal(t, want, got)
			require.Equal(t, c.kind, got.kind)
			if c.kind == "" && got.status == 200 {
				require.NotEmpty(t, got.body)
			}
		})
	}
}

func TestAClosedEngineFailsItsRequestsAndLeavesNothingBehind(t *testing.T) {
	engine, err := wasm.NewEngine(t.Context())
	require.NoError(t, err)
	srv := chattest.New(t)
	run := srv.NewRun(chattest.Run{Text: "Hello, world, and more of it.", TokenDelayMs: 20})
	tr := &transport.Transport{Engine: engine, Group: &transport.Group{}, Controller: &transport.Controller{}}
	resp, err := tr.RoundTrip(post(t, run.URL()+"/v1/chat/completions", `{"model":"m","stream":true,"messages":[]}`))
	require.NoError(t, err)
	require.NoError(t, engine.Close())
	_, err = io.ReadAll(resp.Body)
	require.ErrorIs(t, err, wasm.ErrClosed)
	require.NoError(t, resp.Body.Close())
	require.Empty(t, tr.Controller.Snapshots())
	_, err = tr.RoundTrip(post(t, run.URL()+"/v1/chat/completions", `{"stream":true}`))
	require.ErrorIs(t, err, wasm.ErrClosed)
}

// A host of another kind drives a session itself, as ABI.md describes.
func ExampleEngine_NewSession() {
	engine, err := wasm.NewEngine(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = engine.Close() }()
	s, err := engine.NewSession(session.Config{Request: session.Request{
		Method: http.MethodPost, URL: "https://api.openai.com/v1/chat/completions", Body: `{"model":"m","stream":true}`,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = s.Close() }()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC).UnixMilli()
	for _, h := range []session.Happened{
		{What: session.OnStart, Now: now},
		{What: session.OnResponse, Now: now, Attempt: 1, Status: 503},
		{What: session.OnEnd, Now: now, Attempt: 1},
		{What: session.OnTimer, Now: now + 1000},
	} {
		a, err := s.Step(&h)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(h.What, "->", a.Do)
	}
	// Output:
	// start -> open
	// response -> read
	// end -> wait
	// timer -> open
}
