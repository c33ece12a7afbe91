package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry"
)

// attemptScript is how a scripted provider answers one request.
type attemptScript struct {
	err     error         // instead of headers
	mute    bool          // no headers, forever
	after   time.Duration // before the headers
	status  int           // 200 if it is 0
	headers map[string]string
	chunks  []string
	every   time.Duration // before each chunk
	hang    bool          // after the chunks, nothing more
	broken  error         // … or this error; else the body ends
}

// provider plays one script per request. If a script has times, use it in a synctest
// bubble.
type provider struct {
	mu       sync.Mutex
	scripts  []attemptScript
	opened   []time.Time
	requests []*http.Request
	bodies   []string
	reads    int // of bodies
	closes   int
	open     int // attempts that are not over
}

func newProvider(scripts ...attemptScript) *provider { return &provider{scripts: scripts} }

func (p *provider) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	p.mu.Lock()
	n := len(p.opened)
	p.opened = append(p.opened, time.Now())
	p.requests = append(p.requests, req)
	p.bodies = append(p.bodies, string(body))
	script := attemptScript{status: http.StatusTeapot} // which is not retried
	if n < len(p.scripts) {
		script = p.scripts[n]
	}
	p.mu.Unlock()
	if script.mute {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	if err := sleep(req.Context(), script.after); err != nil {
		return nil, err
	}
	if script.err != nil {
		return nil, script.err
	}
	if script.status == 0 {
		script.status = 200
	}
	header := http.Header{}
	if script.status == 200 {
		header.Set("Content-Type", "text/event-stream")
	}
	for name, value := range script.headers {
		header.Set(name, value)
	}
	p.mu.Lock()
	p.open++
	p.mu.Unlock()
	return &http.Response{
		Status: fmt.Sprint(script.status, " ", http.StatusText(script.status)), StatusCode: script.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, ContentLength: -1, Request: req,
		Body: &scriptBody{ctx: req.Context(), p: p, script: script, chunks: script.chunks},
	}, nil
}

// gaps returns the times between the starts of attempts.
func (p *provider) gaps() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var gaps []time.Duration
	for i := 1; i < len(p.opened); i++ {
		gaps = append(gaps, p.opened[i].Sub(p.opened[i-1]))
	}
	return gaps
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.opened)
}

type scriptBody struct {
	ctx    context.Context
	p      *provider
	script attemptScript
	chunks []string // what is left of the script's
	closed bool
}

func (b *scriptBody) Read(into []byte) (int, error) {
	b.p.mu.Lock()
	b.p.reads++
	b.p.mu.Unlock()
	if len(b.chunks) == 0 {
		switch {
		case b.script.hang:
			<-b.ctx.Done()
			return 0, b.ctx.Err()
		case b.script.broken != nil:
			return 0, b.script.broken
		}
		return 0, io.EOF
	}
	if err := sleep(b.ctx, b.script.every); err != nil {
		return 0, err
	}
	n := copy(into, b.chunks[0])
	if rest := b.chunks[0][n:]; rest == "" {
		b.chunks = b.chunks[1:]
	} else {
		b.chunks = append([]string{rest}, b.chunks[1:]...)
	}
	return n, nil
}

func (b *scriptBody) Close() error {
	b.p.mu.Lock()
	defer b.p.mu.Unlock()
	b.p.closes++
	if !b.closed {
		b.closed = true
		b.p.open--
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

var (
	overloaded = attemptScript{status: 529, chunks: []string{`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`}}
	errReset   = fmt.Errorf("read tcp 127.0.0.1:1->127.0.0.1:2: %w", syscall.ECONNRESET)
	refused    = attemptScript{err: fmt.Errorf("dial tcp 127.0.0.1:2: %w", syscall.ECONNREFUSED)}
)

// chat returns a chat completion as OpenAI streams it, one event per chunk.
func chat(tokens ...string) []string {
	out := []string{chatRole()}
	for _, token := range tokens {
		out = append(out, chatToken(token))
	}
	return append(out, chatFinish(), "data: [DONE]\n\n")
}

func chatRole() string {
	return `data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n"
}

func chatToken(token string) string {
	return fmt.Sprintf(`data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":%q},"finish_reason":null}]}`+"\n\n", token)
}

func chatFinish() string {
	return `data: {"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
}

// responses returns a part of an answer of OpenAI Responses in background mode: the
// events with these sequence numbers, of 0 to 9.
func responses(from, to int) (out []string) {
	for i := from; i <= to; i++ {
		switch i {
		case 0:
			out = append(out, `data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","background":true,"status":"queued"}}`+"\n\n")
		case 9:
			out = append(out, `data: {"type":"response.completed","sequence_number":9,"response":{"id":"resp_1","background":true,"status":"completed"}}`+"\n\n")
		default:
			out = append(out, fmt.Sprintf(`data: {"type":"response.output_text.delta","sequence_number":%d,"item_id":"m","output_index":0,"content_index":0,"delta":"t%d "}`+"\n\n", i, i))
		}
	}
	return out
}

const chatURL = "https://api.openai.com/v1/chat/completions"

// chatRequest asks for a streamed chat completion.
func chatRequest(t testing.TB, ctx context.Context) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, chatURL, strings.NewReader(`{"model":"gpt-x","stream":true,"messages":[{"role":"user","content":"hi"}]}`))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	return req
}

// eventsRequest asks for a stream of events of no known protocol, and sets the option
// with which tr watches it.
func eventsRequest(t testing.TB, tr *Transport) *http.Request {
	t.Helper()
	tr.Policy.Protocol = "sse"
	req := chatRequest(t, t.Context())
	req.URL.Path = "/events"
	return req
}

// newTransport returns a Transport that shares nothing with other tests.
func newTransport(p http.RoundTripper) *Transport {
	return &Transport{Base: p, Group: &Group{}}
}

// read reads a body to its end.
func read(t testing.TB, resp *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return string(text)
}

// failureOf returns the *retry.Error in err.
func failureOf(t testing.TB, err error) *retry.Error {
	t.Helper()
	var failure *retry.Error
	require.True(t, errors.As(err, &failure), "%v", err)
	return failure
}
