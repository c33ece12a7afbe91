package transport

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
)

func TestAResponseIsJudgedAndCanStillBeRead(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	document := map[string]string{"Content-Type": "application/json; charset=utf-8"}
	for name, c := range map[string]struct {
		script   attemptScript
		kind     classify.Kind
		provider string
	}{
		"quota":            {attemptScript{status: 429, chunks: []string{`{"error":{"message":"used up","code":"insufficient_quota"}}`}}, classify.Quota, "openai"},
		"a bad key":        {attemptScript{status: 401, chunks: []string{`{"error":{"code":"invalid_api_key"}}`}}, classify.Auth, "openai"},
		"a long body":      {attemptScript{status: 400, chunks: []string{`{"error":{"message":"bad","type":"invalid_request_error","param":"`, long, `"}}`}}, classify.InvalidRequest, "openai"},
		"an answer":        {attemptScript{headers: document, chunks: []string{`{"id":"c1","choices":[]}`}}, classify.Unknown, "openai"},
		"a healthy stream": {attemptScript{chunks: chat("A")}, classify.Unknown, "openai"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(c.script)
				resp, err := newTransport(p).RoundTrip(chatRequest(t, t.Context()))
				require.NoError(t, err)
				verdict := ClassifyResponse(resp)
				require.Equal(t, c.kind, verdict.Kind, verdict.Rule)
				require.False(t, verdict.Retryable)
				require.Equal(t, c.provider, verdict.Provider)
				require.Equal(t, verdict, ClassifyResponse(resp), "a second call gives the same verdict")
				require.Equal(t, strings.Join(c.script.chunks, ""), read(t, resp))
				synctest.Wait()
				require.Zero(t, p.open)
			})
		})
	}
}

func TestAResponseWhoseBodyBreaksIsJudgedByTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{status: 529, headers: map[string]string{"Retry-After": "7"}, chunks: []string{"half"}, broken: errReset})
		resp, err := p.RoundTrip(chatRequest(t, t.Context()))
		require.NoError(t, err)
		verdict := ClassifyResponse(resp)
		require.Equal(t, classify.Overloaded, verdict.Kind)
		require.EqualValues(t, 7000, *verdict.RetryAfterMs)
		text, err := io.ReadAll(resp.Body)
		require.Equal(t, "half", string(text))
		require.ErrorIs(t, err, errReset)
		require.NoError(t, resp.Body.Close())
	})
	body := io.NopCloser(strings.NewReader(`{"error":{"message":"x","code":"invalid_api_key"}}`))
	header := http.Header{"Content-Type": {"application/json"}}
	require.Equal(t, classify.Auth, ClassifyResponse(&http.Response{StatusCode: 200, Header: header, Body: body}).Kind)
	require.Equal(t, classify.Overloaded, ClassifyResponse(&http.Response{StatusCode: 529}).Kind, "no body, no request, no headers")
}

// With a plain client and retry.Do, one line is enough to follow the server's wait.
func TestDoFollowsAVerdictOnAResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{status: 429, headers: map[string]string{"Retry-After": "30"}}, attemptScript{status: 400})
		began := time.Now()
		err := retry.Retry(t.Context(), func(ctx context.Context) error {
			resp, err := p.RoundTrip(chatRequest(t, ctx))
			if err != nil {
				return err
			}
			defer func() { _ = resp.Body.Close() }()
			return &retry.Error{Verdict: ClassifyResponse(resp)}
		}, nil)
		require.Equal(t, classify.InvalidRequest, failureOf(t, err).Verdict.Kind)
		require.Equal(t, 30*time.Second, time.Since(began))
	})
}
