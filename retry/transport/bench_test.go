package transport

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// endless returns a chat completion of n tokens, in memory.
func endless(n int) string {
	return chatRole() + strings.Repeat(chatToken("word "), n) + chatFinish() + "data: [DONE]\n\n"
}

func BenchmarkRoundTrip(b *testing.B) {
	for name, tokens := range map[string]int{"10 tokens": 10, "10k tokens": 10_000} {
		text := endless(tokens)
		base := roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}},
				Body: io.NopCloser(strings.NewReader(text)),
			}, nil
		})
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			tr := newTransport(base)
			for b.Loop() {
				resp, err := tr.RoundTrip(chatRequest(b, b.Context()))
				if err != nil {
					b.Fatal(err)
				}
				n, err := io.Copy(io.Discard, resp.Body)
				if err != nil || n != int64(len(text)) {
					b.Fatal(n, err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}

// BenchmarkStreams measures streams of one group that run at the same time. They share
// a lock only to decide, not to read, so MB/s grow with the number of processors.
func BenchmarkStreams(b *testing.B) {
	text := endless(2_000)
	base := roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}},
			Body: io.NopCloser(strings.NewReader(text)),
		}, nil
	})
	for _, streams := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprint(streams, " at once"), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			tr := newTransport(base)
			var left atomic.Int64
			left.Store(int64(b.N))
			var wg sync.WaitGroup
			for range streams {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						resp, err := tr.RoundTrip(chatRequest(b, b.Context()))
						if err != nil {
							b.Error(err)
							return
						}
						if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != int64(len(text)) {
							b.Error(n, err)
						}
						_ = resp.Body.Close()
					}
				})
			}
			wg.Wait()
		})
	}
}
