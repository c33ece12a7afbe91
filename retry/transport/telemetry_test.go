package transport

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry"
)

// recorded makes a transport that records the calls of OnAttempt.
func recorded(p *provider) (*Transport, *[]AttemptEvent) {
	var all []AttemptEvent
	tr := newTransport(p)
	tr.OnAttempt = func(_ context.Context, e AttemptEvent) { all = append(all, e) }
	return tr, &all
}

// with returns the attributes of chatRequest, and more.
func with(more map[string]any) map[string]any {
	all := map[string]any{
		"http.request.method": "POST", "server.address": "api.openai.com", "server.port": 443, "gen_ai.provider.name": "openai",
	}
	maps.Copy(all, more)
	return all
}

func TestEveryAttemptIsReportedOnceWithTheNamesOfTheSemanticConventions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{status: 500}, refused, attemptScript{chunks: []string{chatRole()}}, attemptScript{chunks: chat("A"), every: time.Second})
		tr, events := recorded(p)
		start := time.Now()
		type key struct{}
		req := chatRequest(t, context.WithValue(t.Context(), key{}, "the caller's"))
		tell := tr.OnAttempt
		tr.OnAttempt = func(ctx context.Context, e AttemptEvent) {
			require.Equal(t, "the caller's", ctx.Value(key{}))
			tell(ctx, e)
		}
		resp, err := tr.RoundTrip(req)
		require.NoError(t, err)
		require.Len(t, *events, 3, "an attempt ends with its stream")
		read(t, resp)
		end := start.Add(7 * time.Second)
		require.Equal(t, []AttemptEvent{
			{
				Attempt: 1, Start: start, End: start, Outcome: "retry", Delay: time.Second,
				Attributes: with(map[string]any{"http.response.status_code": 500, "error.type": "server"}),
			},
			{
				Attempt: 2, Start: start.Add(time.Second), End: start.Add(time.Second), Outcome: "retry", Delay: 2 * time.Second,
				Attributes: with(map[string]any{"http.request.resend_count": 1, "error.type": "network"}),
			},
			{
				Attempt: 3, Start: start.Add(3 * time.Second), End: start.Add(3 * time.Second), Outcome: "retry", Delay: 4 * time.Second,
				Attributes: with(map[string]any{"http.request.resend_count": 2, "http.response.status_code": 200, "error.type": "truncated"}),
			},
			{
				Attempt: 4, Start: end, End: end.Add(time.Duration(len(chat("A"))) * time.Second), Outcome: "finish",
				Attributes: with(map[string]any{"http.request.resend_count": 3, "http.response.status_code": 200}),
			},
		}, *events)
	})
}

func TestAFinalResponseAFailureAndACancelAreReportedToo(t *testing.T) {
	outcome := func(t *testing.T, script attemptScript, change func(*Transport)) AttemptEvent {
		var events *[]AttemptEvent
		synctest.Test(t, func(t *testing.T) {
			var tr *Transport
			tr, events = recorded(newProvider(script))
			change(tr)
			resp, err := tr.RoundTrip(chatRequest(t, t.Context()))
			if err == nil {
				require.NoError(t, resp.Body.Close())
			}
		})
		require.Len(t, *events, 1)
		return (*events)[0]
	}
	keep, once := func(*Transport) {}, func(tr *Transport) { tr.Policy.MaxAttempts = 1 }

	e := outcome(t, attemptScript{status: 401}, keep)
	require.Equal(t, "finish", e.Outcome)
	require.Equal(t, "auth", e.Attributes["error.type"])
	require.Equal(t, 401, e.Attributes["http.response.status_code"])

	e = outcome(t, refused, once)
	require.Equal(t, "fail", e.Outcome)
	require.Equal(t, "network", e.Attributes["error.type"])

	e = outcome(t, attemptScript{chunks: chat("A"), hang: true}, keep)
	require.Equal(t, "fail", e.Outcome)
	require.Equal(t, "canceled", e.Attributes["error.type"])
}

func TestAnAttemptIsReportedWithItsOwnMethod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(attemptScript{chunks: responses(0, 4), broken: errReset}, attemptScript{chunks: responses(5, 9)})
		tr, events := recorded(p)
		tr.Policy.AfterCommit, tr.Policy.Resume = retry.AfterCommitResume, retry.ResumeBackground
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.openai.com/v1/responses",
			strings.NewReader(`{"stream":true,"background":true,"input":"hi"}`))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		resp, err := tr.RoundTrip(req)
		require.NoError(t, err)
		read(t, resp)
		require.Len(t, *events, 2)
		require.Equal(t, "POST", (*events)[0].Attributes["http.request.method"])
		require.Equal(t, "GET", (*events)[1].Attributes["http.request.method"])
	})
}

func TestWhatEndsAStreamWithAnErrorIsReportedAsAFailure(t *testing.T) {
	quota := `{"error":{"message":"quota","type":"insufficient_quota","code":"insufficient_quota"}}`
	for name, c := range map[string]struct {
		script attemptScript
		policy retry.Policy
		kind   string
	}{
		"a status":            {attemptScript{status: 429, chunks: []string{quota}}, retry.Policy{}, "quota"},
		"an event":            {attemptScript{chunks: []string{chatRole(), "data: " + quota + "\n\n"}}, retry.Policy{}, "quota"},
		"the last attempt":    {attemptScript{status: 503}, retry.Policy{MaxAttempts: 1}, "server"},
		"a refusal":           {attemptScript{chunks: []string{chatRole(), chatToken("A"), strings.Replace(chatFinish(), "stop", "content_filter", 1), "data: [DONE]\n\n"}}, retry.Policy{}, "content_policy"},
		"what cannot be sent": {attemptScript{err: errors.New("unsupported protocol scheme")}, retry.Policy{}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, events := recorded(newProvider(c.script))
				tr.Policy = c.policy
				_, _, err := collect(tr, chatRequest(t, t.Context()))
				require.Error(t, err)
				require.Len(t, *events, 1)
				require.Equal(t, "fail", (*events)[0].Outcome)
				require.Equal(t, c.kind, (*events)[0].Attributes["error.type"])
			})
		})
	}
}
