package retry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
)

func TestDoWaitsAsItsPolicySays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := failing{errs: []error{errTransient, errTransient, errTransient}}
		require.NoError(t, retry.Do(t.Context(), retry.Policy{InitialDelay: 100 * time.Millisecond, MaxDelay: 150 * time.Millisecond}, f.call, nil))
		require.Equal(t, []time.Duration{0, 100 * time.Millisecond, 250 * time.Millisecond, 400 * time.Millisecond}, f.calls)

		f = failing{errs: []error{errors.New("some thing that no rule knows")}}
		require.NoError(t, retry.Do(t.Context(), retry.Policy{UnknownRetryable: true}, f.call, nil))
		require.Len(t, f.calls, 2)
	})
}

func TestDoNeverCallsSoonerThanTheServerAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := failing{errs: []error{errors.New("status 429: rate limit exceeded, please try again in 20s")}}
		require.NoError(t, retry.Retry(t.Context(), f.call, nil))
		require.Equal(t, []time.Duration{0, 20 * time.Second}, f.calls)
	})
}

func TestDoGivesUpWithAnErrorThatSaysWhyAndWhatFailedLast(t *testing.T) {
	limited := errors.New("status 429: rate limit exceeded, please try again in 20s")
	for name, c := range map[string]struct {
		policy   retry.Policy
		err      error
		cause    error
		kind     classify.Kind
		attempts int
		elapsed  time.Duration
	}{
		"attempts":                {retry.Policy{MaxAttempts: 3}, errTransient, retry.ErrExhausted, classify.AttemptsExhausted, 3, 3 * time.Second},
		"time":                    {retry.Policy{MaxElapsed: 6 * time.Second}, errTransient, retry.ErrMaxElapsed, classify.MaxElapsedExceeded, 3, 3 * time.Second},
		"all of the time is used": {retry.Policy{MaxElapsed: 3 * time.Second}, errTransient, retry.ErrMaxElapsed, classify.MaxElapsedExceeded, 3, 3 * time.Second},
		"asked":                   {retry.Policy{MaxRetryAfter: 19 * time.Second}, limited, retry.ErrRetryAfterTooLong, classify.RetryAfterTooLong, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := retry.Do(t.Context(), c.policy, func(context.Context) error { return c.err }, nil)
				var failure *retry.Error
				require.ErrorAs(t, err, &failure)
				require.ErrorIs(t, err, c.cause)
				require.ErrorIs(t, err, c.err)
				require.Equal(t, c.kind, failure.Verdict.Kind)
				require.NotNil(t, failure.Last)
				require.True(t, failure.Last.Retryable)
				require.Equal(t, failure.Last.Status, failure.Verdict.Status)
				require.Equal(t, c.attempts, failure.Attempts)
				require.Equal(t, c.elapsed, failure.Elapsed)
				require.False(t, classify.IsRetryable(err), "a loop around it must not multiply the attempts")
			})
		})
	}
}

func TestDoWithAnInvalidPolicyCallsNothing(t *testing.T) {
	f := failing{}
	require.EqualError(t, retry.Do(t.Context(), retry.Policy{Jitter: "some"}, f.call, nil), "retry: jitter must be one of these: none full equal")
	require.Empty(t, f.calls)
	require.EqualError(t, (&retry.Policy{AfterCommit: "hope"}).Fill(), "retry: after_commit must be one of these: fail restart resume")
}

func TestTheVerdictOfAnErrorIsFoundThroughWrapping(t *testing.T) {
	err := retry.Do(t.Context(), retry.Policy{MaxRetryAfter: time.Second}, func(context.Context) error {
		return errors.New("status 429: rate limit exceeded, please try again in 20s")
	}, nil)
	var failure *retry.Error
	require.ErrorAs(t, err, &failure)
	wrapped := fmt.Errorf("title: %w", &url.Error{Op: "Post", URL: "https://api.openai.com/v1/responses", Err: err})
	require.Equal(t, failure.Verdict, classify.Classify(classify.FromError(wrapped)))
	require.Equal(t, classify.RetryAfterTooLong, failure.Verdict.Kind)
	require.EqualValues(t, 20_000, *failure.Verdict.RetryAfterMs)
	require.Equal(t, failure.Verdict, classify.Explain(classify.FromError(wrapped)).Verdict)
}

// limited is an SDK's error for a response, as openai-go has it.
type limited struct {
	StatusCode int
	Response   *http.Response
}

func (limited) Error() string { return "refused" }

func TestDoFollowsTheRetryAfterOfAnSDKsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(30 * 365 * 24 * time.Hour) // the bubble's clock begins in 2000, which no server means
		f := failing{errs: []error{
			limited{429, &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"20"}}}},
			limited{503, &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {time.Now().Add(50 * time.Second).UTC().Format(http.TimeFormat)}}}},
		}}
		require.NoError(t, retry.Retry(t.Context(), f.call, nil))
		require.Equal(t, []time.Duration{0, 20 * time.Second, 50 * time.Second}, f.calls)
	})
}

func TestACallsOwnDeadlineIsRetryableUntilTheCallersContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		slow := func(ctx context.Context) error {
			if calls++; calls == 3 {
				return nil
			}
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			<-ctx.Done()
			if calls == 1 {
				return ctx.Err()
			}
			return &retry.Error{Verdict: *classify.NewVerdict(classify.Canceled, &classify.Failure{}), Err: ctx.Err()} // as a transport gives it
		}
		require.NoError(t, retry.Retry(t.Context(), slow, nil))
		require.Equal(t, 3, calls)

		calls = 0
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, retry.Retry(ctx, slow, nil), context.DeadlineExceeded)
		require.Equal(t, 1, calls)
	})
	f := failing{errs: []error{context.Canceled}}
	require.Equal(t, context.Canceled, retry.Retry(t.Context(), f.call, nil), "another context's cancel is not a deadline")
}

func TestWaitIsTheLongerOfBackoffAndTheServersWait(t *testing.T) {
	ms := func(n int64) *int64 { return &n }
	for name, c := range map[string]struct {
		policy   retry.Policy
		failures int
		asked    *int64
		random   uint32
		want     time.Duration
		stop     classify.Kind
	}{
		"the first":                      {retry.Policy{}, 1, nil, 0, time.Second, ""},
		"no failure counts as the first": {retry.Policy{}, math.MinInt, nil, 0, time.Second, ""},
		"many":                           {retry.Policy{}, math.MaxInt, nil, 0, time.Minute, ""},
		"InitialDelay above MaxDelay":    {retry.Policy{InitialDelay: time.Hour}, 1, nil, 0, time.Minute, ""},
		"no wait":                        {retry.Policy{InitialDelay: -1}, 7, nil, 0, 0, ""},
		"MaxDelay off":                   {retry.Policy{MaxDelay: -1}, 7, nil, 0, 0, ""},
		"longer than timers can be":      {retry.Policy{InitialDelay: math.MaxInt64, MaxDelay: math.MaxInt64}, 9, nil, 0, retry.MaxWait, ""},
		"half a millisecond is one":      {retry.Policy{InitialDelay: 500 * time.Microsecond}, 1, nil, 0, time.Millisecond, ""},
		"full jitter, least":             {retry.Policy{Jitter: retry.JitterFull}, 3, nil, 0, 0, ""},
		"full jitter, most":              {retry.Policy{Jitter: retry.JitterFull}, 3, nil, math.MaxUint32, 4 * time.Second, ""},
		"equal jitter, least":            {retry.Policy{Jitter: retry.JitterEqual}, 3, nil, math.MaxUint32, 2 * time.Second, ""},
		"equal jitter, most":             {retry.Policy{Jitter: retry.JitterEqual}, 3, nil, 0, 4 * time.Second, ""},
		"asked for less":                 {retry.Policy{}, 3, ms(3000), 0, 4 * time.Second, ""},
		"asked for more":                 {retry.Policy{}, 3, ms(5000), 0, 5 * time.Second, ""},
		"asked for more, with jitter":    {retry.Policy{Jitter: retry.JitterFull}, 3, ms(5000), math.MaxUint32, 5500 * time.Millisecond, ""},
		"asked for now":                  {retry.Policy{}, 1, ms(0), 0, time.Second, ""},
		"asked for as long as may be":    {retry.Policy{}, 1, ms(600_000), 0, 10 * time.Minute, ""},
		"asked for too long":             {retry.Policy{}, 1, ms(600_001), 0, 0, classify.RetryAfterTooLong},
		"asked for long, no bound":       {retry.Policy{MaxRetryAfter: -1}, 1, ms(math.MaxInt32), 0, retry.MaxWait, ""},
		"asked for more than timers":     {retry.Policy{MaxRetryAfter: -1}, 1, ms(math.MaxInt64), 0, 0, classify.RetryAfterTooLong},
		"no attempts left":               {retry.Policy{MaxAttempts: 3}, 3, nil, 0, 0, classify.AttemptsExhausted},
		"one attempt left":               {retry.Policy{MaxAttempts: 3}, 2, nil, 0, 2 * time.Second, ""},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, c.policy.Fill())
			wait, stop := c.policy.Wait(c.failures, &classify.Verdict{Retryable: true, RetryAfterMs: c.asked}, c.random)
			require.Equal(t, c.stop, stop)
			require.Equal(t, c.want, wait)
		})
	}
}

func TestFillingTwiceChangesNothing(t *testing.T) {
	for _, p := range []retry.Policy{
		{},
		{Preset: retry.PresetCoder, InitialDelay: -time.Hour, BudgetRatio: -7},
		{Preset: retry.PresetMux, MaxAttempts: -1, ContentTimeout: 1},
		{MaxAttempts: math.MaxInt, MaxReplayBytes: math.MaxInt, MaxElapsed: math.MaxInt64, MaxRetryAfter: math.MinInt64},
	} {
		require.NoError(t, p.Fill())
		again := p
		require.NoError(t, again.Fill())
		require.Equal(t, p, again)
		require.LessOrEqual(t, p.MaxElapsed, retry.MaxWait)
		require.Equal(t, max(p.MaxRetryAfter, -1), p.MaxRetryAfter)
	}
}

func TestTheTextOfAnErrorShowsNoAddressOfThisMachine(t *testing.T) {
	for said, shown := range map[string]string{
		"read tcp 192.168.1.5:53422->104.18.6.192:443: connection reset by peer": "(connection reset by peer)",
		"dial tcp [fe80::1%eth0]:45321: connect: connection refused":             "(connection refused)",
		"proxyconnect tcp: dial tcp 10.9.8.7:3128: i/o timeout":                  "(i/o timeout)",
		"dial tcp: lookup api.internal.example on 10.0.0.2:53: no such host":     "(no such host)",
	} {
		cause := errors.New(said)
		for _, err := range []*retry.Error{
			{Verdict: classify.Classify(classify.FromError(cause)), Attempts: 1, Err: cause},
			{Verdict: *classify.NewVerdict(classify.AttemptsExhausted, &classify.Failure{}), Last: verdictOf(cause), Attempts: 3, Err: cause},
		} {
			for _, secret := range []string{"192.168", "104.18", "53422", "45321", "10.0.0.2", "10.9.8.7", "fe80", "eth0"} {
				require.NotContains(t, err.Error(), secret)
			}
			require.Contains(t, err.Error(), shown)
		}
	}
}

func verdictOf(err error) *classify.Verdict {
	v := classify.Classify(classify.FromError(err))
	return &v
}

func TestEventsAndErrorsAreGroupsInALog(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	log.Info("retrying", "retry", retry.ChatStreamRetry{Attempt: 2, DelayMs: 1500, Error: "Overloaded.", Kind: classify.Overloaded, Provider: "anthropic", StatusCode: 529})
	require.Equal(t, "level=INFO msg=retrying retry.attempt=2 retry.delay=1.5s retry.kind=overloaded retry.error=Overloaded. retry.provider=anthropic retry.status_code=529\n", b.String())
	b.Reset()
	log.Error("failed", "err", &retry.Error{Verdict: classify.Verdict{Kind: classify.AttemptsExhausted}, Last: &classify.Verdict{Kind: classify.Server, Message: "It broke."}, Attempts: 3, Elapsed: 7 * time.Second})
	require.Equal(t, "level=ERROR msg=failed err.error=\"retry: attempts exhausted after 3 attempts: It broke.\" err.kind=attempts_exhausted err.attempts=3 err.elapsed=7s err.last_kind=server\n", b.String())
}
