package chattest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client uses each connection once, so that no idle one outlives a test.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}

// route is one protocol as a client sees it, with a reader of its own that shares no
// code with the server.
type route struct {
	name, path, body string
	output           func(e sse) string // the text that an event adds
	ended            func(events []sse) bool
	failed           func(e sse) bool // is it an in-band error?
	whole            string           // path of the JSON answer's text, dots between
}

// routes are the streaming protocols.
var routes = []route{
	{
		name: "anthropic", path: "/v1/messages",
		body:   `{"model":"claude-x","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}`,
		output: func(e sse) string { return e.text("delta.text") },
		ended:  func(es []sse) bool { return es[len(es)-1].name == "message_stop" },
		failed: func(e sse) bool { return e.name == "error" && e.text("error.type") != "" },
		whole:  "content.0.text",
	},
	{
		name: "openai chat", path: "/v1/chat/completions",
		body:   `{"model":"gpt-x","stream":true,"messages":[{"role":"user","content":"hi"}]}`,
		output: func(e sse) string { return e.text("choices.0.delta.content") },
		ended: func(es []sse) bool {
			return len(es) > 1 && es[len(es)-1].data == "[DONE]" && es[len(es)-2].text("choices.0.finish_reason") != ""
		},
		failed: func(e sse) bool { return e.text("error.message") != "" },
		whole:  "choices.0.message.content",
	},
	{
		name: "openai responses", path: "/v1/responses",
		body: `{"model":"gpt-x","stream":true,"input":[{"role":"user","content":"hi"}]}`,
		output: func(e sse) string {
			if e.name == "response.output_text.delta" {
				return e.text("delta")
			}
			return ""
		},
		ended: func(es []sse) bool {
			last := es[len(es)-1]
			return last.name == "response.completed" || last.name == "response.incomplete"
		},
		failed: func(e sse) bool { return e.name == "response.failed" && e.text("response.error.message") != "" },
		whole:  "output.0.content.0.text",
	},
	{
		name: "gemini", path: "/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
		body:   `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`,
		output: func(e sse) string { return e.text("candidates.0.content.parts.0.text") },
		ended:  func(es []sse) bool { return es[len(es)-1].text("candidates.0.finishReason") != "" },
		failed: func(e sse) bool { return e.text("error.status") != "" },
		whole:  "candidates.0.content.parts.0.text",
	},
	{
		name: "sse", path: "/sse", body: "{}",
		output: func(e sse) string {
			if e.name != "" {
				return ""
			}
			return e.data
		},
		ended:  func(es []sse) bool { return es[len(es)-1].name == "done" },
		failed: func(e sse) bool { return e.name == "error" },
		whole:  "text",
	},
	{
		name: "ai sdk", path: "/api/chat", body: `{"messages":[{"role":"user","parts":[{"type":"text","text":"hi"}]}]}`,
		output: func(e sse) string { return e.text("delta") },
		ended: func(es []sse) bool {
			return len(es) > 1 && es[len(es)-1].data == "[DONE]" && es[len(es)-2].text("type") == "finish"
		},
		failed: func(e sse) bool { return e.text("type") == "error" && e.text("errorText") != "" },
		whole:  "text",
	},
}

func eachRoute(t *testing.T, f func(t *testing.T, r route)) {
	for _, r := range routes {
		t.Run(r.name, func(t *testing.T) { f(t, r) })
	}
}

// text joins the text of the events.
func (r route) text(events []sse) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(r.output(e))
	}
	return b.String()
}

// sse is one event as a reader sees it.
type sse struct{ name, id, data string }

// text is the string at a path in the event's JSON, or "".
func (e sse) text(path string) string { s, _ := dig([]byte(e.data), path).(string); return s }

// dig is the value at a path in JSON: names and indexes with dots between.
func dig(raw []byte, path string) any {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	for _, step := range strings.Split(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			if step != "0" || len(at) == 0 {
				return nil
			}
			v = at[0]
		default:
			return nil
		}
	}
	return v
}

// readEvents reads a stream to its end, by the WHATWG rules: any line ending,
// a byte order mark, comments; an event without its blank line is dropped.
func readEvents(body []byte) (events []sse, comments int) {
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(string(body), "\ufeff"))
	var e sse
	var data []string
	lines := strings.Split(text, "\n")
	for _, line := range lines[:len(lines)-1] {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if data != nil {
				e.data = strings.Join(data, "\n")
				events = append(events, e)
			}
			e, data = sse{}, nil
		case name == "":
			comments++
		case name == "event":
			e.name = value
		case name == "id":
			e.id = value
		case name == "data":
			data = append(data, value)
		}
	}
	return events, comments
}

// response is the outcome of one request.
type response struct {
	status int
	header http.Header
	body   []byte
	err    error // of the request, or of reading the body
}

func (r response) events() []sse { events, _ := readEvents(r.body); return events }

func post(t *testing.T, run *chattest.Run, path, body string) response {
	t.Helper()
	return do(t, http.MethodPost, run.URL()+path, body, nil)
}

func do(t *testing.T, method, url, body string, header http.Header) response {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	require.NoError(t, err)
	for name, values := range header {
		q.Header[name] = values
	}
	res, err := client.Do(q)
	if err != nil {
		return response{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	return response{res.StatusCode, res.Header, b.Bytes(), err}
}

// stream sends a request and reads its body as it arrives, for answers that have no
// end.
func stream(t *testing.T, run *chattest.Run, path, body string) (next func(n int) []byte, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, run.URL()+path, strings.NewReader(body))
	require.NoError(t, err)
	res, err := client.Do(q)
	require.NoError(t, err)
	reader := bufio.NewReader(res.Body)
	return func(n int) []byte {
			b := make([]byte, n)
			_, err := io.ReadFull(reader, b)
			require.NoError(t, err)
			return b
		}, func() {
			cancel()
			_ = res.Body.Close()
		}
}

// idle waits until the run's log is final.
func idle(t *testing.T, run *chattest.Run) []chattest.Request {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(t, run.WaitIdle(ctx))
	return run.Requests()
}

func pointer[T any](v T) *T { return &v }
