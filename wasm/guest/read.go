package main

import (
	"time"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/classify/jsonscan"
	"github.com/steadfetch/steadfetch/retry"
)

func readFailure(v jsonscan.Value) *classify.Failure {
	f := &classify.Failure{}
	for it := v.Iter(); it.Next(); {
		m := it.Value
		switch it.Key.In("phase status headers body event error provider url canceled timer now unknown_retryable") {
		case 0:
			f.Phase = m.Str()
		case 1:
			f.Status = number(m)
		case 2:
			f.Headers = readHeaders(m)
		case 3:
			f.Body = m.Str()
		case 4:
			if m.Kind() == jsonscan.Object {
				f.Event = &classify.Event{Event: m.Get("event").Str(), Data: m.Get("data").Str()}
			}
		case 5:
			f.Error = readError(m)
		case 6:
			f.Provider = m.Str()
		case 7:
			f.URL = m.Str()
		case 8:
			f.Canceled = m.True()
		case 9:
			f.Timer = m.Str()
		case 10:
			f.Now, _ = m.Int()
		case 11:
			f.UnknownRetryable = m.True()
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
		e := &classify.ErrorInfo{Name: v.Get("name").Str(), Message: v.Get("message").Str(), Code: v.Get("code").Str()}
		*last = e
		last = &e.Cause
		v = v.Get("cause")
	}
	return first
}

func readHeaders(v jsonscan.Value) map[string]string {
	headers := map[string]string{}
	for it := v.Iter(); it.Next(); {
		headers[it.Key.Str()] = it.Value.Str()
	}
	return headers
}

// number reads an int that fits everywhere; anything else is 0.
func number(v jsonscan.Value) int {
	n, _ := v.Int()
	if n != int64(int32(n)) {
		return 0
	}
	return int(n)
}

// readPolicy takes a policy from the wire, where 0 is off and absent is the
// default; inside, 0 is the default and off is negative.
func readPolicy(v jsonscan.Value, p *retry.Policy) (reason string) {
	for it := v.Iter(); it.Next(); {
		m := it.Value
		if m.Kind() == jsonscan.Null {
			continue
		}
		if at := it.Key.In(retry.PolicyNumbers); at >= 0 {
			n, ok := m.Int()
			if m.Kind() != jsonscan.Number || !ok || n < 0 {
				return it.Key.Str() + " must be a number of at least 0"
			}
			if n == 0 {
				n = -1
			}
			p.Numbers()[at] = n
		} else if at := it.Key.In(retry.PolicyStrings); at >= 0 {
			p.Strings()[at] = m.Str()
		} else if at := it.Key.In(retry.PolicyBools); at >= 0 {
			p.Bools()[at] = m.True()
		} else {
			return "there is no option " + it.Key.Str()
		}
	}
	return ""
}

func readConfig(v jsonscan.Value) (c *retry.Config, reason string) {
	c = &retry.Config{}
	for it := v.Iter(); it.Next(); {
		m := it.Value
		switch it.Key.In("policy request provider seed can_reset not_replayable opaque_errors offline restore") {
		case 0:
			if reason = readPolicy(m, &c.Policy); reason != "" {
				return c, reason
			}
		case 1:
			c.Request.Method = m.Get("method").Str()
			c.Request.URL = m.Get("url").Str()
			c.Request.Headers = readHeaders(m.Get("headers"))
			c.Request.Body = m.Get("body").Str()
		case 2:
			c.Provider = m.Str()
		case 3:
			n, _ := m.Int()
			c.Seed = uint32(n)
		case 4:
			c.CanReset = m.True()
		case 5:
			c.NotReplayable = m.True()
		case 6:
			c.OpaqueErrors = m.True()
		case 7:
			c.Offline = m.True()
		case 8:
			if m.Kind() == jsonscan.Object {
				c.Restore = readSnapshot(m)
			}
		}
	}
	return c, ""
}

// readSnapshot reads what a session needs to go on waiting.
func readSnapshot(v jsonscan.Value) *retry.Snapshot {
	s := &retry.Snapshot{State: v.Get("state").Str(), Attempt: max(number(v.Get("attempt")), 0), Failures: max(number(v.Get("failures")), 0)}
	r := v.Get("retry")
	if at, ok := readTime(r.Get("retrying_at").Str()); ok {
		e := &retry.ChatStreamRetry{}
		e.Attempt = number(r.Get("attempt"))
		e.DelayMs, _ = r.Get("delay_ms").Int()
		e.Error = r.Get("error").Str()
		e.RetryingAt = time.UnixMilli(at)
		e.Kind = classify.Kind(r.Get("kind").Str())
		e.Provider = r.Get("provider").Str()
		e.StatusCode = number(r.Get("status_code"))
		e.Title = r.Get("title").Str()
		s.Retry = e
	}
	return s
}

func readHappened(v jsonscan.Value) *retry.Happened {
	h := &retry.Happened{}
	for it := v.Iter(); it.Next(); {
		m := it.Value
		switch it.Key.In("what now attempt status headers error failure") {
		case 0:
			h.What = m.Str()
		case 1:
			h.Now, _ = m.Int()
		case 2:
			h.Attempt = number(m)
		case 3:
			h.Status = number(m)
		case 4:
			h.Headers = readHeaders(m)
		case 5:
			h.Error = readError(m)
		case 6:
			h.Failure = readFailure(m)
		}
	}
	return h
}
