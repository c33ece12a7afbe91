package chattest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
)

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReader(r) }

func TestTheScriptIsMetAttemptByAttempt(t *testing.T) {
	srv := chattest.New(t)
	for _, c := range []struct {
		name   string
		faults []chattest.Fault
		want   []int
	}{
		{"nothing", nil, []int{200, 200}},
		{"in turn", []chattest.Fault{{Status: 500}, {}, {Status: 429}}, []int{500, 200, 429, 200, 200}},
		{"times", []chattest.Fault{{Status: 500, Times: 3}, {Status: 429}}, []int{500, 500, 500, 429, 200}},
		{"forever", []chattest.Fault{{Status: 429}, {Status: 500, Times: -1}, {Status: 400}}, []int{429, 500, 500, 500, 500}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := quick(srv, c.faults...)
			for i, want := range c.want {
				require.Equal(t, want, post(t, run, "/v1/messages", "{}").status)
				require.Equal(t, i+1, run.Requests()[i].Attempt)
			}
		})
	}
}

func TestTheLogContainsTheRequests(t *testing.T) {
	srv := chattest.New(t)
	run := quick(srv, chattest.Fault{Status: 429})
	before := time.Now()
	do(t, http.MethodPost, run.URL()+"/v1/messages?beta=true", `{"a":"ü"}`, http.Header{"X-Api-Key": {"k"}, "Accept": {"a", "b"}})
	res := post(t, run, "/v1/messages", routes[0].body)
	log := idle(t, run)
	require.Len(t, log, 2)
	first, second := log[0], log[1]
	require.Equal(t, "POST", first.Method)
	require.Equal(t, "/v1/messages", first.Path)
	require.Equal(t, "beta=true", first.Query)
	require.Equal(t, `{"a":"ü"}`, first.Body)
	require.Equal(t, "k", first.Headers["x-api-key"])
	require.Equal(t, "a, b", first.Headers["accept"])
	require.NotEmpty(t, first.Headers["host"])
	require.Equal(t, 429, first.Status)
	require.Equal(t, &chattest.Fault{Status: 429}, first.Fault)
	require.Nil(t, second.Fault)
	require.True(t, first.Done)
	require.False(t, first.ClientGone)
	require.Less(t, first.AtMs, second.AtMs)
	require.GreaterOrEqual(t, first.DoneMs, first.AtMs)
	require.WithinDuration(t, before, first.Wall, 5*time.Second)
	require.Equal(t, res.body, second.Sent)
	require.EqualValues(t, len(res.body), second.BytesSent)
}

func TestConcurrentAttemptsAreCountedOnceEach(t *testing.T) {
	srv := chattest.New(t)
	run := quick(srv, chattest.Fault{Status: 500, Times: 5})
	var wg sync.WaitGroup
	statuses := make(chan int, 20)
	for range 20 {
		wg.Go(func() { statuses <- post(t, run, "/v1/messages", "{}").status })
	}
	wg.Wait()
	close(statuses)
	count := map[int]int{}
	for s := range statuses {
		count[s]++
	}
	require.Equal(t, map[int]int{500: 5, 200: 15}, count)
	for i, q := range idle(t, run) {
		require.Equal(t, i+1, q.Attempt)
	}
}

func TestWaitIdleEndsWithItsContext(t *testing.T) {
	srv := chattest.New(t)
	run := quick(srv, chattest.Fault{Kind: chattest.Stall})
	_, leave := stream(t, run, "/v1/messages", routes[0].body)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, run.WaitIdle(ctx), context.DeadlineExceeded)
	leave()
	require.NoError(t, run.WaitIdle(context.Background()))
}

func TestInvalidRunsAreRefused(t *testing.T) {
	srv := chattest.New(t)
	for _, body := range []string{
		`{"faults":[{"kind":"explode"}]}`,
		`{"faults":[{"knd":"reset"}]}`,
		`{"faults":[{"kind":"reset","at":"nowhere"}]}`,
		`{"faults":[{"status":500,"at_token":3}]}`,
		`{"faults":[{"kind":"error","at":"before_headers"}]}`,
		`{"faults":[{"kind":"stall","at":"connect"}]}`,
		`{"faults":[{"kind":"stall","at":"before_headers","ping_ms":5}]}`,
		`{"faults":[{"kind":"error","half":"char"}]}`,
		`{"faults":[{"kind":"eof","half":"token"}]}`,
		`{"faults":[{"kind":"status"}]}`,
		`{"faults":[{"status":99}]}`,
		`{"faults":[{"line_ending":"vt"}]}`,
		`{"faults":[{"finish":"maybe"}]}`,
		`{"faults":[{"ping_ms":5}]}`,
		`{"faults":[{"times":-2}]}`,
		`{"faults":[{"times":2000000}]}`,
		`{"faults":[{"chunk_bytes":-1}]}`,
		`{"id":"a/b"}`, `{"id":".."}`, `{"id":"default"}`,
		`{"id":5}`, `not JSON`, ``,
	} {
		res := do(t, http.MethodPost, srv.URL()+"/_chattest/runs", body, nil)
		require.Equal(t, http.StatusBadRequest, res.status, body)
		require.NotEmpty(t, dig(res.body, "error"), body)
	}
	require.Panics(t, func() { srv.NewRun(chattest.Run{ID: "default"}) })
}

func TestRunsOverHTTP(t *testing.T) {
	srv := chattest.New(t)
	res := do(t, http.MethodPost, srv.URL()+"/_chattest/runs", `{"id":"mine","text":"Grüß dich","token_delay_ms":-1,
		"faults":[{"status":529},{"kind":"reset","at_token":1},{"kind":"stall","at":"before_output","ping_ms":1000}]}`, nil)
	require.Equal(t, 200, res.status)
	require.Equal(t, "*", res.header.Get("Access-Control-Allow-Origin"))
	var made struct{ ID, Base string }
	require.NoError(t, json.Unmarshal(res.body, &made))
	require.Equal(t, "mine", made.ID)
	require.Equal(t, srv.URL()+"/run/mine", made.Base)

	require.Equal(t, 529, do(t, http.MethodPost, made.Base+"/v1/messages", "{}", nil).status)
	require.Error(t, do(t, http.MethodPost, made.Base+"/v1/messages", routes[0].body, nil).err)

	var log struct {
		ID       string
		Text     string
		Requests []map[string]any
	}
	res = do(t, http.MethodGet, srv.URL()+"/_chattest/runs/mine?wait=idle", "", nil)
	require.NoError(t, json.Unmarshal(res.body, &log))
	require.Equal(t, "Grüß dich", log.Text)
	require.Len(t, log.Requests, 2)
	first := log.Requests[0]
	for _, name := range []string{
		"attempt", "method", "path", "query", "headers", "body", "at_ms", "wall", "done", "done_ms", "client_gone", "status", "bytes_sent", "fault",
	} {
		require.Contains(t, first, name)
	}
	require.NotContains(t, first, "sent")
	require.Equal(t, map[string]any{"status": 529.}, first["fault"])
	_, err := time.Parse(time.RFC3339Nano, first["wall"].(string))
	require.NoError(t, err)

	res = do(t, http.MethodGet, srv.URL()+"/_chattest/runs/mine?sent=1", "", nil)
	require.NoError(t, json.Unmarshal(res.body, &log))
	require.NotEmpty(t, log.Requests[0]["sent"])

	require.Equal(t, http.StatusNoContent, do(t, http.MethodDelete, srv.URL()+"/_chattest/runs/mine", "", nil).status)
	for _, path := range []string{"/_chattest/runs/mine", "/run/mine/v1/models", "/_chattest/other"} {
		require.Equal(t, http.StatusNotFound, do(t, http.MethodGet, srv.URL()+path, "", nil).status)
	}
}

func TestCORSIsOnUnlessARunSwitchesItOff(t *testing.T) {
	srv := chattest.New(t)
	asks := http.Header{
		"Origin": {"http://page.test"}, "Access-Control-Request-Method": {"POST"},
		"Access-Control-Request-Headers": {"x-api-key,content-type"}, "Access-Control-Request-Private-Network": {"true"},
	}
	origin := http.Header{"Origin": {"http://page.test"}}

	on := quick(srv, chattest.Fault{Status: 429, Headers: map[string]string{"retry-after": "1"}})
	res := do(t, http.MethodOptions, on.URL()+"/v1/messages", "", asks)
	require.Equal(t, http.StatusNoContent, res.status)
	require.Equal(t, "*", res.header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "x-api-key,content-type", res.header.Get("Access-Control-Allow-Headers"))
	require.Contains(t, res.header.Get("Access-Control-Allow-Methods"), "POST")
	require.Equal(t, "true", res.header.Get("Access-Control-Allow-Private-Network"))
	require.Empty(t, on.Requests(), "a preflight is not an attempt")
	require.Equal(t, 1, on.Preflights())
	res = do(t, http.MethodPost, on.URL()+"/v1/messages", "{}", origin)
	require.Equal(t, 429, res.status)
	require.Equal(t, "*", res.header.Get("Access-Control-Allow-Origin"))
	for _, name := range []string{"retry-after", "retry-after-ms", "request-id", "x-request-id", "x-ratelimit-reset-requests"} {
		require.Contains(t, strings.Split(res.header.Get("Access-Control-Expose-Headers"), ", "), name)
	}

	off := srv.NewRun(chattest.Run{CORS: pointer(false)})
	require.Equal(t, http.StatusForbidden, do(t, http.MethodOptions, off.URL()+"/v1/messages", "", asks).status)
	res = do(t, http.MethodPost, off.URL()+"/v1/messages", "{}", origin)
	for name := range res.header {
		require.False(t, strings.HasPrefix(name, "Access-Control-"), name)
	}

	hidden := srv.NewRun(chattest.Run{Expose: []string{}})
	require.Empty(t, do(t, http.MethodPost, hidden.URL()+"/v1/messages", "{}", origin).header.Values("Access-Control-Expose-Headers"))
	own := srv.NewRun(chattest.Run{Expose: []string{"retry-after"}})
	require.Equal(t, "retry-after", do(t, http.MethodPost, own.URL()+"/v1/messages", "{}", origin).header.Get("Access-Control-Expose-Headers"))

	control := do(t, http.MethodOptions, srv.URL()+"/_chattest/runs", "", asks)
	require.Equal(t, http.StatusNoContent, control.status)
	require.Equal(t, "*", control.header.Get("Access-Control-Allow-Origin"))
}

func TestStaticFilesAreServedBesideTheProvider(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.html"), []byte("<p>page"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.wasm"), []byte("\x00asm"), 0o600))
	srv, err := chattest.Start(chattest.Config{Static: dir})
	require.NoError(t, err)
	defer srv.Close()
	require.Equal(t, "<p>page", string(do(t, http.MethodGet, srv.URL()+"/", "", nil).body))
	require.Equal(t, "application/wasm", do(t, http.MethodGet, srv.URL()+"/a.wasm", "", nil).header.Get("Content-Type"))
	require.True(t, routes[0].ended(do(t, http.MethodPost, srv.URL()+routes[0].path, routes[0].body, nil).events()))
}

func TestAnAddressInUseIsAnError(t *testing.T) {
	srv := chattest.New(t)
	_, err := chattest.Start(chattest.Config{Addr: strings.TrimPrefix(srv.URL(), "http://")})
	require.ErrorContains(t, err, "address already in use")
}

func TestAServerOnAllAddressesHasAUsableURL(t *testing.T) {
	srv, err := chattest.Start(chattest.Config{Addr: ":0"})
	require.NoError(t, err)
	defer srv.Close()
	require.True(t, strings.HasPrefix(srv.URL(), "http://127.0.0.1:"), srv.URL())
	require.Equal(t, http.StatusOK, do(t, http.MethodGet, srv.URL()+"/v1/models", "", nil).status)
}

func TestConnectionsAreReusedOnlyIfARunSaysSo(t *testing.T) {
	srv := chattest.New(t)
	for _, keep := range []bool{false, true} {
		run := srv.NewRun(chattest.Run{KeepAlive: keep, Text: "a", TokenDelayMs: -1})
		conn := dial(t, run, "POST", "/sse", "{}")
		res, err := http.ReadResponse(newReader(conn), nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		require.Equal(t, !keep, res.Close)
	}
}
