package transport

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// endless is a chat completion of n tokens, in memory.
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
