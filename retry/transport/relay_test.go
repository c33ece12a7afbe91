package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

func TestARelayWritesTheWireForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(overloaded, attemptScript{chunks: chat("A")[:2], broken: errReset}, attemptScript{chunks: chat("A")})
		w := httptest.NewRecorder()
		require.NoError(t, Relay(w, newTransport(p).Stream(chatRequest(t, t.Context()))))
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "text/event-stream", w.Header().Get("Content-Type"))
		require.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
		require.True(t, w.Flushed)
		var types []string
		for frame := range strings.SplitSeq(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n") {
			data, ok := strings.CutPrefix(frame, "data: ")
			require.True(t, ok, frame)
			var event map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(data), &event))
			var name string
			require.NoError(t, json.Unmarshal(event["type"], &name))
			types = append(types, name)
			if name == "reset" {
				require.Len(t, event, 1)
				continue
			}
			require.Len(t, event, 2, "an event has its type and a member of that name")
			require.Contains(t, event, name)
			if name == "retry" {
				var shown retry.ChatStreamRetry
				require.NoError(t, json.Unmarshal(event["retry"], &shown))
				require.Positive(t, shown.Attempt)
				require.Equal(t, time.Duration(shown.DelayMs)*time.Millisecond, retry.Delay(shown.Attempt-1))
			}
		}
		require.Equal(t, "retry message message retry reset message message message message finish", strings.Join(types, " "))
		require.Contains(t, w.Body.String(), `{"type":"finish","finish":{"reason":"stop"}}`)
	})
}

func TestARelayEndsWithAnErrorThatIsSafeToShow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := attemptScript{status: 401, headers: map[string]string{"Content-Type": "application/json"}, chunks: []string{`{"error":{"message":"Incorrect API key provided: sk-abcdefghijklmnop","code":"invalid_api_key"}}`}}
		w := httptest.NewRecorder()
		err := Relay(w, newTransport(newProvider(refused)).Stream(chatRequest(t, t.Context())))
		require.Equal(t, classify.Auth, failureOf(t, err).Verdict.Kind)
		require.True(t, strings.HasPrefix(w.Body.String(), `data: {"type":"error","error":{"message":"`), w.Body)
		require.Contains(t, w.Body.String(), `"kind":"auth"`)
		require.Contains(t, w.Body.String(), `"status_code":401`)
		require.NotContains(t, w.Body.String(), "sk-abc")

		w = httptest.NewRecorder()
		proxy := attemptScript{status: 407, headers: map[string]string{"Content-Type": "text/html"}, chunks: []string{"<html>Proxy Authentication Required</html>"}}
		require.Error(t, Relay(w, newTransport(newProvider(proxy)).Stream(chatRequest(t, t.Context()))))
		require.Contains(t, w.Body.String(), `"party":"proxy"`)

		w = httptest.NewRecorder()
		tr := newTransport(newProvider())
		tr.Policy.Jitter = "some"
		require.Error(t, Relay(w, tr.Stream(chatRequest(t, t.Context()))))
		require.Contains(t, w.Body.String(), `{"type":"error","error":{`)
	})
}

// gone is a page that has left.
type gone struct{ http.ResponseWriter }

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestARelayToAPageThatHasGoneEndsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{chunks: chat("A", "B"), hang: true})
		require.ErrorIs(t, Relay(gone{httptest.NewRecorder()}, newTransport(p).Stream(chatRequest(t, t.Context()))), io.ErrClosedPipe)
		synctest.Wait()
		require.Zero(t, p.open)
	})
}

func TestARelayedStreamThatFailsAtOnceSendsItsError(t *testing.T) {
	failing := iter.Seq2[Event, error](func(yield func(Event, error) bool) {
		yield(Event{}, errors.New("dial tcp 10.0.0.7:443: connect: connection refused"))
	})
	w := httptest.NewRecorder()
	require.Error(t, Relay(w, failing))
	require.Contains(t, w.Body.String(), `"kind":"network"`)
}

func TestAttemptsAndSnapshotsAreGroupsInALog(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(slog.NewTextHandler(&b, nil))
	began := time.Unix(0, 0)
	log.InfoContext(context.Background(), "attempt", "attempt", AttemptEvent{
		Attempt: 2, Outcome: "retry", Start: began, End: began.Add(time.Second), Delay: 2 * time.Second,
		Attributes: map[string]any{"http.response.status_code": 529, "error.type": "overloaded"},
	})
	require.Contains(t, b.String(), "attempt.attempt=2 attempt.outcome=retry attempt.duration=1s attempt.delay=2s attempt.error.type=overloaded attempt.http.response.status_code=529")
	b.Reset()
	log.Info("state", "session", session.Snapshot{
		State: session.StateWaiting, Attempt: 1, Failures: 1, WaitingFor: session.WaitingForCooldown,
		Retry: &retry.ChatStreamRetry{Attempt: 1, DelayMs: 5, Kind: classify.RateLimit}, Verdict: &classify.Verdict{Kind: classify.RateLimit},
	})
	require.Contains(t, b.String(), "session.state=waiting session.attempt=1 session.failures=1 session.waiting_for=cooldown session.retry.attempt=1 session.retry.delay=5ms")
	require.Contains(t, b.String(), "session.kind=rate_limit")
}
