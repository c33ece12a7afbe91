// Package load lets many requests meet a limit through Go's transport, beside
// a loop by hand in the same run. load.mjs does the same in Node.js.
package load

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry/transport"
)

const answer = `data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hello"}}]}

data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: [DONE]

`

// provider answers after 20 ms, without sockets, so that what is measured is
// the transport. passes decides on each request by the time.
type provider struct {
	passes func(since time.Duration) bool
	sent   atomic.Int64
	began  time.Time
}

func (p *provider) RoundTrip(req *http.Request) (*http.Response, error) {
	p.sent.Add(1)
	pass := p.passes(time.Since(p.began))
	time.Sleep(20 * time.Millisecond)
	resp := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: io.NopCloser(strings.NewReader(answer)), Request: req}
	if !pass {
		resp.StatusCode = 429
		resp.Header = http.Header{"Retry-After": {"1"}}
		resp.Body = io.NopCloser(strings.NewReader(`{"error":{"type":"rate_limit_exceeded"}}`))
	}
	return resp, nil
}

// byHand waits as long as the server says, then sends again.
type byHand struct{ base http.RoundTripper }

func (h byHand) RoundTrip(req *http.Request) (*http.Response, error) {
	for {
		resp, err := h.base.RoundTrip(req)
		if err != nil || resp.StatusCode != 429 {
			return resp, err
		}
		time.Sleep(time.Second)
	}
}

// run sends n requests at once, and says how long they take.
func run(t *testing.T, rt http.RoundTripper, n int) time.Duration {
	began := time.Now()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "https://api.openai.com/v1/chat/completions", strings.NewReader(`{"model":"m","stream":true}`))
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := rt.RoundTrip(req)
			if err != nil {
				t.Error(err)
				return
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || string(body) != answer {
				t.Errorf("%q, %v", body, err)
			}
			_ = resp.Body.Close()
		})
	}
	wg.Wait()
	return time.Since(began)
}

// measure is skipped where other work on the machine would spoil what it measures.
func measure(t *testing.T, n int, passes func() func(time.Duration) bool) (ours, hand time.Duration, sent int64) {
	if os.Getenv("STEADFETCH_ALL") == "" {
		t.Skip("STEADFETCH_ALL=1, as make load sets it, measures")
	}
	p := &provider{passes: passes(), began: time.Now()}
	hand = run(t, byHand{p}, n)
	handSent := p.sent.Load()
	p = &provider{passes: passes(), began: time.Now()}
	ours = run(t, &transport.Transport{Base: p, Group: &transport.Group{}}, n)
	t.Logf("%d requests: transport %.2f s, %d sent; by hand %.2f s, %d sent", n, ours.Seconds(), p.sent.Load(), hand.Seconds(), handSent)
	return ours, hand, p.sent.Load()
}

func TestTenThousandAtALimitAreThroughWithinTwiceALoopByHand(t *testing.T) {
	ours, hand, _ := measure(t, 10_000, func() func(time.Duration) bool {
		return func(since time.Duration) bool { return since > 900*time.Millisecond }
	})
	require.LessOrEqual(t, ours, 2*hand)
}

func TestSixtyAtTenASecondNeedNineSecondsAndFewRequests(t *testing.T) {
	ours, _, sent := measure(t, 60, func() func(time.Duration) bool {
		var mu sync.Mutex
		second, used := time.Duration(-1), 0
		return func(since time.Duration) bool {
			mu.Lock()
			defer mu.Unlock()
			if now := since / time.Second; now != second {
				second, used = now, 0
			}
			used++
			return used <= 10
		}
	})
	require.LessOrEqual(t, ours, 9*time.Second)
	require.LessOrEqual(t, sent, int64(125))
}

func TestNothingWaitsWhereNoLimitIsMet(t *testing.T) {
	ours, hand, sent := measure(t, 1000, func() func(time.Duration) bool {
		return func(time.Duration) bool { return true }
	})
	require.Equal(t, int64(1000), sent)
	require.Less(t, ours, hand+time.Second)
}
