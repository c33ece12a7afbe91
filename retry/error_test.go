package retry_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
)

func TestAnErrorWrapsItsCauseAndWhatFailedLast(t *testing.T) {
	reset := errors.New("connection reset by peer")
	for kind, cause := range map[classify.Kind]error{
		classify.AttemptsExhausted:  retry.ErrExhausted,
		classify.MaxElapsedExceeded: retry.ErrMaxElapsed,
		classify.RetryAfterTooLong:  retry.ErrRetryAfterTooLong,
		classify.StoppedByUser:      retry.ErrStopped,
	} {
		err := fmt.Errorf("chat: %w", &retry.Error{Verdict: classify.Verdict{Kind: kind}, Err: reset})
		require.ErrorIs(t, err, cause)
		require.ErrorIs(t, err, reset)
		var failure *retry.Error
		require.ErrorAs(t, err, &failure)
		require.Equal(t, kind, failure.Verdict.Kind)
	}
	err := &retry.Error{Verdict: classify.Verdict{Kind: classify.Auth}}
	require.Empty(t, err.Unwrap())
	canceled := &retry.Error{Verdict: classify.Verdict{Kind: classify.Canceled}, Err: context.Canceled}
	require.ErrorIs(t, canceled, context.Canceled)
	require.False(t, canceled.Timeout())
	canceled.Err = fmt.Errorf("%w: %w", context.DeadlineExceeded, errors.New("too slow"))
	require.True(t, canceled.Timeout())
	require.True(t, (&url.Error{Err: canceled}).Timeout())
}

func TestAnErrorIsAsRetryableAsItsVerdict(t *testing.T) {
	reset := errors.New("connection reset by peer")
	used := &retry.Error{Verdict: *classify.NewVerdict(classify.AttemptsExhausted, &classify.Failure{}), Err: reset}
	require.False(t, classify.IsRetryable(fmt.Errorf("chat: %w", used)), "its text alone would be retryable")
	broken := &retry.Error{Verdict: *classify.NewVerdict(classify.Truncated, &classify.Failure{})}
	require.True(t, classify.IsRetryable(fmt.Errorf("chat: %w", broken)))
}

func TestTheTextOfAnErrorIsOneLine(t *testing.T) {
	last := &classify.Verdict{Kind: classify.Overloaded, Message: "Anthropic is temporarily overloaded.", Detail: "Overloaded"}
	for want, err := range map[string]*retry.Error{
		"retry: attempts exhausted after 3 attempts: Anthropic is temporarily overloaded. (Overloaded)": {
			Verdict: classify.Verdict{Kind: classify.AttemptsExhausted, Message: "All attempts failed."}, Last: last, Attempts: 3,
		},
		"retry: no time left after 1 attempt: Anthropic is temporarily overloaded. (Overloaded)": {
			Verdict: classify.Verdict{Kind: classify.MaxElapsedExceeded}, Last: last, Attempts: 1,
		},
		"retry: The API key was refused.": {Verdict: classify.Verdict{Kind: classify.Auth, Message: "The API key was refused."}, Attempts: 1},
		"retry: truncated":                {Verdict: classify.Verdict{Kind: classify.Truncated}, Err: errors.New("https://host/?key=secret")},
	} {
		require.Equal(t, want, err.Error())
	}
}
