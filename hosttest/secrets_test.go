package hosttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/transport"
)

// identifying matches words that look like an identifier or an address: those are
// masked, since no rule can distinguish them from a key.
var identifying = regexp.MustCompile(`\S*(?:[0-9@/\\=:;_*]|[a-z][A-Z]|\S{20})\S*`)

func TestOrdinaryWordsAreNotMasked(t *testing.T) {
	words := 0
	for _, f := range corpus(t) {
		text := f.Body
		if text == "" && f.Error != nil {
			text = f.Error.Message
		}
		var inner struct{ Error struct{ Message string } }
		if json.Unmarshal([]byte(text), &inner) == nil && inner.Error.Message != "" {
			text = inner.Error.Message
		}
		text = strings.Join(strings.Fields(identifying.ReplaceAllString(text, " ")), " ")
		words += len(strings.Fields(text))
		detail := classify.Classify(classify.Failure{Status: 500, Body: text}).Detail
		require.NotContains(t, detail, "***", text)
	}
	require.Greater(t, words, 2000)
}

// spiller is a provider that repeats everything it knows about the request, wherever it can.
type spiller struct{ secret string }

func (s spiller) RoundTrip(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	_ = req.Body.Close()
	attempt := req.Context().Value(attemptKey{}).(*int)
	*attempt++
	text := fmt.Sprintf("request to https://u:%[1]s@api.example.com/v1?key=%[1]s with Authorization: Bearer %[1]s failed: key %[1]s is unknown", s.secret)
	quoted, _ := json.Marshal(text)
	switch *attempt {
	case 1:
		return nil, &url.Error{Op: "Post", URL: req.URL.String(), Err: errors.New("dial tcp 10.1.2.3:443: " + text)}
	case 2:
		return answer(503, "application/json", fmt.Sprintf(`{"error":{"type":"server_error","message":%s,"param":%s}}`, quoted, quoted), s.secret), nil
	case 3:
		return answer(200, "text/event-stream", fmt.Sprintf("data: {\"error\":{\"type\":\"overloaded_error\",\"message\":%s}}\n\n", quoted), s.secret), nil
	case 4:
		return answer(502, "text/html", "<html><title>"+text+"</title></html>", s.secret), nil
	}
	return nil, &url.Error{Op: "Post", URL: req.URL.String(), Err: errors.New("read tcp 10.1.2.3:443: connection reset by peer")}
}

type attemptKey struct{}

func answer(status int, typ, body, secret string) *http.Response {
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body)),
		Header: http.Header{"Content-Type": {typ}, "X-Request-Id": {secret}, "Www-Authenticate": {"Bearer " + secret}, "Retry-After-Ms": {"5"}, "Set-Cookie": {"sid=" + secret}},
	}
}

func TestNothingThatAGoProgramGetsShowsASecret(t *testing.T) {
	d := rand.New(rand.NewPCG(5, 6))
	random := func(alphabet string, n int) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = alphabet[d.IntN(len(alphabet))]
		}
		return string(out)
	}
	const hexadecimal, base62 = "0123456789abcdef", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	for n := range times(100, 1000) {
		secret := []string{"sk-" + random(base62, 48), "sk-" + "ant-api03-" + random(base62+"-_", 86), random(hexadecimal, 32), "AIza" + random(base62, 35), random(base62, 40), "gh" + "p_" + random(base62, 36)}[n%6]
		synctest.Test(t, func(t *testing.T) {
			var told bytes.Buffer
			see := func(v any) {
				text, err := json.Marshal(v)
				require.NoError(t, err)
				told.Write(text)
				slog.New(slog.NewTextHandler(&told, nil)).Info("told", "what", v)
				slog.New(slog.NewJSONHandler(&told, nil)).Info("told", "what", v)
				fmt.Fprintf(&told, "%v %+v %s\n", v, v, v)
			}
			controller := &transport.Controller{}
			tr := &transport.Transport{
				Base: spiller{secret}, Group: &transport.Group{}, Controller: controller,
				Policy: retry.Policy{MaxAttempts: 6},
				OnRetry: func(_ context.Context, e retry.ChatStreamRetry) {
					see(e)
					for _, snapshot := range controller.Snapshots() {
						see(snapshot)
					}
				},
				OnAttempt: func(_ context.Context, e transport.AttemptEvent) { see(e) },
				OnWarning: func(rule string) { see(rule) },
			}
			ctx := context.WithValue(t.Context(), attemptKey{}, new(int))
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://api.openai.com/v1/chat/completions?key="+secret, strings.NewReader(`{"model":"m","stream":true}`))
			require.NoError(t, err)
			req.Header.Set("Authorization", "Bearer "+secret)
			page := httptest.NewRecorder()
			failure := transport.Relay(page, tr.Stream(req))
			var final *retry.Error
			require.ErrorAs(t, failure, &final)
			require.Equal(t, 6, final.Attempts)
			told.WriteString(failure.Error() + page.Body.String())
			see(final)
			see(final.Verdict)
			see(final.Last)
			slog.New(slog.NewTextHandler(&told, nil)).Error("failed", "err", failure)
			slog.New(slog.NewJSONHandler(&told, nil)).Error("failed", "err", failure)
			fmt.Fprintf(&told, "%v %+v", failure, failure)
			text := told.String()
			require.Contains(t, text, "attempts_exhausted")
			for at := 12; at <= len(secret); at += 4 {
				require.NotContains(t, text, secret[at-12:at])
			}
			require.NotContains(t, text, "10.1.2.3")
		})
	}
}
