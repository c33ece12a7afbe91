package transport

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/steadfetch/steadfetch/retry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// chaos answers at once, later or never, well or badly. It counts the bodies that are
// not closed.
type chaos struct{ open atomic.Int64 }

func (c *chaos) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	script := attemptScript{chunks: chat("A", "B", "C")}
	switch n := rand.IntN(12); n {
	case 0:
		script = overloaded
	case 1:
		return nil, refused.err
	case 2:
		<-req.Context().Done()
		return nil, req.Context().Err()
	case 3, 4:
		script.chunks = script.chunks[:rand.IntN(4)]
		script.broken = errReset
	case 5, 6:
		script.chunks = script.chunks[:rand.IntN(4)]
		script.hang = true
	case 7:
		script.status = 400
		script.chunks = []string{strings.Repeat("x", 70_000)}
	case 8:
		script.headers = map[string]string{"Content-Type": "image/png"}
	case 9:
		time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
	}
	resp, err := newProvider(script).RoundTrip(req.WithContext(req.Context()))
	if err == nil {
		c.open.Add(1)
		resp.Body = &counted{ReadCloser: resp.Body, open: &c.open}
	}
	return resp, err
}

type counted struct {
	io.ReadCloser
	open *atomic.Int64
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.ReadCloser.Close()
}

// TestRequestsThatEndAtRandomTimesLeakNothing makes many requests and
// ends them in every way. STEADFETCH_LEAK_REQUESTS is their number, by default 10 000.
func TestRequestsThatEndAtRandomTimesLeakNothing(t *testing.T) {
	requests, workers := 10_000, 200
	if s := os.Getenv("STEADFETCH_LEAK_REQUESTS"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		requests = n
	}
	base := &chaos{}
	tr := newTransport(base)
	tr.Controller = &Controller{}
	tr.Policy = retry.Policy{InitialDelay: time.Millisecond, MaxDelay: 2 * time.Millisecond}
	resuming := *tr
	resuming.Policy.AfterCommit = retry.AfterCommitResume
	// One context for all: what stays attached to it is a leak.
	parent, cancel := context.WithCancel(context.Background())
	defer cancel()

	one := func() {
		tr := tr
		if rand.IntN(2) == 0 {
			tr = &resuming
		}
		ctx, cancel := context.WithCancel(parent)
		defer cancel()
		if rand.IntN(3) > 0 {
			timer := time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, cancel)
			defer timer.Stop()
		} else {
			ctx = parent // it ends by itself, or by Stop
		}
		req := chatRequest(t, ctx)
		if rand.IntN(4) == 0 {
			for range tr.Stream(req) {
				if rand.IntN(20) == 0 {
					return
				}
			}
			return
		}
		resp, err := tr.RoundTrip(req)
		if err != nil {
			return
		}
		if rand.IntN(3) == 0 {
			timer := time.AfterFunc(time.Duration(rand.IntN(1000))*time.Microsecond, func() { _ = resp.Body.Close() })
			defer timer.Stop()
		}
		buffer := make([]byte, 1+rand.IntN(300))
		for range rand.IntN(30) {
			if _, err := resp.Body.Read(buffer); err != nil {
				break
			}
		}
		_ = resp.Body.Close()
	}
	run := func(n int) (heap uint64) {
		stop := time.NewTicker(5 * time.Millisecond)
		defer stop.Stop()
		done := make(chan struct{})
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop.C:
					tr.Controller.Stop()
				case <-done:
					return
				}
			}
		}()
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range n / workers {
					one()
				}
			})
		}
		wg.Wait()
		close(done)
		<-stopped
		require.Eventually(t, func() bool { return base.open.Load() == 0 }, 5*time.Second, time.Millisecond, "some bodies are not closed")
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := runtime.NumGoroutine()
	warm := run(requests / 10)
	heap := run(requests)
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, 5*time.Second, 10*time.Millisecond, "some goroutines still run")
	require.Empty(t, tr.Controller.Snapshots())
	require.Empty(t, tr.Group.rounds)
	// A leaked context, session or timer per request would be megabytes.
	require.Less(t, int64(heap)-int64(warm), int64(1<<20))
	t.Logf("%d requests: the heap was %d kB, is %d kB", requests, warm>>10, heap>>10)
}
