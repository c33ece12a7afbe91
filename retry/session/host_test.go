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

// attempt is how a scripted server answers one request.
type attempt struct {
	status  int // 200 if it is 0
	headers map[string]string
	chunks  []string
	// then is what follows the chunks: "" ends the body, "reset" breaks it, "hang"
	// sends no more. "refuse" fails before the headers, "mute" sends none.
	then string
	// every is the time between chunks.
	every int64
}

// host plays a scripted server against a session, on a clock of its own.
type host struct {
	held     session.Queue
	t        *testing.T
	s        *session.Session
	now      int64
	attempts []attempt

	opened  []int64 // when each attempt began
	resumes []*session.Resume
	got     strings.Builder // what the consumer holds
	resets  int
	retries []retry.ChatStreamRetry
	last    *session.Answer
	lent    *session.Answer // by which a body was given as it is
	warning string
	read    bool // some body was read
	// at is called before the clock moves to the given time.
	at func(h *host, now int64) (session.Happened, bool)
}

const epoch = 1_700_000_000_000

func newHost(t *testing.T, cfg session.Config, attempts ...attempt) *host {
	t.Helper()
	return newHostIn(t, nil, cfg, attempts...)
}

func newHostIn(t *testing.T, group *session.Group, cfg session.Config, attempts ...attempt) *host {
	t.Helper()
	if cfg.Request.URL == "" {
		cfg.Request = session.Request{Method: "POST", URL: "https://api.openai.com/v1/chat/completions", Body: `{"stream":true}`}
	}
	s, err := session.NewSession(&cfg, group)
	require.NoError(t, err)
	return &host{t: t, s: s, now: epoch, attempts: attempts}
}

// run plays until the session is over, and returns the last answer.
func (h *host) run() *session.Answer {
	h.t.Helper()
	a := h.step(session.Happened{What: session.OnStart})
	for range 10_000 {
		switch a.Do {
		case session.DoPass, session.DoFinish, session.DoFail, session.DoRethrow:
			h.last = a
			return a
		case session.DoLend:
			if h.lent = a; a.Attempt == 0 {
				h.t.Fatal("the answer has no attempt")
			}
			a = h.step(session.Happened{What: session.OnEnd, Attempt: a.Attempt})
		case session.DoOpen:
			a = h.play(a)
		default:
			a = h.timer(a)
		}
	}
	h.t.Fatal("the session does not end")
	return a
}

// timer moves the clock to when the session must be called.
func (h *host) timer(a *session.Answer) *session.Answer {
	h.t.Helper()
	require.NotZero(h.t, a.TimerAt, "the session waits for nothing: %+v", a)
	if h.at != nil {
		if what, ok := h.at(h, a.TimerAt); ok {
			return h.step(what)
		}
	}
	h.now = max(h.now, a.TimerAt)
	return h.step(session.Happened{What: session.OnTimer})
}

// play runs one attempt, and returns the answer that ends it.
func (h *host) play(a *session.Answer) *session.Answer {
	h.t.Helper()
	h.opened = append(h.opened, h.now)
	h.resumes = append(h.resumes, a.Resume)
	require.LessOrEqual(h.t, len(h.opened), len(h.attempts), "more attempts than the script has; they were opened at %v", h.opened)
	do, n := h.attempts[len(h.opened)-1], a.Attempt
	idle := func(a *session.Answer) bool { return a.Do == session.DoNothing || a.Do == session.DoRead }
	timer := a.TimerAt
	pass := func(until int64) (*session.Answer, bool) {
		for timer != 0 && timer <= until {
			h.now = max(h.now, timer)
			a := h.step(session.Happened{What: session.OnTimer})
			if !idle(a) {
				return a, true
			}
			timer = a.TimerAt
		}
		h.now = max(h.now, until)
		return nil, false
	}
	switch do.then {
	case "refuse":
		return h.step(session.Happened{What: session.OnError, Attempt: n, Error: &classify.ErrorInfo{Name: "TypeError", Message: "fetch failed", Cause: &classify.ErrorInfo{Code: "ECONNREFUSED", Message: "connect ECONNREFUSED 127.0.0.1:1"}}})
	case "mute":
		out, _ := pass(h.now + 100*60*60*1000)
		return out
	}
	if do.status == 0 {
		do.status = 200
	}
	headers := do.headers
	if headers == nil && do.status == 200 {
		headers = map[string]string{"content-type": "text/event-stream"}
	}
	if a = h.step(session.Happened{What: session.OnResponse, Attempt: n, Status: do.status, Headers: headers}); !idle(a) {
		return a
	}
	timer = a.TimerAt
	h.read = true
	for _, chunk := range do.chunks {
		if a, over := pass(h.now + do.every); over {
			return a
		}
		h.held.Add([]byte(chunk))
		ready, a := h.s.Chunk(n, h.now, []byte(chunk))
		if a == nil {
			h.take(ready)
			continue
		}
		require.Equal(h.t, ready, a.Bytes)
		h.note(a)
		if !idle(a) {
			return a
		}
		timer = a.TimerAt
	}
	switch do.then {
	case "hang":
		out, over := pass(h.now + 100*60*60*1000)
		require.True(h.t, over, "nothing noticed the silence")
		return out
	case "reset":
		return h.step(session.Happened{What: session.OnError, Attempt: n, Error: &classify.ErrorInfo{Name: "TypeError", Message: "terminated", Cause: &classify.ErrorInfo{Name: "SocketError", Message: "other side closed", Code: "UND_ERR_SOCKET"}}})
	}
	return h.step(session.Happened{What: session.OnEnd, Attempt: n})
}

func (h *host) step(what session.Happened) *session.Answer {
	h.t.Helper()
	what.Now = h.now
	a := h.s.Step(&what)
	h.note(a)
	return a
}

func (h *host) note(a *session.Answer) {
	h.t.Helper()
	if a.Reset {
		h.resets++
		h.got.Reset()
	}
	h.take(a.Bytes)
	if a.Do == session.DoOpen {
		h.held.Reset()
	}
	if a.Retry != nil {
		h.retries = append(h.retries, *a.Retry)
	}
	if a.Warning != "" {
		h.warning = a.Warning
	}
}

// take delivers the n bytes that the session releases.
func (h *host) take(n int) {
	h.t.Helper()
	out := h.held.Take(n, h.s.Moves())
	require.Len(h.t, out, n)
	h.got.Write(out)
}

// gaps returns the times between the starts of attempts, in milliseconds.
func (h *host) gaps() []int64 {
	var gaps []int64
	for i := 1; i < len(h.opened); i++ {
		gaps = append(gaps, h.opened[i]-h.opened[i-1])
	}
	return gaps
}

// chat returns a chat completion as OpenAI streams it, one event per chunk.
func chat(tokens ...string) []string {
	out := []string{chatRole()}
	for _, token := range tokens {
		out = append(out, chatToken(token))
	}
	return append(out, chatFinish("stop"), "data: [DONE]\n\n")
}

func chatRole() string {
	return `data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n"
}

func chatToken(token string) string {
	return fmt.Sprintf(`data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":%q},"finish_reason":null}]}`+"\n\n", token)
}

func chatFinish(reason string) string {
	return fmt.Sprintf(`data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":%q}]}`+"\n\n", reason)
}

// claude returns a message as Anthropic streams it, one event per chunk.
func claude(tokens ...string) []string {
	out := []string{
		"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"role\":\"assistant\",\"content\":[],\"usage\":{\"input_tokens\":9}}}\n\n",
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
		"event: ping\ndata: {\"type\": \"ping\"}\n\n",
	}
	for _, token := range tokens {
		out = append(out, fmt.Sprintf("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":%q}}\n\n", token))
	}
	return append(out,
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3}}\n\n",
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
}
