package chattest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
)

func TestEachProtocolStreamsTheWholeTextAndItsEndMarker(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		run := srv.NewRun(chattest.Run{TokenDelayMs: -1})
		res := post(t, run, r.path, r.body)
		require.NoError(t, res.err)
		require.Equal(t, http.StatusOK, res.status)
		require.True(t, strings.HasPrefix(res.header.Get("Content-Type"), "text/event-stream"))
		require.Equal(t, chattest.DefaultText, r.text(res.events()))
		require.True(t, r.ended(res.events()))
	})
}

func TestTheSameRunSendsTheSameBytesAgain(t *testing.T) {
	eachRoute(t, func(t *testing.T, r route) {
		var bodies []string
		for range 2 {
			srv := chattest.New(t)
			run := srv.NewRun(chattest.Run{ID: "same", Text: "Käse, 你好", TokenDelayMs: -1})
			bodies = append(bodies, string(post(t, run, r.path, r.body).body))
		}
		// Only the seconds of "created" differ.
		require.Equal(t, withoutCreated(bodies[0]), withoutCreated(bodies[1]))
	})
}

func withoutCreated(s string) string {
	for _, name := range []string{`"created":`, `"created_at":`} {
		parts := strings.Split(s, name)
		for i := range parts[1:] {
			parts[i+1] = strings.TrimLeft(parts[i+1], "0123456789")
		}
		s = strings.Join(parts, name)
	}
	return s
}

func TestWithoutStreamEachProtocolAnswersInJSON(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		if r.name == "sse" || r.name == "ai sdk" {
			t.Skip("these always stream")
		}
		run := srv.NewRun(chattest.Run{})
		path := strings.Replace(r.path, "streamGenerateContent?alt=sse", "generateContent", 1)
		res := post(t, run, path, strings.Replace(r.body, `"stream":true,`, "", 1))
		require.NoError(t, res.err)
		require.Equal(t, "application/json", res.header.Get("Content-Type"))
		require.Equal(t, chattest.DefaultText, dig(res.body, r.whole))
	})
}

func TestAnthropicSendsItsEventsInOrder(t *testing.T) {
	srv := chattest.New(t)
	res := post(t, srv.NewRun(chattest.Run{Text: "Guten Tag", TokenDelayMs: -1}), routes[0].path, routes[0].body)
	var names []string
	for _, e := range res.events() {
		names = append(names, e.name)
		require.Equal(t, e.name, e.text("type"))
	}
	require.Equal(t, []string{
		"message_start", "content_block_start", "ping", "content_block_delta", "content_block_delta",
		"content_block_stop", "message_delta", "message_stop",
	}, names)
	require.Equal(t, "end_turn", res.events()[6].text("delta.stop_reason"))
	require.EqualValues(t, 2, dig([]byte(res.events()[6].data), "usage.output_tokens"))
	require.Equal(t, "claude-x", res.events()[0].text("message.model"))
	require.NotEmpty(t, res.header.Get("Request-Id"))
}

func TestOpenAIChatReportsUsageOnlyWhenAsked(t *testing.T) {
	srv := chattest.New(t)
	run := srv.NewRun(chattest.Run{Text: "Guten Tag", TokenDelayMs: -1})
	plain := post(t, run, routes[1].path, routes[1].body)
	require.NotContains(t, string(plain.body), `"usage"`)
	require.Equal(t, "assistant", plain.events()[0].text("choices.0.delta.role"))
	asked := post(t, run, routes[1].path, `{"stream":true,"stream_options":{"include_usage":true},"messages":[]}`).events()
	require.EqualValues(t, 2, dig([]byte(asked[len(asked)-2].data), "usage.completion_tokens"))
	require.Equal(t, "[DONE]", asked[len(asked)-1].data)
}

func TestResponsesNumberTheirEventsWithoutAGap(t *testing.T) {
	srv := chattest.New(t)
	res := post(t, srv.NewRun(chattest.Run{TokenDelayMs: -1}), routes[2].path, routes[2].body)
	for i, e := range res.events() {
		require.EqualValues(t, i, dig([]byte(e.data), "sequence_number"))
		require.Equal(t, e.name, e.text("type"))
	}
}

func TestABackgroundResponseContinuesAfterAnyEvent(t *testing.T) {
	srv := chattest.New(t)
	run := srv.NewRun(chattest.Run{Text: "Grüß Gott, 世界!", TokenDelayMs: -1})
	whole := post(t, run, "/v1/responses", `{"stream":true,"background":true,"input":"hi"}`).events()
	require.Equal(t, "response.queued", whole[0].name)
	id := whole[0].text("response.id")
	for i := range whole {
		res := do(t, http.MethodGet, fmt.Sprintf("%s/v1/responses/%s?stream=true&starting_after=%d", run.URL(), id, i), "", nil)
		require.Equal(t, len(whole)-i-1, len(res.events()))
		for k, e := range res.events() {
			require.EqualValues(t, i+1+k, dig([]byte(e.data), "sequence_number"))
			require.Equal(t, r2(whole[i+1+k]), r2(e))
		}
	}
	res := do(t, http.MethodGet, run.URL()+"/v1/responses/"+id, "", nil)
	require.Equal(t, "Grüß Gott, 世界!", dig(res.body, "output.0.content.0.text"))

	res = do(t, http.MethodGet, run.URL()+"/v1/responses/"+id+"?stream=true&starting_after=x", "", nil)
	require.Equal(t, http.StatusBadRequest, res.status)
	res = do(t, http.MethodGet, run.URL()+"/v1/responses/resp_none?stream=true", "", nil)
	require.Equal(t, http.StatusNotFound, res.status)
}

// r2 is what must be equal when the same event is sent twice.
func r2(e sse) [3]string { return [3]string{e.name, e.text("delta"), e.text("item.id")} }

func TestAResponseNotInBackgroundCannotBeStreamedAgain(t *testing.T) {
	srv := chattest.New(t)
	run := srv.NewRun(chattest.Run{TokenDelayMs: -1})
	id := post(t, run, routes[2].path, routes[2].body).events()[0].text("response.id")
	require.NotEmpty(t, id)
	res := do(t, http.MethodGet, run.URL()+"/v1/responses/"+id+"?stream=true", "", nil)
	require.Equal(t, http.StatusNotFound, res.status)
}

func TestGeminiWithoutAltSSESendsAnArray(t *testing.T) {
	srv := chattest.New(t)
	run := srv.NewRun(chattest.Run{Text: "Guten Tag"})
	res := post(t, run, "/v1beta/models/gemini-x:streamGenerateContent", "{}")
	var chunks []json.RawMessage
	require.NoError(t, json.Unmarshal(res.body, &chunks))
	require.Len(t, chunks, 3)
	require.Equal(t, "STOP", dig(chunks[2], "candidates.0.finishReason"))
}

func TestPlainSSEContinuesAfterTheLastEventID(t *testing.T) {
	srv := chattest.New(t)
	run := srv.NewRun(chattest.Run{Text: "one two\nthree", RetryMs: 50, TokenDelayMs: -1})
	ask := func(method, last string) response {
		header := http.Header{}
		if last != "" {
			header.Set("Last-Event-ID", last)
		}
		return do(t, method, run.URL()+"/sse", "", header)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		require.Equal(t, []sse{{"", "1", "one"}, {"", "2", " two"}, {"", "3", "\nthree"}, {"done", "4", "[DONE]"}}, ask(method, "").events())
		require.Equal(t, []sse{{"", "3", "\nthree"}, {"done", "4", "[DONE]"}}, ask(method, "2").events())
		require.Equal(t, []sse{{"done", "4", "[DONE]"}}, ask(method, "3").events())
		require.Equal(t, http.StatusNoContent, ask(method, "4").status)
		require.Len(t, ask(method, "not ours").events(), 4)
	}
	require.True(t, strings.HasPrefix(string(ask(http.MethodGet, "").body), "retry: 50\n"))
}

func TestTheAISDKStreamHasItsHeader(t *testing.T) {
	srv := chattest.New(t)
	res := post(t, srv.NewRun(chattest.Run{TokenDelayMs: -1}), "/api/chat", routes[5].body)
	require.Equal(t, "v1", res.header.Get("X-Vercel-Ai-Ui-Message-Stream"))
	require.Equal(t, "start", res.events()[0].text("type"))
}

func TestAConversationThatAsksToContinueGetsTheRest(t *testing.T) {
	srv := chattest.New(t)
	const text = "Grüß Gott, wie geht es?"
	// A partial answer and [CONTINUE] in each protocol.
	conversation := map[string]string{
		"anthropic":        `{"stream":true,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"text","text":%s}]},{"role":"user","content":[{"type":"text","text":"[CONTINUE]"}]}]}`,
		"openai chat":      `{"stream":true,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":%s},{"role":"user","content":"[CONTINUE]"}]}`,
		"openai responses": `{"stream":true,"input":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"output_text","text":%s}]},{"role":"user","content":"[CONTINUE]"}]}`,
		"gemini":           `{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":%s}]},{"role":"user","parts":[{"text":"[CONTINUE]"}]}]}`,
		"sse":              `{"messages":[{"role":"assistant","content":%s},{"role":"user","content":"[CONTINUE]"}]}`,
		"ai sdk":           `{"messages":[{"role":"assistant","parts":[{"type":"text","text":%s}]},{"role":"user","parts":[{"type":"text","text":"[CONTINUE]"}]}]}`,
	}
	eachRoute(t, func(t *testing.T, r route) {
		run := srv.NewRun(chattest.Run{Text: text, TokenDelayMs: -1, Faults: []chattest.Fault{
			{}, {RepeatChars: 4}, {Text: "Quite another answer."}, {RepeatChars: 99},
		}})
		ask := func(partial string) string {
			return r.text(post(t, run, r.path, fmt.Sprintf(conversation[r.name], strconv.Quote(partial))).events())
		}
		require.Equal(t, ", wie geht es?", ask("Grüß Gott"))
		require.Equal(t, "Gott, wie geht es?", ask("Grüß Gott"), "the last four characters again")
		require.Equal(t, "Quite another answer.", ask("Grüß Gott"))
		require.Equal(t, text, ask("Grüß"), "more repeated than there was")
		require.Equal(t, " wie geht es?", ask("Grüß Gott, \n"), "white space that the client added at the end is ignored")
		require.Equal(t, text, ask("Something else"), "a partial answer that is not this one")
	})
}

func TestSeveralContinuationsAddUp(t *testing.T) {
	srv := chattest.New(t)
	run := srv.NewRun(chattest.Run{Text: "one two three four", TokenDelayMs: -1})
	res := post(t, run, "/v1/messages", `{"stream":true,"messages":[{"role":"user","content":"count"},
		{"role":"assistant","content":"one"},{"role":"user","content":"[CONTINUE]"},
		{"role":"assistant","content":" two"},{"role":"user","content":"[CONTINUE]"}]}`)
	require.Equal(t, " three four", routes[0].text(res.events()))
}

func TestModelsAndUnknownPaths(t *testing.T) {
	srv := chattest.New(t)
	run := srv.NewRun(chattest.Run{Faults: []chattest.Fault{{}, {}, {Status: 503}}})
	res := do(t, http.MethodGet, run.URL()+"/v1/models", "", nil)
	require.Equal(t, "claude-sonnet-4-5", dig(res.body, "data.0.id"))
	require.Equal(t, http.StatusNotFound, post(t, run, "/v1/embeddings", "{}").status)
	require.Equal(t, http.StatusServiceUnavailable, post(t, run, "/v1/embeddings", "{}").status)
	require.Equal(t, http.StatusNotFound, do(t, http.MethodGet, srv.URL()+"/run/none/v1/models", "", nil).status)
	require.Equal(t, http.StatusOK, do(t, http.MethodGet, srv.URL()+"/v1/models", "", nil).status, "the run called default")
}
