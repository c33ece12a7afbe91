package session_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

var resume = retry.Policy{AfterCommit: retry.AfterCommitResume}

var resumeSSE = retry.Policy{AfterCommit: retry.AfterCommitResume, Protocol: "sse"}

// withIDs is a plain stream of events with ids from first on.
func withIDs(first int, data ...string) []string {
	var out []string
	for i, d := range data {
		out = append(out, fmt.Sprintf("id: %d\ndata: %s\n\n", first+i, d))
	}
	return out
}

func TestAPlainStreamResumesByLastEventIDWithoutRepetition(t *testing.T) {
	all := withIDs(1, "a", "b", "c", "d", "e")
	for name, rest := range map[string][]string{
		"the server goes on":             all[3:],
		"the server repeats one event":   all[2:],
		"the server begins at the start": all,
	} {
		t.Run(name, func(t *testing.T) {
			cfg := session.Config{Policy: resumeSSE, Request: session.Request{URL: "https://example.com/events", Headers: map[string]string{"Accept": "text/event-stream"}}}
			h := newHost(t, cfg, attempt{chunks: append(all[:3:3], "id: 4\nda"), then: "reset"}, overloaded, attempt{chunks: rest})
			require.Equal(t, session.DoFinish, h.run().Do)
			require.Equal(t, strings.Join(all, ""), h.got.String())
			for _, r := range h.resumes[1:] {
				require.Equal(t, &session.Resume{How: retry.ResumeLastEventID, LastEventID: "3"}, r)
			}
		})
	}
}

func TestAResumedStreamThatContradictsIsAnError(t *testing.T) {
	all := withIDs(1, "a", "b", "c")
	cfg := session.Config{Policy: resumeSSE, Request: session.Request{URL: "https://example.com/events", Headers: map[string]string{"Accept": "text/event-stream"}}}
	h := newHost(t, cfg, attempt{chunks: all[:2], then: "reset"}, attempt{chunks: withIDs(2, "B", "c")})
	a := h.run()
	require.Equal(t, session.DoFail, a.Do)
	require.Equal(t, classify.SeamMismatch, a.Verdict.Kind)
	require.Equal(t, strings.Join(all[:2], ""), h.got.String(), "never a duplicate")
}

// responses is an OpenAI Responses stream.
func responses(background bool, tokens ...string) []string {
	var out []string
	add := func(typ, rest string) {
		out = append(out, fmt.Sprintf("event: %s\ndata: {\"type\":%q,\"sequence_number\":%d,%s}\n\n", typ, typ, len(out), rest))
	}
	add("response.created", fmt.Sprintf(`"response":{"id":"resp_1","background":%v,"error":null}`, background))
	add("response.in_progress", fmt.Sprintf(`"response":{"id":"resp_1","background":%v,"error":null}`, background))
	for _, token := range tokens {
		add("response.output_text.delta", fmt.Sprintf(`"item_id":"m","delta":%q`, token))
	}
	add("response.completed", `"response":{"id":"resp_1","error":null,"output":[{}]}`)
	return out
}

func TestABackgroundResponseResumesAfterItsSequenceNumber(t *testing.T) {
	all := responses(true, "a", "b", "c")
	cfg := session.Config{Policy: resume, Request: session.Request{Method: "POST", URL: "https://api.openai.com/v1/responses", Body: `{"stream":true,"background":true}`}}
	for name, rest := range map[string][]string{"goes on": all[4:], "repeats": all[1:]} {
		h := newHost(t, cfg, attempt{chunks: all[:4]}, attempt{chunks: rest})
		require.Equal(t, session.DoFinish, h.run().Do, name)
		require.Equal(t, strings.Join(all, ""), h.got.String(), name)
		require.Equal(t, &session.Resume{How: retry.ResumeBackground, Method: "GET", NoBody: true, URL: "https://api.openai.com/v1/responses/resp_1?stream=true&starting_after=3", ResponseID: "resp_1", Sequence: 3}, h.resumes[1])
	}
	h := newHost(t, cfg, attempt{chunks: all[:4]}, attempt{chunks: all[5:]})
	require.Equal(t, classify.SeamMismatch, h.run().Verdict.Kind, "an event is missing")

	foreground := responses(false, "a", "b")
	h = newHost(t, cfg, attempt{chunks: foreground[:4]}, attempt{chunks: foreground})
	require.Equal(t, session.DoFinish, h.run().Do)
	require.Equal(t, h.resumes[1].How, retry.ResumeContinue, "a response that does not run in the background is continued by a new turn")
}

// textOf returns the text of a stream, and checks that its events are one well-formed
// answer.
func textOf(t *testing.T, body string) string {
	t.Helper()
	var text strings.Builder
	starts, stops := 0, 0
	for _, event := range strings.Split(strings.TrimSpace(body), "\n\n") {
		data := event[strings.Index(event, "data: ")+6:]
		if data == "[DONE]" {
			stops++
			continue
		}
		var v struct {
			Type    string
			Index   int
			Delta   struct{ Text string }
			Choices []struct {
				Delta struct{ Role, Content string }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(data), &v), data)
		switch {
		case v.Type == "message_start", len(v.Choices) > 0 && v.Choices[0].Delta.Role != "":
			starts++
		case v.Type == "message_stop":
			stops++
		}
		text.WriteString(v.Delta.Text)
		for _, c := range v.Choices {
			text.WriteString(c.Delta.Content)
		}
	}
	require.Equal(t, 1, starts, "one beginning")
	require.Equal(t, 1, stops, "one end")
	return text.String()
}

func split(s string, n int) []string {
	var out []string
	for ; len(s) > n; s = s[n:] {
		out = append(out, s[:n])
	}
	return append(out, s)
}

func TestAContinuedAnswerIsJoinedExactlyWhereverItBrokeAndHoweverMuchIsRepeated(t *testing.T) {
	const answer = "The quick brown fox jumps over the lazy dog; then it naps. The quick brown fox jumps again."
	cfg := session.Config{Policy: resume}
	for name, protocol := range map[string]func(...string) []string{"openai": chat, "anthropic": claude} {
		t.Run(name, func(t *testing.T) {
			head := len(protocol()) - map[string]int{"openai": 2, "anthropic": 3}[name]
			for size := 1; size <= 7; size += 3 {
				tokens := split(answer, size)
				for broke := 1; broke < len(tokens); broke++ {
					have := strings.Join(tokens[:broke], "")
					for _, repeated := range []int{0, 8, 20, len(have)} {
						if repeated > len(have) || repeated > 0 && repeated < 8 && repeated != len(have) || repeated == len(have) && repeated < 4 {
							continue
						}
						again := have[len(have)-repeated:] + answer[len(have):]
						h := newHost(t, cfg, attempt{chunks: protocol(tokens...)[:head+broke]}, attempt{chunks: protocol(split(again, 5)...)})
						require.Equal(t, session.DoFinish, h.run().Do)
						require.Equal(t, answer, textOf(t, h.got.String()), "cut after %q, %d repeated", have, repeated)
						require.True(t, h.resumes[1].Rewrite)
					}
				}
			}
		})
	}
}

func TestAModelThatStartsOverWithADifferentAnswerIsAnError(t *testing.T) {
	const answer = "The quick brown fox jumps over the lazy dog; then it naps."
	h := newHost(t, session.Config{Policy: resume}, attempt{chunks: chat(split(answer, 4)...)[:13]}, attempt{chunks: chat(split(answer[:36]+"sleeps", 4)...)})
	a := h.run()
	require.Equal(t, classify.SeamMismatch, a.Verdict.Kind)
}

func TestATextAnswerWithAToolCallIsNotContinued(t *testing.T) {
	call := `data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}` + "\n\n"
	h := newHost(t, session.Config{Policy: resume}, attempt{chunks: []string{chatRole(), chatToken("a"), call}})
	require.Equal(t, classify.Truncated, h.run().Verdict.Kind)
}

func TestAContinuationThatCallsAToolIsAnErrorOrRestarted(t *testing.T) {
	call := `data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}` + "\n\n"
	script := []attempt{{chunks: chat("Hello, wor")[:2]}, {chunks: []string{chatRole(), call, chatFinish("tool_calls"), "data: [DONE]\n\n"}}, {chunks: chat("Hello")}}
	h := newHost(t, session.Config{Policy: resume}, script...)
	a := h.run()
	require.Equal(t, classify.SeamMismatch, a.Verdict.Kind, "the call is not lost silently")
	h = newHost(t, session.Config{Policy: resume, CanReset: true}, script...)
	require.Equal(t, session.DoFinish, h.run().Do)
	require.Equal(t, strings.Join(chat("Hello"), ""), h.got.String())
	require.Equal(t, 1, h.resets)
}

func TestAContinuationAfterReasoningKeepsTheBlockNumbers(t *testing.T) {
	block := func(index int, typ string) string {
		return fmt.Sprintf("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":%d,\"content_block\":{\"type\":%q,%q:\"\"}}\n\n", index, typ, typ)
	}
	delta := func(index int, kind, member, text string) string {
		return fmt.Sprintf("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":%d,\"delta\":{\"type\":%q,%q:%q}}\n\n", index, kind, member, text)
	}
	stop := func(index int) string {
		return fmt.Sprintf("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":%d}\n\n", index)
	}
	start := claude()[0]
	tail := claude()[4:]
	first := []string{start, block(0, "thinking"), delta(0, "thinking_delta", "thinking", "hm"), stop(0), block(1, "text"), delta(1, "text_delta", "text", "Hello, ")}
	second := append([]string{start, block(0, "text"), delta(0, "text_delta", "text", "wor"), delta(0, "text_delta", "text", "ld"), stop(0)}, tail...)
	h := newHost(t, session.Config{Policy: resume}, attempt{chunks: first}, attempt{chunks: second})
	require.Equal(t, session.DoFinish, h.run().Do)
	want := append(append([]string{}, first...), delta(1, "text_delta", "text", "wor"), delta(1, "text_delta", "text", "ld"), stop(1))
	require.Equal(t, strings.Join(append(want, tail...), ""), h.got.String())
}

func TestAnAnswerThatLacksOnlyItsLastEventIsComplete(t *testing.T) {
	whole := claude("Hello, ", "world")
	for _, then := range []string{"", "reset", "hang"} {
		h := newHost(t, session.Config{Policy: resume}, attempt{chunks: whole[:len(whole)-1], then: then})
		require.Equal(t, session.DoFinish, h.run().Do)
		require.Equal(t, strings.Join(whole[:len(whole)-1], ""), h.got.String())
	}
}

func TestRewriteAppendsThePartialAnswerAndAContinueTurn(t *testing.T) {
	h := newHost(t, session.Config{Policy: resume}, attempt{chunks: chat("Say \"", "hi\n")[:3]}, attempt{chunks: chat("there")})
	h.at = func(h *host, _ int64) (session.Happened, bool) {
		body, ok := h.s.Rewrite(`{"model":"m","messages":[{"role":"user","content":"[1]"}],"stream":true}`)
		require.True(t, ok)
		require.JSONEq(t, `{"model":"m","messages":[{"role":"user","content":"[1]"},{"role":"assistant","content":"Say \"hi\n"},{"role":"user","content":"[CONTINUE]"}],"stream":true}`, body)
		for _, bad := range []string{"", "{}", `{"messages":[]}`, `{"messages":"x"}`, "not JSON"} {
			_, ok = h.s.Rewrite(bad)
			require.False(t, ok, bad)
		}
		return session.Happened{}, false
	}
	require.Equal(t, session.DoFinish, h.run().Do)
}

func TestAResumedPlainStreamThatHasNoMoreIsFinished(t *testing.T) {
	all := withIDs(1, "a", "b")
	cfg := session.Config{Policy: resumeSSE, Request: session.Request{URL: "https://example.com/events", Headers: map[string]string{"Accept": "text/event-stream"}}}
	h := newHost(t, cfg, attempt{chunks: all, then: "reset"}, attempt{status: 204})
	require.Equal(t, session.DoFinish, h.run().Do)
	require.Equal(t, strings.Join(all, ""), h.got.String())
}

func TestAFinishThatIsAllThatWasLostIsDelivered(t *testing.T) {
	event := func(parts, finish string) string {
		return `data: {"candidates":[{"content":{"parts":[` + parts + `]}` + finish + `}]}` + "\n\n"
	}
	const stop = `,"finishReason":"STOP"`
	first, text := event(`{"text":"It was the best of times, "}`, ""), event(`{"text":"it was the worst."}`, "")
	for name, c := range map[string]struct {
		rest []string
		want string
	}{
		"nothing else":            {[]string{event("", stop)}, first + event("", stop)},
		"it comes twice":          {[]string{event("", stop), text, event("", stop)}, first + event("", stop) + text + event("", stop)},
		"it comes with the text":  {[]string{event(`{"text":"it was the worst."}`, stop)}, first + event(`{"text":"it was the worst."}`, stop)},
		"the text comes in parts": {[]string{event("", stop), event(`{"text":"best of times, "}`, ""), event("", stop)}, first + event("", stop) + event("", stop)},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, session.Config{Policy: resume, Request: atGemini}, attempt{chunks: []string{first}, then: "reset"}, attempt{chunks: c.rest})
			require.Equal(t, session.DoFinish, h.run().Do)
			require.Equal(t, c.want, h.got.String())
		})
	}
}
