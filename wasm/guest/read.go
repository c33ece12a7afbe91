package main

import (
	"time"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/classify/jsonscan"
	"github.com/steadfetch/steadfetch/retry"
)

func readFailure(v jsonscan.Value) (f classify.Failure) {
	for it := v.Iter(); it.Next(); {
		switch it.Key.Str() {
		case "phase":
			f.Phase = it.Value.Str()
		case "status":
			f.Status = number(it.Value)
		case "headers":
			f.Headers = readHeaders(it.Value)
		case "body":
			f.Body = it.Value.Str()
		case "event":
			if it.Value.Kind() == jsonscan.Object {
				f.Event = &classify.Event{Event: it.Value.Get("event").Str(), Data: it.Value.Get("data").Str()}
			}
		case "error":
			f.Error = readError(it.Value)
		case "provider":
			f.Provider = it.Value.Str()
		case "url":
			f.URL = it.Value.Str()
		case "canceled":
			f.Canceled = it.Value.True()
		case "timer":
			f.Timer = it.Value.Str()
		case "now":
			f.Now, _ = it.Value.Int()
		case "unknown_retryable":
			f.UnknownRetryable = it.Value.True()
		}
	}
	return f
}

// maxCauses bounds a chain of causes. Longer ones say nothing new.
const maxCauses = 8

func readError(v jsonscan.Value) *classify.ErrorInfo {
	var first *classify.ErrorInfo
	last := &first
	for range maxCauses {
		if v.Kind() != jsonscan.Object {
			break
		}
		*last = &classify.ErrorInfo{Name: v.Get("name").Str(), Message: v.Get("message").Str(), Code: v.Get("code").Str()}
		last = &(*last).Cause
		v = v.Get("cause")
	}
	return first
}

func readHeaders(v jsonscan.Value) map[string]string {
	var headers map[string]string
	for it := v.Iter(); it.Next(); {
		if headers == nil {
			headers = map[string]string{}
		}
		headers[it.Key.Str()] = it.Value.Str()
	}
	return headers
}

// number reads an int that fits everywhere; anything else is 0.
func number(v jsonscan.Value) int {
	n, _ := v.Int()
	if n < -1<<31 || n > 1<<31-1 {
		return 0
	}
	return int(n)
}

// readPolicy takes a policy from the wire, where 0 is off and absent is the
// default; inside, 0 is the default and off is negative.
func readPolicy(v jsonscan.Value) (p retry.Policy, reason string) {
	amount := func(v jsonscan.Value, name string) int64 {
		n, ok := v.Int()
		if v.Kind() == jsonscan.Null {
			return 0
		}
		if v.Kind() != jsonscan.Number || !ok || n < 0 {
			reason = name + " must be a number of at least 0"
			return 0
		}
		if n == 0 {
			return -1
		}
		return n
	}
	for it := v.Iter(); it.Next(); {
		name := it.Key.Str()
		switch name {
		case "preset":
			p.Preset = it.Value.Str()
		case "max_attempts":
			p.MaxAttempts = int(min(amount(it.Value, name), 1<<30))
		case "initial_delay_ms":
			p.InitialDelayMs = amount(it.Value, name)
		case "max_delay_ms":
			p.MaxDelayMs = amount(it.Value, name)
		case "jitter":
			p.Jitter = it.Value.Str()
		case "max_retry_after_ms":
			p.MaxRetryAfterMs = amount(it.Value, name)
		case "max_elapsed_ms":
			p.MaxElapsedMs = amount(it.Value, name)
		case "first_byte_timeout_ms":
			p.FirstByteTimeoutMs = amount(it.Value, name)
		case "silence_timeout_ms":
			p.SilenceTimeoutMs = amount(it.Value, name)
		case "content_timeout_ms":
			p.ContentTimeoutMs = amount(it.Value, name)
		case "after_commit":
			p.AfterCommit = it.Value.Str()
		case "resume":
			p.Resume = it.Value.Str()
		case "lenient":
			p.Lenient = it.Value.True()
		case "unknown_retryable":
			p.UnknownRetryable = it.Value.True()
		case "no_cooldown":
			p.NoCooldown = it.Value.True()
		case "budget_tokens":
			p.BudgetTokens = int(min(amount(it.Value, name), 1<<30))
		case "budget_ratio":
			p.BudgetRatio = int(min(amount(it.Value, name), 1<<30))
		case "max_replay_bytes":
			p.MaxReplayBytes = amount(it.Value, name)
		default:
			reason = "unknown option: " + name
		}
	}
	return p, reason
}

func readConfig(v jsonscan.Value) (c retry.Config, reason string) {
	for it := v.Iter(); it.Next(); {
		switch it.Key.Str() {
		case "policy":
			c.Policy, reason = readPolicy(it.Value)
			if reason != "" {
				return c, reason
			}
		case "request":
			c.Request = retry.Request{
				Method: it.Value.Get("method").Str(), URL: it.Value.Get("url").Str(),
				Headers: readHeaders(it.Value.Get("headers")), Body: it.Value.Get("body").Str(),
			}
		case "provider":
			c.Provider = it.Value.Str()
		case "seed":
			n, _ := it.Value.Int()
			c.Seed = uint32(n)
		case "can_reset":
			c.CanReset = it.Value.True()
		case "not_replayable":
			c.NotReplayable = it.Value.True()
		case "opaque_errors":
			c.OpaqueErrors = it.Value.True()
		case "offline":
			c.Offline = it.Value.True()
		case "restore":
			if it.Value.Kind() == jsonscan.Object {
				c.Restore = readSnapshot(it.Value)
			}
		}
	}
	return c, ""
}

func readSnapshot(v jsonscan.Value) *retry.Snapshot {
	s := &retry.Snapshot{State: v.Get("state").Str(), Attempt: max(number(v.Get("attempt")), 0), Failures: max(number(v.Get("failures")), 0)}
	if r := v.Get("retry"); r.Kind() == jsonscan.Object {
		delay, _ := r.Get("delay_ms").Int()
		s.Retry = &retry.ChatStreamRetry{
			Attempt: number(r.Get("attempt")), DelayMs: delay, Error: r.Get("error").Str(),
			Kind: classify.Kind(r.Get("kind").Str()), Provider: r.Get("provider").Str(),
			StatusCode: number(r.Get("status_code")), Title: r.Get("title").Str(),
		}
		if at, ok := readTime(r.Get("retrying_at").Str()); ok {
			s.Retry.RetryingAt = time.UnixMilli(at)
		}
	}
	return s
}

func readHappened(v jsonscan.Value) (h retry.Happened) {
	for it := v.Iter(); it.Next(); {
		switch it.Key.Str() {
		case "what":
			h.What = it.Value.Str()
		case "now":
			h.Now, _ = it.Value.Int()
		case "attempt":
			h.Attempt = number(it.Value)
		case "status":
			h.Status = number(it.Value)
		case "headers":
			h.Headers = readHeaders(it.Value)
		case "error":
			h.Error = readError(it.Value)
		case "failure":
			if it.Value.Kind() == jsonscan.Object {
				f := readFailure(it.Value)
				h.Failure = &f
			}
		}
	}
	return h
}

func readShared(v jsonscan.Value) retry.Shared {
	until, _ := v.Get("until").Int()
	return retry.Shared{Origin: v.Get("origin").Str(), Until: until}
}

// readTime reads what appendTime writes: RFC 3339 in UTC with milliseconds.
func readTime(s string) (ms int64, ok bool) {
	digits := func(at, n int) int64 {
		v := int64(0)
		for _, c := range []byte(s[at : at+n]) {
			if c < '0' || c > '9' {
				ok = false
			}
			v = v*10 + int64(c-'0')
		}
		return v
	}
	if len(s) != len("2006-01-02T15:04:05.000Z") || s[len(s)-1] != 'Z' {
		return 0, false
	}
	ok = true
	days := daysFromCivil(digits(0, 4), digits(5, 2), digits(8, 2))
	ms = ((days*24+digits(11, 2))*60+digits(14, 2))*60_000 + digits(17, 2)*1000 + digits(20, 3)
	return ms, ok
}
