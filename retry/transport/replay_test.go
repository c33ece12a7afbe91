package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

func TestABodyThatCanBeReadOnlyOnceIsKeptAndSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(refused, overloaded, attemptScript{chunks: chat("A")})
		body := &closing{Reader: strings.NewReader(`{"stream":true}`)}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, chatURL, body)
		require.NoError(t, err)
		req.Header.Set("Idempotency-Key", "k1")
		resp, err := newTransport(p).RoundTrip(req)
		require.NoError(t, err)
		read(t, resp)
		require.Equal(t, []string{`{"stream":true}`, `{"stream":true}`, `{"stream":true}`}, p.bodies)
		for _, sent := range p.requests {
			require.Equal(t, "k1", sent.Header.Get("Idempotency-Key"))
		}
		require.True(t, body.closed)
	})
}

func TestABodyAboveTheLimitIsSentOnce(t *testing.T) {
	for _, limit := range []int{-1, 10} {
		synctest.Test(t, func(t *testing.T) {
			p := newProvider(refused, attemptScript{chunks: chat("A")})
			tr := newTransport(p)
			tr.Policy.MaxReplayBytes = limit
			body := &closing{Reader: strings.NewReader(`{"stream":true}`)}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, chatURL, body)
			require.NoError(t, err)
			_, err = tr.RoundTrip(req)
			require.Equal(t, classify.NotReplayable, failureOf(t, err).Verdict.Kind)
			require.Equal(t, []string{`{"stream":true}`}, p.bodies)
			require.True(t, body.closed)
		})
	}
}

func TestACancelEndsTheReadingOfARequestsBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), pause/2, errors.New("too slow"))
		defer cancel()
		pipe, in := io.Pipe()
		defer func() { _ = in.Close() }()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, chatURL, pipe)
		require.NoError(t, err)
		_, err = newTransport(newProvider()).RoundTrip(req)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "too slow")
	})
}

func TestABodyThatWaitsForTheAnswerIsSentAsItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipe, in := io.Pipe()
		went := make(chan string, 1)
		base := roundTrip(func(req *http.Request) (*http.Response, error) {
			begin := make([]byte, 4)
			if _, err := io.ReadFull(req.Body, begin); err != nil {
				return nil, err
			}
			go func() {
				rest, _ := io.ReadAll(req.Body)
				_ = req.Body.Close()
				went <- string(begin) + string(rest)
			}()
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("go on")), Request: req}, nil
		})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://h.example/call", pipe)
		require.NoError(t, err)
		go func() { _, _ = in.Write([]byte("begin ")) }()
		resp, err := (&Transport{Base: base, Group: &Group{}}).RoundTrip(req)
		require.NoError(t, err)
		require.Equal(t, "go on", read(t, resp))
		_, err = in.Write([]byte("end"))
		require.NoError(t, err)
		require.NoError(t, in.Close())
		require.Equal(t, "begin end", <-went)
	})
}

func TestABodyThatPausesAndThenFailsFailsTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipe, in := io.Pipe()
		time.AfterFunc(time.Second, func() { _ = in.CloseWithError(errors.New("the source is gone")) })
		base := roundTrip(func(req *http.Request) (*http.Response, error) {
			_, err := io.ReadAll(req.Body)
			return nil, err
		})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, chatURL, pipe)
		require.NoError(t, err)
		_, err = (&Transport{Base: base, Group: &Group{}}).RoundTrip(req)
		require.ErrorContains(t, err, "the source is gone")
	})
}

// endsWith cancels when it is read to its end.
type endsWith struct{ cancel func() }

func (e endsWith) Read([]byte) (int, error) {
	e.cancel()
	return 0, io.EOF
}

func (endsWith) Close() error { return nil }

func TestACancelAsARequestsBodyEndsIsACancel(t *testing.T) {
	for range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, chatURL, endsWith{cancel})
		require.NoError(t, err)
		_, err = newTransport(newProvider()).RoundTrip(req)
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestTheBodyIsClosedEvenIfItIsNeverSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		body := &closing{Reader: strings.NewReader("{}")}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, chatURL, body)
		require.NoError(t, err)
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("{}")), nil }
		_, err = newTransport(newProvider()).RoundTrip(req)
		require.ErrorIs(t, err, context.Canceled)
		require.True(t, body.closed)
	})
}

func TestTheRequestEndsIfGetBodyFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req := chatRequest(t, t.Context())
		got, gone := 0, errors.New("the file is gone")
		get := req.GetBody
		req.GetBody = func() (io.ReadCloser, error) {
			if got++; got > 1 { // the first time is for a look
				return nil, gone
			}
			return get()
		}
		p := newProvider(refused)
		_, err := newTransport(p).RoundTrip(req)
		require.ErrorIs(t, err, gone)
		require.Equal(t, 1, p.count())
	})
}

func TestTheSessionReadsAsMuchOfTheBodyAsItWants(t *testing.T) {
	for _, n := range []int{0, 1, pieceSize, pieceSize + 1, 3*pieceSize + 77} {
		var b replay
		whole := strings.Repeat("x", n)
		req, err := http.NewRequest(http.MethodPost, "https://example.com", strings.NewReader(whole))
		require.NoError(t, err)
		require.NoError(t, b.init(req, 1<<20))
		var seen strings.Builder
		require.NoError(t, b.feed(func(p []byte) (bool, error) { seen.Write(p); return true, nil }))
		require.Equal(t, whole, seen.String())
		calls := 0
		require.NoError(t, b.feed(func([]byte) (bool, error) { calls++; return false, nil }))
		require.Equal(t, min(n, 1), calls)
	}
}

func TestAResumeAsksForTheRest(t *testing.T) {
	events := func(from, to int) (out []string) {
		for i := from; i <= to; i++ {
			out = append(out, fmt.Sprintf("id: %d\ndata: token %d\n\n", i, i))
		}
		return out
	}
	for name, c := range map[string]struct {
		url, body   string
		first, rest []string
		want        string
		check       func(t *testing.T, second *http.Request, body string)
		custom      func(first *http.Request, from session.Resume) (*http.Request, error)
	}{
		"last-event-id": {
			url: "https://example.com/events?x=1", first: events(1, 3), rest: events(3, 6), want: strings.Join(events(1, 6), ""),
			check: func(t *testing.T, second *http.Request, body string) {
				require.Equal(t, "3", second.Header.Get("Last-Event-ID"))
				require.Equal(t, "POST", second.Method)
				require.Equal(t, "x=1", second.URL.RawQuery)
				require.Equal(t, `{"stream":true}`, body)
			},
		},
		"background": {
			url: "https://x.openai.azure.com/openai/responses?api-version=v1&stream=no", body: `{"stream":true,"background":true,"input":"hi"}`,
			first: responses(0, 4), rest: responses(5, 9), want: strings.Join(responses(0, 9), ""),
			check: func(t *testing.T, second *http.Request, body string) {
				require.Equal(t, "GET", second.Method)
				require.Equal(t, "/openai/responses/resp_1", second.URL.Path)
				require.Equal(t, "api-version=v1&stream=true&starting_after=4", second.URL.RawQuery)
				require.Empty(t, body)
				require.Zero(t, second.ContentLength)
				require.Empty(t, second.Header.Get("Content-Type"))
				require.Equal(t, "k1", second.Header.Get("Authorization"))
			},
		},
		"continue": {
			url: chatURL, body: `{"stream":true,"messages":[{"role":"user","content":"hi"}]}`,
			first: []string{chatRole(), chatToken("It was the best of times, ")},
			rest:  chat("it was the worst of times."),
			want:  chatRole() + chatToken("It was the best of times, ") + chatToken("it was the worst of times.") + chatFinish() + "data: [DONE]\n\n",
			check: func(t *testing.T, second *http.Request, body string) {
				want := `{"stream":true,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"It was the best of times, "},{"role":"user","content":"[CONTINUE]"}]}`
				require.Equal(t, want, body)
				require.EqualValues(t, len(want), second.ContentLength)
			},
		},
		"custom": {
			url: "https://example.com/events", first: events(1, 2), rest: events(3, 4), want: strings.Join(events(1, 4), ""),
			custom: func(first *http.Request, from session.Resume) (*http.Request, error) {
				first.Header.Set("X-After", from.LastEventID)
				return first, nil
			},
			check: func(t *testing.T, second *http.Request, _ string) {
				require.Equal(t, "2", second.Header.Get("X-After"))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(attemptScript{chunks: c.first, broken: errReset}, attemptScript{chunks: c.rest})
				tr := newTransport(p)
				tr.Policy.AfterCommit = retry.AfterCommitResume
				if strings.Contains(c.url, "/events") {
					tr.Policy.Protocol = "sse"
				}
				if tr.Resume = c.custom; c.custom != nil {
					tr.Policy.Resume = retry.ResumeCustom
				}
				if c.body == "" {
					c.body = `{"stream":true}`
				}
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url, strings.NewReader(c.body))
				require.NoError(t, err)
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Authorization", "k1")
				resp, err := tr.RoundTrip(req)
				require.NoError(t, err)
				require.Equal(t, c.want, read(t, resp))
				require.Equal(t, []time.Duration{time.Second}, p.gaps())
				c.check(t, p.requests[1], p.bodies[1])
				require.Equal(t, "POST", req.Method)
				require.Empty(t, req.Header.Get("Last-Event-ID"), "the caller's request must not change")
			})
		})
	}
}

func TestAnErrorOfResumeEndsTheRequest(t *testing.T) {
	sorry := errors.New("sorry")
	for name, hook := range map[string]func(*http.Request, session.Resume) (*http.Request, error){
		"sorry": func(*http.Request, session.Resume) (*http.Request, error) { return nil, sorry },
		"no address": func(*http.Request, session.Resume) (*http.Request, error) {
			return &http.Request{Method: http.MethodGet}, nil
		},
		"none": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(attemptScript{chunks: []string{"id: 1\ndata: A\n\n"}, broken: errReset})
				tr, _ := recorded(p)
				tr.Policy.Protocol = "sse"
				tr.Policy.AfterCommit, tr.Policy.Resume, tr.Resume = retry.AfterCommitResume, retry.ResumeCustom, hook
				req := eventsRequest(t, tr)
				resp, err := tr.RoundTrip(req)
				require.NoError(t, err)
				_, err = io.ReadAll(resp.Body)
				if name == "sorry" {
					require.ErrorIs(t, err, sorry)
				}
				require.Equal(t, classify.Canceled, failureOf(t, err).Verdict.Kind)
			})
		})
	}
}

func TestARequestThatCannotBeContinuedDoesNotLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{chunks: []string{chatRole(), chatToken("It was the best of times")}, broken: errReset})
		tr := newTransport(p)
		tr.Policy.AfterCommit = retry.AfterCommitResume
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, chatURL, strings.NewReader(`{"stream":true,"prompt":"hi"}`))
		require.NoError(t, err)
		tries := 0
		tr.OnRetry = func(context.Context, retry.ChatStreamRetry) {
			if tries++; tries > 20 {
				t.Fatal("it loops")
			}
		}
		resp, err := tr.RoundTrip(req)
		require.NoError(t, err)
		_, err = io.ReadAll(resp.Body)
		require.Error(t, err)
		require.Equal(t, 1, p.count())
	})
}
