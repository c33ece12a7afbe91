package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

func TestAHealthyStreamGoesThroughByteForByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{chunks: chat("Grüße", "日本 😀"), headers: map[string]string{"X-Request-Id": "r1", "Content-Length": "7"}})
		req := chatRequest(t, t.Context())
		resp, err := newTransport(p).RoundTrip(req)
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode)
		require.Equal(t, "r1", resp.Header.Get("X-Request-Id"))
		require.Empty(t, resp.Header.Get("Content-Length"))
		require.EqualValues(t, -1, resp.ContentLength)
		require.Same(t, req, resp.Request)
		require.Equal(t, strings.Join(chat("Grüße", "日本 😀"), ""), read(t, resp))
		require.Equal(t, 1, p.count())
	})
}

func TestEventsArriveWhenTheyAreSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{chunks: chat("A", "B"), every: time.Second})
		began := time.Now()
		resp, err := newTransport(p).RoundTrip(chatRequest(t, t.Context()))
		require.NoError(t, err)
		require.Equal(t, 2*time.Second, time.Since(began)) // the role is not output
		var at []time.Duration
		for buffer := make([]byte, 4096); ; {
			_, err := resp.Body.Read(buffer)
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			at = append(at, time.Since(began))
		}
		require.Equal(t, []time.Duration{2 * time.Second, 3 * time.Second, 4 * time.Second, 5 * time.Second}, at)
	})
}

func TestFailuresBeforeOutputAreInvisible(t *testing.T) {
	for name, bad := range map[string]attemptScript{
		"529":                  overloaded,
		"429 with Retry-After": {status: 429, headers: map[string]string{"Retry-After": "3"}, chunks: []string{`{"error":{"type":"rate_limit_exceeded","message":"Rate limit exceeded"}}`}},
		"refused":              refused,
		"reset at once":        {broken: errReset},
		"reset after the role": {chunks: []string{chatRole()}, broken: errReset},
		"cut after the role":   {chunks: []string{chatRole()}},
		"half an event":        {chunks: []string{chatRole(), chatToken("x")[:40]}},
		"unexpected EOF":       {chunks: []string{chatRole()}, broken: io.ErrUnexpectedEOF},
		"in-band error":        {chunks: []string{chatRole(), `data: {"error":{"message":"The server is overloaded","type":"server_error","code":"overloaded"}}` + "\n\n"}},
		"silence":              {chunks: []string{chatRole()}, hang: true},
		"no headers":           {mute: true},
		"HTML with 200":        {headers: map[string]string{"Content-Type": "text/html"}, chunks: []string{"<html><title>502 Bad Gateway</title></html>"}},
		"JSON error with 200":  {headers: map[string]string{"Content-Type": "application/json"}, chunks: []string{`{"error":{"message":"Overloaded","type":"overloaded_error"}}`}},
		"empty body":           {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(bad, attemptScript{chunks: chat("A", "B")})
				var events []retry.ChatStreamRetry
				tr := newTransport(p)
				tr.OnRetry = func(_ context.Context, event retry.ChatStreamRetry) {
					require.Equal(t, 1, p.count())
					events = append(events, event)
				}
				resp, err := tr.RoundTrip(chatRequest(t, t.Context()))
				require.NoError(t, err)
				require.Equal(t, 200, resp.StatusCode)
				require.Equal(t, strings.Join(chat("A", "B"), ""), read(t, resp))
				require.Equal(t, p.bodies[0], p.bodies[1])
				require.Len(t, events, 1)
				require.Equal(t, 1, events[0].Attempt)
				if strings.Contains(name, "Retry-After") {
					require.Equal(t, []time.Duration{3 * time.Second}, p.gaps())
					require.Equal(t, 429, events[0].StatusCode)
				}
				synctest.Wait()
				require.Zero(t, p.open, "a body was not closed")
			})
		})
	}
}

func TestTheZeroPolicyDoublesItsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scripts := make([]attemptScript, 9)
		for i := range 8 {
			scripts[i] = refused
		}
		scripts[8].chunks = chat("A")
		p := newProvider(scripts...)
		resp, err := newTransport(p).RoundTrip(chatRequest(t, t.Context()))
		require.NoError(t, err)
		read(t, resp)
		var seconds []float64
		for _, gap := range p.gaps() {
			seconds = append(seconds, gap.Seconds())
		}
		require.Equal(t, []float64{1, 2, 4, 8, 16, 32, 60, 60}, seconds)
	})
}

func TestPermanentFailuresReachTheCallerUnchanged(t *testing.T) {
	for status, body := range map[int]string{
		401: `{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}`,
		400: `{"error":{"message":"bad request","type":"invalid_request_error"}}`,
		429: `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newProvider(attemptScript{status: status, chunks: []string{body[:5], body[5:]}, headers: map[string]string{"Content-Length": "9"}})
			resp, err := newTransport(p).RoundTrip(chatRequest(t, t.Context()))
			require.NoError(t, err)
			require.Equal(t, status, resp.StatusCode)
			require.Equal(t, "9", resp.Header.Get("Content-Length"))
			require.Equal(t, body, read(t, resp))
			require.Equal(t, 1, p.count())
		})
	}
}

// SDKs can read an error that is the first event of a 200. So it is passed on
// unchanged if it is permanent, or if no attempt is left.
func TestAnErrorAsTheFirstEventOfA200ReachesTheCallerUnchanged(t *testing.T) {
	for _, data := range []string{
		`{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}`,
		`{"error":{"message":"Overloaded","type":"overloaded_error"}}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			script := attemptScript{chunks: []string{"data: " + data + "\n\n"}}
			p := newProvider(script, script)
			tr := newTransport(p)
			tr.Policy.MaxAttempts = 2
			resp, err := tr.RoundTrip(chatRequest(t, t.Context()))
			require.NoError(t, err)
			require.Equal(t, 200, resp.StatusCode)
			require.Equal(t, script.chunks[0], read(t, resp))
		})
	}
}

func TestWhatIsNotAStreamPassesUnchanged(t *testing.T) {
	large := strings.Repeat("0123456789", 100_000)
	for name, script := range map[string]attemptScript{
		"JSON":         {headers: map[string]string{"Content-Type": "application/json"}, chunks: []string{`{"id":"c1","choices":[]}`}},
		"large JSON":   {headers: map[string]string{"Content-Type": "application/json"}, chunks: []string{`{"id":"`, large, `"}`}},
		"an image":     {headers: map[string]string{"Content-Type": "image/png"}, chunks: []string{"\x89PNG", large}},
		"no content":   {status: 204},
		"a redirect":   {status: 307, headers: map[string]string{"Location": "/x"}},
		"not modified": {status: 304},
		"a large error": {
			status: 400, headers: map[string]string{"Content-Type": "application/json"},
			chunks: []string{`{"error":{"message":"bad request","type":"invalid_request_error","param":"`, large, `"}}`},
		},
		"gzip that the caller asked for": {headers: map[string]string{"Content-Encoding": "gzip"}, chunks: []string{"\x1f\x8b...", "..."}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(script)
				resp, err := newTransport(p).RoundTrip(chatRequest(t, t.Context()))
				require.NoError(t, err)
				require.Equal(t, max(script.status, 200), max(resp.StatusCode, 200))
				require.Equal(t, strings.Join(script.chunks, ""), read(t, resp))
				require.Equal(t, 1, p.count())
				synctest.Wait()
				require.Zero(t, p.open)
			})
		})
	}
}

type conn struct{ io.ReadWriteCloser }

func TestAnUpgradedConnectionCanBeWrittenTo(t *testing.T) {
	inner, outer := io.Pipe()
	base := roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 101, Header: http.Header{}, Body: conn{struct {
			io.Reader
			io.Writer
			io.Closer
		}{inner, outer, inner}}}, nil
	})
	resp, err := newTransport(base).RoundTrip(chatRequest(t, t.Context()))
	require.NoError(t, err)
	wire := resp.Body.(io.ReadWriteCloser)
	go func() { _, _ = wire.Write([]byte("x")) }()
	var b [1]byte
	_, err = wire.Read(b[:])
	require.NoError(t, err)
	require.Equal(t, "x", string(b[:]))
	require.NoError(t, wire.Close())
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestAFailureAfterOutputIsTheReadersError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{chunks: []string{chatRole(), chatToken("A")}, broken: errReset})
		resp, err := newTransport(p).RoundTrip(chatRequest(t, t.Context()))
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		require.Equal(t, chatRole()+chatToken("A"), string(text))
		failure := failureOf(t, err)
		require.Equal(t, classify.Network, failure.Verdict.Kind)
		require.Equal(t, 1, failure.Attempts)
		require.ErrorIs(t, err, errReset)
		_, again := resp.Body.Read(make([]byte, 1))
		require.Equal(t, err, again)
		require.NoError(t, resp.Body.Close())
	})
}

func TestTheErrorSaysWhyTheEngineGaveUp(t *testing.T) {
	for name, c := range map[string]struct {
		policy retry.Policy
		script attemptScript
		cause  error
		kind   classify.Kind
		after  time.Duration
		tries  int
	}{
		"attempts": {retry.Policy{MaxAttempts: 3}, refused, retry.ErrExhausted, classify.AttemptsExhausted, 3 * time.Second, 3},
		"time":     {retry.Policy{MaxElapsed: 5 * time.Second}, refused, retry.ErrMaxElapsed, classify.MaxElapsedExceeded, 3 * time.Second, 3},
		"asked":    {retry.Policy{}, attemptScript{headers: map[string]string{"Retry-After": "601"}, chunks: []string{chatRole()}}, nil, "", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(c.script, c.script, c.script, c.script)
				tr := newTransport(p)
				tr.Policy = c.policy
				if name == "asked" {
					p.scripts[0] = attemptScript{status: 529, headers: map[string]string{"Retry-After": "601"}}
					resp, err := tr.RoundTrip(chatRequest(t, t.Context()))
					require.NoError(t, err, "the provider's own response says more")
					require.Equal(t, 529, resp.StatusCode)
					return
				}
				_, err := tr.RoundTrip(chatRequest(t, t.Context()))
				require.ErrorIs(t, err, c.cause)
				require.ErrorIs(t, err, refused.err)
				failure := failureOf(t, err)
				require.Equal(t, c.kind, failure.Verdict.Kind)
				require.Equal(t, classify.Network, failure.Last.Kind)
				require.Equal(t, c.tries, failure.Attempts)
				require.Equal(t, c.after, failure.Elapsed)
			})
		})
	}
}

func TestTheCallersCancelWinsInEveryState(t *testing.T) {
	cause := errors.New("the user left")
	for name, scripts := range map[string][]attemptScript{
		"before the start":     {{chunks: chat("A")}},
		"opening":              {{mute: true}},
		"before output":        {{chunks: []string{chatRole()}, hang: true}},
		"waiting":              {overloaded},
		"in mid-answer":        {{chunks: []string{chatRole(), chatToken("A")}, hang: true}},
		"with bytes unread":    {{chunks: chat("A")}},
		"paused in the middle": {{chunks: []string{chatRole(), chatToken("A"), chatToken("B"), chatToken("C")}, hang: true}},
		"a body that passed":   {{headers: map[string]string{"Content-Type": "image/png"}, chunks: []string{"x"}, hang: true}},
		"a large error":        {{status: 400, chunks: []string{strings.Repeat("x", 70_000)}, hang: true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				p := newProvider(scripts...)
				var body io.ReadCloser
				began := time.Now()
				if name == "before the start" {
					cancel(cause)
				} else {
					time.AfterFunc(500*time.Millisecond, func() { cancel(cause) })
				}
				tr := newTransport(p)
				tr.OnRetry = func(context.Context, retry.ChatStreamRetry) {
					if time.Since(began) > 0 {
						t.Error("a retry event after the cancel")
					}
				}
				resp, err := tr.RoundTrip(chatRequest(t, ctx))
				if err == nil {
					body = resp.Body
					if strings.Contains(name, "unread") || strings.Contains(name, "paused") {
						_, err = body.Read(make([]byte, 10))
						require.NoError(t, err)
						time.Sleep(time.Second)
						began = began.Add(500 * time.Millisecond)
					}
					_, err = io.ReadAll(body)
				}
				require.ErrorIs(t, err, context.Canceled)
				if !strings.Contains(name, "passed") { // its errors are the base's own
					require.ErrorIs(t, err, cause)
				}
				if name == "before the start" {
					require.Zero(t, p.count())
					require.Zero(t, time.Since(began))
				} else {
					require.Equal(t, 500*time.Millisecond, time.Since(began))
					require.Equal(t, 1, p.count())
				}
				if body == nil {
					require.Equal(t, classify.Canceled, failureOf(t, err).Verdict.Kind)
				}
				synctest.Wait()
				if !strings.Contains(name, "passed") {
					require.Zero(t, p.open)
				}
			})
		})
	}
}

func TestACancelIsNeverRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tr := newTransport(newProvider(refused))
		tr.OnRetry = func(context.Context, retry.ChatStreamRetry) { t.Error("a retry event after the cancel") }
		r, err := tr.newRound(chatRequest(t, ctx), false)
		require.NoError(t, err)
		r.start()
		failed := <-r.attempt.opened
		cancel()
		r.answered(failed) // as when select finds both and chooses the error
		require.ErrorIs(t, r.err, context.Canceled)
	})
}

func TestTheRequestsOlderCancelChannelIsTheCallersCancel(t *testing.T) {
	for name, script := range map[string]attemptScript{"in a wait": overloaded, "in a stream": {chunks: chat("A", "B"), every: time.Second}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				canceled := make(chan struct{})
				p := newProvider(script, script, script)
				req := chatRequest(t, t.Context())
				//lint:ignore SA1019 deprecated, but not gone
				req.Cancel = canceled
				time.AfterFunc(2500*time.Millisecond, func() { close(canceled) })
				began := time.Now()
				resp, err := newTransport(p).RoundTrip(req)
				if err == nil {
					_, err = io.ReadAll(resp.Body)
					require.NoError(t, resp.Body.Close())
				}
				var failed *retry.Error
				require.ErrorAs(t, err, &failed)
				require.Equal(t, classify.Canceled, failed.Verdict.Kind)
				require.ErrorContains(t, failed.Err, "net/http: request canceled")
				require.Equal(t, 2500*time.Millisecond, time.Since(began))
			})
		})
	}
}

func TestADeadlineCountsAsTheCallersCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		_, err := newTransport(newProvider(refused, refused, refused)).RoundTrip(chatRequest(t, ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, classify.Canceled, failureOf(t, err).Verdict.Kind)
	})
}

func TestClosingTheBodyEndsTheRequest(t *testing.T) {
	for name, script := range map[string]attemptScript{
		"in mid-answer":      {chunks: []string{chatRole(), chatToken("A")}, hang: true},
		"at its end":         {chunks: chat("A"), hang: true},
		"a large error":      {status: 400, chunks: []string{strings.Repeat("x", 70_000)}, hang: true},
		"a body that passed": {headers: map[string]string{"Content-Type": "image/png"}, chunks: []string{"x"}, hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(script)
				resp, err := newTransport(p).RoundTrip(chatRequest(t, context.Background()))
				require.NoError(t, err)
				_, err = resp.Body.Read(make([]byte, 10))
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.NoError(t, resp.Body.Close())
				if name != "a body that passed" {
					_, err = resp.Body.Read(make([]byte, 10))
					require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
				}
				time.Sleep(time.Second) // the core waits as long for the end
				synctest.Wait()
				require.Zero(t, p.open)
				require.ErrorIs(t, p.requests[0].Context().Err(), context.Canceled)
			})
		})
	}
}

func TestClosingTheBodyWakesAReadThatWaits(t *testing.T) {
	resumable := "id: 1\ndata: A\n\n"
	for name, script := range map[string]attemptScript{
		"for bytes":           {chunks: []string{resumable}, hang: true},
		"for another attempt": {chunks: []string{resumable}, broken: errReset},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(script)
				tr := newTransport(p)
				tr.Policy.AfterCommit = retry.AfterCommitResume
				req := eventsRequest(t, tr)
				resp, err := tr.RoundTrip(req)
				require.NoError(t, err)
				began := time.Now()
				time.AfterFunc(300*time.Millisecond, func() { _ = resp.Body.Close() })
				_, err = io.ReadAll(resp.Body)
				require.Error(t, err)
				require.Equal(t, 300*time.Millisecond, time.Since(began))
				synctest.Wait()
				require.Zero(t, p.open)
				require.Equal(t, 1, p.count())
			})
		})
	}
}

func TestTheBodyCanBeClosedByWhatReadingItCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{chunks: []string{"id: 1\ndata: A\n\n"}, broken: errReset})
		tr := newTransport(p)
		tr.Policy.AfterCommit = retry.AfterCommitResume
		var resp *http.Response
		tr.OnRetry = func(context.Context, retry.ChatStreamRetry) { _ = resp.Body.Close() }
		req := eventsRequest(t, tr)
		var err error
		resp, err = tr.RoundTrip(req)
		require.NoError(t, err)
		_, err = io.ReadAll(resp.Body)
		require.Error(t, err)
		require.Equal(t, 1, p.count())
	})
}

func TestTheNetworkIsReadAsTheConsumerReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chunks := []string{chatRole()}
		for range 1000 {
			chunks = append(chunks, chatToken("x"))
		}
		p := newProvider(attemptScript{chunks: chunks})
		resp, err := newTransport(p).RoundTrip(chatRequest(t, t.Context()))
		require.NoError(t, err)
		synctest.Wait()
		require.LessOrEqual(t, p.reads, 4)
		_, err = resp.Body.Read(make([]byte, 1))
		require.NoError(t, err)
		synctest.Wait()
		require.LessOrEqual(t, p.reads, 4, "bytes that were read before are still pending")
		require.NoError(t, resp.Body.Close())
	})
}

func TestAPauseOfTheConsumerIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{chunks: chat("A", "B", "C", "D")})
		tr := newTransport(p)
		tr.Policy.SilenceTimeout = 2 * time.Second
		tr.Policy.ContentTimeout = 3 * time.Second
		resp, err := tr.RoundTrip(chatRequest(t, t.Context()))
		require.NoError(t, err)
		var text strings.Builder
		for buffer := make([]byte, 4096); ; {
			time.Sleep(4 * time.Second)
			n, err := resp.Body.Read(buffer)
			text.Write(buffer[:n])
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
		}
		require.Equal(t, strings.Join(chat("A", "B", "C", "D"), ""), text.String())
	})
}

func TestSilenceThatStartedDuringAPauseIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{chunks: []string{chatRole(), chatToken("A")}, hang: true})
		tr := newTransport(p)
		tr.Policy.SilenceTimeout = 2 * time.Second
		resp, err := tr.RoundTrip(chatRequest(t, t.Context()))
		require.NoError(t, err)
		began := time.Now()
		time.Sleep(4 * time.Second)
		_, err = io.ReadAll(resp.Body)
		require.Equal(t, classify.Silence, failureOf(t, err).Verdict.Kind)
		require.Equal(t, 4*time.Second+afterAway, time.Since(began))
	})
}

func TestRequestsThatMeetOneLimitReturnBySlowStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := attemptScript{status: 429, headers: map[string]string{"Retry-After": "5"}}
		slow := attemptScript{after: time.Second, chunks: chat("A")}
		p := newProvider(limited, slow, slow, slow, slow)
		tr := newTransport(p)
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond)
				resp, err := tr.RoundTrip(chatRequest(t, t.Context()))
				require.NoError(t, err)
				read(t, resp)
			})
		}
		wg.Wait()
		var at []time.Duration
		for _, opened := range p.opened {
			at = append(at, opened.Sub(began))
		}
		// One goes first when the time is up, two follow its answer, then the last.
		require.Equal(t, []time.Duration{0, 5 * time.Second, 6 * time.Second, 6 * time.Second, 7 * time.Second}, at)
		require.Empty(t, tr.Group.rounds)
	})
}

func TestOtherOriginsAreNotHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{status: 429, headers: map[string]string{"Retry-After": "5"}}, attemptScript{chunks: chat("A")}, attemptScript{chunks: chat("A")})
		tr := newTransport(p)
		var wg sync.WaitGroup
		wg.Go(func() {
			resp, err := tr.RoundTrip(chatRequest(t, t.Context()))
			require.NoError(t, err)
			read(t, resp)
		})
		time.Sleep(time.Second)
		req := chatRequest(t, t.Context())
		req.URL.Host = "api.mistral.ai"
		began := time.Now()
		resp, err := tr.RoundTrip(req)
		require.NoError(t, err)
		read(t, resp)
		require.Zero(t, time.Since(began))
		wg.Wait()
	})
}

func TestRetryNowEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(refused, refused, refused, attemptScript{chunks: chat("A")})
		tr := newTransport(p)
		tr.Controller = &Controller{}
		time.AfterFunc(4*time.Second, tr.Controller.RetryNow)
		time.AfterFunc(3500*time.Millisecond, func() {
			all := tr.Controller.Snapshots()
			require.Len(t, all, 1)
			require.Equal(t, session.StateWaiting, all[0].State)
			require.Equal(t, 3, all[0].Failures)
			require.Equal(t, classify.Network, all[0].Retry.Kind)
		})
		resp, err := tr.RoundTrip(chatRequest(t, t.Context()))
		require.NoError(t, err)
		read(t, resp)
		require.Equal(t, []time.Duration{time.Second, 2 * time.Second, time.Second}, p.gaps())
		require.Empty(t, tr.Controller.Snapshots())
	})
}

func TestStopEndsARequestWhoseBodyIsStillRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTransport(newProvider(refused, refused, attemptScript{chunks: chat("A")}))
		tr.Controller = &Controller{}
		pipe, in := io.Pipe()
		go func() {
			time.Sleep(pause / 2)
			tr.Controller.Stop()
			_, _ = in.Write([]byte(`{"stream":true}`))
			_ = in.Close()
		}()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, chatURL, pipe)
		require.NoError(t, err)
		_, err = tr.RoundTrip(req)
		require.ErrorIs(t, err, retry.ErrStopped)
	})
}

func TestStopEndsTheRequestAndKeepsWhatWasReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{chunks: []string{chatRole(), chatToken("A")}, hang: true})
		tr := newTransport(p)
		tr.Controller = &Controller{}
		resp, err := tr.RoundTrip(chatRequest(t, t.Context()))
		require.NoError(t, err)
		tr.Controller.Stop()
		text, err := io.ReadAll(resp.Body)
		require.Equal(t, chatRole()+chatToken("A"), string(text))
		require.ErrorIs(t, err, retry.ErrStopped)
		require.Equal(t, classify.StoppedByUser, failureOf(t, err).Verdict.Kind)
		require.Empty(t, tr.Controller.Snapshots())
		synctest.Wait()
		require.Zero(t, p.open)
	})
}

func TestAnInvalidPolicyIsAnError(t *testing.T) {
	closed := &closing{Reader: strings.NewReader("x")}
	req, err := http.NewRequest(http.MethodPost, chatURL, closed)
	require.NoError(t, err)
	_, err = (&Transport{Policy: retry.Policy{Jitter: "much"}}).RoundTrip(req)
	require.ErrorContains(t, err, "full equal")
	require.True(t, closed.closed)
}

func TestAnSDKThatRetriesByItselfCausesAWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTransport(newProvider(attemptScript{chunks: chat("A")}))
		var warnings []string
		tr.OnWarning = func(rule string) { warnings = append(warnings, rule) }
		req := chatRequest(t, t.Context())
		req.Header.Set("X-Stainless-Retry-Count", "1")
		resp, err := tr.RoundTrip(req)
		require.NoError(t, err)
		read(t, resp)
		require.Equal(t, []string{"sdk_retries_stacked"}, warnings)
	})
}

// behind is a context whose end has not reached the contexts derived from it yet.
type behind struct {
	context.Context
	over atomic.Bool
}

func (*behind) Done() <-chan struct{} { return nil }

func (b *behind) Err() error {
	if b.over.Load() {
		return context.Canceled
	}
	return nil
}

func TestACancelBetweenTwoReadsLeaksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := &behind{Context: t.Context()}
		tr := newTransport(newProvider(attemptScript{chunks: chat("A"), hang: true}))
		tr.Controller = &Controller{}
		resp, err := tr.RoundTrip(chatRequest(t, ctx))
		require.NoError(t, err)
		ctx.over.Store(true) // what the session delivered has not been read
		_, _ = resp.Body.Read(make([]byte, 1))
		require.NoError(t, resp.Body.Close())
		require.Empty(t, tr.Controller.Snapshots())
	})
}

func TestAConsumerThatComesBackWhenATimeoutPassesGetsWhatHasArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := chatToken(strings.Repeat("x", 3*bufferSize)) // it takes several reads
		chunks := []string{chatRole() + chatToken("A"), long, chatToken("B") + chatFinish() + "data: [DONE]\n\n"}
		p := newProvider(attemptScript{chunks: chunks})
		tr := newTransport(p)
		tr.Policy.ContentTimeout = 2 * time.Minute
		resp, err := tr.RoundTrip(chatRequest(t, t.Context()))
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		require.Equal(t, strings.Join(chunks, ""), read(t, resp))
		require.Equal(t, 1, p.count())
	})
}
