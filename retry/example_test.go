package retry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

func ExampleDelay() {
	var waits []string
	for attempt := range 8 {
		waits = append(waits, retry.Delay(attempt).String())
	}
	fmt.Println(strings.Join(waits, " -> "))
	// Output: 1s -> 2s -> 4s -> 8s -> 16s -> 32s -> 1m0s -> 1m0s
}

func ExampleRetry() {
	calls := 0
	title := func(context.Context) error {
		if calls++; calls < 2 {
			return errors.New("status 529: overloaded")
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := retry.Retry(ctx, title, func(attempt int, err error, delay time.Duration) {
		fmt.Printf("attempt %d: %v; again in %v\n", attempt, err, delay)
	})
	fmt.Println(calls, err)
	// Output:
	// attempt 1: status 529: overloaded; again in 1s
	// 2 <nil>
}

func ExampleDo() {
	policy := retry.Policy{MaxAttempts: 3, InitialDelay: 10 * time.Millisecond}
	err := retry.Do(context.Background(), policy, func(context.Context) error {
		return errors.New("status 529: overloaded")
	}, func(attempt int, _ error, delay time.Duration) {
		fmt.Printf("attempt %d failed; again in %v\n", attempt, delay)
	})
	fmt.Println(errors.Is(err, retry.ErrExhausted))
	var failure *retry.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Verdict.Kind, "after", failure.Attempts, "attempts, the last one:", failure.Last.Kind)
	}
	// Output:
	// attempt 1 failed; again in 10ms
	// attempt 2 failed; again in 20ms
	// true
	// attempts_exhausted after 3 attempts, the last one: overloaded
}

// A time limit of one call does not end the loop; the caller's does.
func ExampleRetry_timeout() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	calls := 0
	err := retry.Retry(ctx, func(ctx context.Context) error {
		if calls++; calls > 1 {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		<-ctx.Done() // a call that hangs
		return ctx.Err()
	}, nil)
	fmt.Println(calls, err)
	// Output: 2 <nil>
}

func ExampleRetry_permanent() {
	err := retry.Retry(context.Background(), func(context.Context) error {
		return errors.New("401 Unauthorized: invalid api key")
	}, nil)
	fmt.Println(err)
	// Output: 401 Unauthorized: invalid api key
}

// waits plays a session whose attempts all fail in the same way, on a clock of its own,
// and prints its waits.
func waits(policy retry.Policy, headers map[string]string) {
	policy.NoCooldown = true // it is alone
	s, err := session.NewSession(&session.Config{Policy: policy, Seed: 1, Request: session.Request{URL: "https://api.anthropic.com/v1/messages"}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	now := int64(1_700_000_000_000)
	a := s.Step(&session.Happened{What: session.OnStart, Now: now})
	var shown []string
	for len(shown) < 8 && a.Do == session.DoOpen {
		n := a.Attempt
		s.Step(&session.Happened{What: session.OnResponse, Now: now, Attempt: n, Status: 429, Headers: headers})
		a = s.Step(&session.Happened{What: session.OnEnd, Now: now, Attempt: n})
		if a.Do == session.DoWait {
			shown = append(shown, (time.Duration(a.TimerAt-now) * time.Millisecond).String())
			now = a.TimerAt
			a = s.Step(&session.Happened{What: session.OnTimer, Now: now})
		}
	}
	if a.Verdict != nil {
		shown = append(shown, string(a.Verdict.Kind))
	}
	fmt.Println(strings.Join(shown, " -> "))
}

func ExamplePolicy() {
	waits(retry.Policy{}, nil)
	waits(retry.Policy{MaxAttempts: 4}, nil)
	waits(retry.Policy{InitialDelay: 500 * time.Millisecond, MaxDelay: 3 * time.Second}, nil)
	waits(retry.Policy{MaxElapsed: 10 * time.Second}, nil)
	waits(retry.Policy{Preset: retry.PresetMux}, nil)
	// Output:
	// 1s -> 2s -> 4s -> 8s -> 16s -> 32s -> 1m0s -> 1m0s
	// 1s -> 2s -> 4s -> attempts_exhausted
	// 500ms -> 1s -> 2s -> 3s -> 3s -> 3s -> 3s -> 3s
	// 1s -> 2s -> 4s -> max_elapsed_exceeded
	// 2s -> 4s -> 8s -> 16s -> 32s -> 1m0s -> 1m0s -> 1m0s
}

// The wait that the server asks for is a lower bound.
func ExamplePolicy_retryAfter() {
	waits(retry.Policy{MaxAttempts: 5}, map[string]string{"retry-after": "3"})
	waits(retry.Policy{}, map[string]string{"retry-after": "3600"})
	// Output:
	// 3s -> 3s -> 4s -> 8s -> attempts_exhausted
	// retry_after_too_long
}

func ExamplePolicy_Wait() {
	policy := retry.Policy{Jitter: retry.JitterEqual}
	if err := policy.Fill(); err != nil {
		fmt.Println(err)
		return
	}
	overloaded := classify.Classify(classify.Failure{Status: 529})
	for failures := 1; failures <= 4; failures++ {
		wait, _ := policy.Wait(failures, &overloaded, 1<<31) // random bits, here always the same
		fmt.Print(wait, " ")
	}
	limited := classify.Classify(classify.Failure{Status: 429, Headers: map[string]string{"retry-after": "900"}})
	_, stop := policy.Wait(1, &limited, 0)
	fmt.Println(stop)
	// Output: 750ms 1.5s 3s 6s retry_after_too_long
}

func ExamplePolicy_Fill() {
	policy := retry.Policy{Preset: retry.PresetCoder, ContentTimeout: -1}
	err := policy.Fill()
	fmt.Println(policy.MaxAttempts, policy.InitialDelay, policy.MaxDelay, policy.AfterCommit, err)
	policy.Jitter = "some"
	fmt.Println(policy.Fill())
	// Output:
	// 25 1s 1m0s restart <nil>
	// retry: jitter must be one of these: none full equal
}

func ExampleError() {
	err := error(&retry.Error{
		Verdict:  classify.Verdict{Kind: classify.AttemptsExhausted},
		Last:     &classify.Verdict{Kind: classify.Overloaded, Message: "Anthropic is temporarily overloaded."},
		Attempts: 25,
	})
	fmt.Println(err)
	fmt.Println(errors.Is(err, retry.ErrExhausted))
	// Output:
	// retry: attempts exhausted after 25 attempts: Anthropic is temporarily overloaded.
	// true
}
