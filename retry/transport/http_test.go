package transport

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry"
)

// serve writes a chat completion, unless handle answers itself.
func serve(handle func(n int, w http.ResponseWriter, req *http.Request) bool) http.Handler {
	var n atomic.Int32
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if handle != nil && handle(int(n.Add(1)), w, req) {
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range chat("A", "B") {
			_, _ = w.Write([]byte(event))
			w.(http.Flusher).Flush()
		}
	})
}

func post(t *testing.T, client *http.Client, url string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(`{"stream":true}`))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	require.NoError(t, err)
	return resp
}

func TestAConnectionIsUsedAgainAfterACompleteAnswer(t *testing.T) {
	srv := httptest.NewServer(serve(nil))
	defer srv.Close()
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	client := &http.Client{Transport: newTransport(base)}
	for i := range 5 {
		var reused bool
		trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused }}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodPost, srv.URL, strings.NewReader(`{"stream":true}`))
		require.NoError(t, err)
		resp, err := client.Do(req)
		require.NoError(t, err)
		require.Equal(t, strings.Join(chat("A", "B"), ""), read(t, resp))
		require.Equal(t, i > 0, reused)
		time.Sleep(10 * time.Millisecond) // for HTTP's own end of the body
	}
}

func TestHTTP2StreamsAreRetriedToo(t *testing.T) {
	srv := httptest.NewUnstartedServer(serve(func(n int, w http.ResponseWriter, req *http.Request) bool {
		switch n {
		case 1:
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write([]byte(chatRole()))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler) // RST_STREAM
		case 2:
			panic(http.ErrAbortHandler)
		}
		return false
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	client := srv.Client()
	tr := newTransport(client.Transport)
	tr.Policy.InitialDelay = time.Millisecond
	var events []retry.ChatStreamRetry
	tr.OnRetry = func(_ context.Context, event retry.ChatStreamRetry) { events = append(events, event) }
	resp := post(t, &http.Client{Transport: tr}, srv.URL)
	require.Equal(t, 2, resp.ProtoMajor)
	require.Equal(t, strings.Join(chat("A", "B"), ""), read(t, resp))
	require.Len(t, events, 2)
}

func TestTheBaseDecodesTheEncodingThatItAskedFor(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		for _, event := range chat("A", "B") {
			_, _ = z.Write([]byte(event))
			_ = z.Flush()
			w.(http.Flusher).Flush()
		}
		_ = z.Close()
	}))
	defer srv.Close()
	base := &http.Transport{DisableKeepAlives: true}
	client := &http.Client{Transport: newTransport(base)}
	resp := post(t, client, srv.URL)
	require.True(t, resp.Uncompressed)
	require.Equal(t, strings.Join(chat("A", "B"), ""), read(t, resp))

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, strings.NewReader(`{"stream":true}`))
	require.NoError(t, err)
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err = client.Do(req)
	require.NoError(t, err)
	z, err := gzip.NewReader(bytes.NewReader([]byte(read(t, resp))))
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Equal(t, strings.Join(chat("A", "B"), ""), string(text))
}

func TestTheClientFollowsRedirectsAndItsTimeoutLimitsTheWhole(t *testing.T) {
	srv := httptest.NewServer(serve(func(n int, w http.ResponseWriter, req *http.Request) bool {
		if n == 1 {
			http.Redirect(w, req, "/again", http.StatusTemporaryRedirect)
			return true
		}
		if strings.Contains(req.URL.RawQuery, "busy") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	}))
	defer srv.Close()
	tr := newTransport(&http.Transport{DisableKeepAlives: true})
	resp := post(t, &http.Client{Transport: tr}, srv.URL)
	require.Equal(t, strings.Join(chat("A", "B"), ""), read(t, resp))
	require.Equal(t, "/again", resp.Request.URL.Path)

	_, err := (&http.Client{Transport: tr, Timeout: 50 * time.Millisecond}).Post(srv.URL+"?busy", "application/json", strings.NewReader(`{"stream":true}`))
	var timeout interface{ Timeout() bool }
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())
}
