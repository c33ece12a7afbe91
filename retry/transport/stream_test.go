package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
)

// collect returns what a page would see: the data of the messages that it has at the
// end, the types of all events, and the error.
func collect(tr *Transport, req *http.Request) (held []string, types string, err error) {
	for event, failure := range tr.Stream(req) {
		if failure != nil {
			return held, types + "!", failure
		}
		types += string(event.Type[:2]) + " "
		switch event.Type {
		case retry.ChatStreamEventTypeMessage:
			held = append(held, event.Data)
		case retry.ChatStreamEventTypeReset:
			held = nil
		}
	}
	return held, types, nil
}

// dataOf returns the data of each event.
func dataOf(events []string) (out []string) {
	for _, e := range events {
		if _, data, ok := strings.Cut(e, "data: "); ok {
			out = append(out, strings.TrimSuffix(data, "\n\n"))
		}
	}
	return out
}

func TestAStreamRestartsAfterAFailureInTheMiddleOfAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		half := chat("A", "B")[:3]
		p := newProvider(overloaded, attemptScript{chunks: half, broken: errReset}, attemptScript{chunks: half}, attemptScript{chunks: chat("A", "B")})
		held, types, err := collect(newTransport(p), chatRequest(t, t.Context()))
		require.NoError(t, err)
		require.Equal(t, dataOf(chat("A", "B")), held)
		require.Equal(t, "re me me me re re me me me re re me me me me me fi ", types)
		require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, p.gaps())
		require.Empty(t, p.requests[0].Header.Get("Accept"), "the caller's request must not change")
	})
}

func TestTheRetryEventComesBeforeTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(overloaded, attemptScript{chunks: chat("A")})
		began := time.Now()
		for event, err := range newTransport(p).Stream(chatRequest(t, t.Context())) {
			require.NoError(t, err)
			if event.Type == retry.ChatStreamEventTypeRetry {
				require.Zero(t, time.Since(began))
				require.Equal(t, began.Add(time.Second).UTC(), event.Retry.RetryingAt)
				time.Sleep(5 * time.Second) // a page that is slow must not lengthen the wait
			}
		}
		require.Equal(t, []time.Duration{5 * time.Second}, p.gaps())
	})
}

func TestAStreamYieldsNamesAndIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{chunks: []string{"\ufeff: hi\nid: 7\nevent: x\r\ndata: a\rdata: b\n\n", "data: c\n\nevent: lone\n\nid\ndata: d\n\n", "data: e"}})
		req := chatRequest(t, t.Context())
		req.URL.Path = "/events"
		var got []Event
		for event, err := range newTransport(p).Stream(req) {
			require.NoError(t, err)
			got = append(got, event)
		}
		const message = retry.ChatStreamEventTypeMessage
		require.Equal(t, []Event{
			{Type: message, Name: "x", Data: "a\nb", ID: "7"},
			{Type: message, Name: "message", Data: "c", ID: "7", Text: "c"},
			{Type: message, Name: "message", Data: "d", Text: "d"},
			{Type: message, Name: "message", Data: "e", Text: "e"},
			{Type: retry.ChatStreamEventTypeFinish, Finish: &Finish{}},
		}, got)
	})
}

func TestAStreamEndsWithTheProvidersError(t *testing.T) {
	for name, c := range map[string]struct {
		script attemptScript
		kind   classify.Kind
		held   int
	}{
		"a status":        {attemptScript{status: 401, chunks: []string{`{"error":{"message":"Incorrect API key provided: sk-abcdef0123456789abcdef","code":"invalid_api_key"}}`}}, classify.Auth, 0},
		"in band":         {attemptScript{chunks: []string{chatRole(), `data: {"error":{"message":"quota","type":"insufficient_quota","code":"insufficient_quota"}}` + "\n\n"}}, classify.Quota, 0},
		"in mid-answer":   {attemptScript{chunks: []string{chatRole(), chatToken("A"), `data: {"error":{"message":"quota","type":"insufficient_quota","code":"insufficient_quota"}}` + "\n\n"}}, classify.Quota, 2},
		"a refusal":       {attemptScript{chunks: []string{chatRole(), chatToken("A"), strings.Replace(chatFinish(), "stop", "content_filter", 1), "data: [DONE]\n\n"}}, classify.ContentPolicy, 4},
		"an error as 200": {attemptScript{headers: map[string]string{"Content-Type": "application/json"}, chunks: []string{`{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}`}}, classify.Auth, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(c.script)
				held, _, err := collect(newTransport(p), chatRequest(t, t.Context()))
				failure := failureOf(t, err)
				require.Equal(t, c.kind, failure.Verdict.Kind)
				require.Equal(t, 1, failure.Attempts)
				require.Len(t, held, c.held)
				require.NotContains(t, err.Error(), "sk-abc")
				synctest.Wait()
				require.Zero(t, p.open)
			})
		})
	}
}

func TestAnAnswerThatIsNotAStreamIsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{headers: map[string]string{"Content-Type": "application/json"}, chunks: []string{`{"id":"c1",`, `"choices":[]}`}})
		held, _, err := collect(newTransport(p), chatRequest(t, t.Context()))
		require.NoError(t, err)
		require.Equal(t, []string{`{"id":"c1","choices":[]}`}, held)
	})
	for name, c := range map[string]struct {
		script attemptScript
		text   string
	}{
		"an image":     {attemptScript{headers: map[string]string{"Content-Type": "image/png"}, chunks: []string{"x"}, hang: true}, "image/png"},
		"not modified": {attemptScript{status: 304}, "304"},
		"no content":   {attemptScript{status: 204}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(c.script)
				held, _, err := collect(newTransport(p), chatRequest(t, t.Context()))
				if c.text == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, c.text)
				}
				require.Empty(t, held)
				synctest.Wait()
				require.Zero(t, p.open)
			})
		})
	}
}

func TestBreakingOutOfTheLoopEndsTheRequest(t *testing.T) {
	for name, script := range map[string]attemptScript{
		"at a message": {chunks: []string{chatRole(), chatToken("A")}, hang: true},
		"at a retry":   overloaded,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(script)
				tr := newTransport(p)
				tr.Controller = &Controller{}
				for _, err := range tr.Stream(chatRequest(t, t.Context())) {
					require.NoError(t, err)
					break
				}
				synctest.Wait()
				require.Zero(t, p.open)
				require.Equal(t, 1, p.count())
				require.Empty(t, tr.Controller.Snapshots())
				require.Empty(t, tr.Group.rounds)
			})
		})
	}
}

func TestTheCallersCancelEndsAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("the user left")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(cause) })
		p := newProvider(overloaded, overloaded, overloaded)
		_, types, err := collect(newTransport(p), chatRequest(t, ctx))
		require.ErrorIs(t, err, cause)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, "re re !", types)
	})
}

func TestAStreamFollowsRedirects(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/there" {
			http.Redirect(w, req, "/there", http.StatusTemporaryRedirect)
			return
		}
		body, _ := io.ReadAll(req.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte("data: " + string(body) + "\n\n"))
	}))
	defer srv.Close()
	req, err := http.NewRequest(http.MethodPost, srv.URL, strings.NewReader("hi"))
	require.NoError(t, err)
	held, _, err := collect(newTransport(&http.Transport{DisableKeepAlives: true}), req)
	require.NoError(t, err)
	require.Equal(t, []string{"hi"}, held)
}

func TestAStreamNeverShowsTheAddressInItsErrors(t *testing.T) {
	tr := newTransport(&http.Transport{})
	tr.Policy = retry.Policy{MaxAttempts: 2, InitialDelay: time.Millisecond}
	req, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:1/v1beta/models/g:streamGenerateContent?key=secret", strings.NewReader("{}"))
	require.NoError(t, err)
	_, _, err = collect(tr, req)
	require.ErrorIs(t, err, retry.ErrExhausted)
	require.NotContains(t, err.Error(), "secret")
	require.NotContains(t, failureOf(t, err).Err.Error(), "secret")
}

func TestAnErrorOfAStreamNamesTheLastFailureInEveryForm(t *testing.T) {
	busy := `{"error":{"message":"busy","type":"overloaded_error"}}`
	for name, script := range map[string]attemptScript{
		"a status":         {status: 529, headers: map[string]string{"Retry-After": "2"}, chunks: []string{busy}},
		"an event":         {chunks: []string{chatRole(), "data: " + busy + "\n\n"}},
		"a JSON document":  {headers: map[string]string{"Content-Type": "application/json"}, chunks: []string{busy}},
		"asked for longer": {status: 529, headers: map[string]string{"Retry-After": "3600"}, chunks: []string{busy}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTransport(newProvider(script, script))
				tr.Policy.MaxAttempts = 2
				_, _, err := collect(tr, chatRequest(t, t.Context()))
				failure := failureOf(t, err)
				require.NotNil(t, failure.Last)
				require.Equal(t, classify.Overloaded, failure.Last.Kind)
				require.Equal(t, "Service overloaded", failure.Last.Title)
				want := "retry: attempts exhausted after 2 attempts: OpenAI is temporarily overloaded. (busy)"
				if name == "asked for longer" {
					want = "retry: asked to wait too long, 1h0m0s, after 1 attempt: OpenAI is temporarily overloaded. It asks to wait 1 h. (busy)"
				}
				require.EqualError(t, err, want)
			})
		})
	}
}
