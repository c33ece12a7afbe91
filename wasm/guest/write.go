package main

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/classify/jsonscan"
	"github.com/steadfetch/steadfetch/retry"
)

// object writes a JSON object. Members that are empty are left out, as
// encoding/json's omitempty does.
type object struct{ buf []byte }

func (o *object) key(name string) {
	if n := len(o.buf); n == 0 || o.buf[n-1] == ':' || o.buf[n-1] == '[' {
		o.buf = append(o.buf, '{')
	} else if o.buf[n-1] != '{' {
		o.buf = append(o.buf, ',')
	}
	o.buf = append(append(append(o.buf, '"'), name...), '"', ':')
}

func (o *object) end() []byte {
	if n := len(o.buf); n == 0 || o.buf[n-1] == ':' {
		o.buf = append(o.buf, '{')
	}
	return append(o.buf, '}')
}

func (o *object) string(name, s string) {
	if s != "" {
		o.key(name)
		o.buf = jsonscan.AppendString(o.buf, s)
	}
}

func (o *object) int(name string, n int64) {
	if n != 0 {
		o.always(name, n)
	}
}

func (o *object) always(name string, n int64) {
	o.key(name)
	o.buf = jsonscan.AppendInt(o.buf, n)
}

func (o *object) bool(name string, b bool) {
	if b {
		o.key(name)
		o.buf = append(o.buf, "true"...)
	}
}

func appendVerdict(dst []byte, v classify.Verdict) []byte {
	o := object{dst}
	o.key("retryable")
	if v.Retryable {
		o.buf = append(o.buf, "true"...)
	} else {
		o.buf = append(o.buf, "false"...)
	}
	o.key("kind")
	o.buf = jsonscan.AppendString(o.buf, string(v.Kind))
	o.string("provider", v.Provider)
	o.int("status", int64(v.Status))
	if v.RetryAfterMs != nil {
		o.always("retry_after_ms", *v.RetryAfterMs)
	}
	o.string("rule", v.Rule)
	o.bool("chain_broken", v.ChainBroken)
	o.string("title", v.Title)
	o.string("message", v.Message)
	o.string("detail", v.Detail)
	return o.end()
}

func appendAnswer(dst []byte, a retry.Answer) []byte {
	o := object{dst}
	o.string("do", a.Do)
	o.int("attempt", int64(a.Attempt))
	o.int("timer_at", a.TimerAt)
	o.int("bytes", int64(a.Bytes))
	o.bool("committed", a.Committed)
	o.bool("reset", a.Reset)
	if a.Retry != nil {
		o.key("retry")
		o.buf = appendRetry(o.buf, *a.Retry)
	}
	if r := a.Resume; r != nil {
		o.key("resume")
		in := object{o.buf}
		in.string("how", r.How)
		in.string("method", r.Method)
		if len(r.Headers) > 0 {
			in.key("headers")
			headers := object{in.buf}
			for name, value := range r.Headers {
				headers.string(name, value)
			}
			in.buf = headers.end()
		}
		in.string("suffix", r.Suffix)
		in.bool("no_body", r.NoBody)
		in.bool("rewrite", r.Rewrite)
		in.string("text", r.Text)
		in.string("last_event_id", r.LastEventID)
		in.string("response_id", r.ResponseID)
		in.int("sequence", r.Sequence)
		o.buf = in.end()
	}
	if a.Verdict != nil {
		o.key("verdict")
		o.buf = appendVerdict(o.buf, *a.Verdict)
	}
	if a.Last != nil {
		o.key("last")
		o.buf = appendVerdict(o.buf, *a.Last)
	}
	o.bool("probe", a.Probe)
	o.bool("poke", a.Poke)
	if a.Share != nil {
		o.key("share")
		in := object{o.buf}
		in.key("origin")
		in.buf = jsonscan.AppendString(in.buf, a.Share.Origin)
		in.always("until", a.Share.Until)
		o.buf = in.end()
	}
	o.string("warning", a.Warning)
	return o.end()
}

func appendRetry(dst []byte, r retry.ChatStreamRetry) []byte {
	o := object{dst}
	o.always("attempt", int64(r.Attempt))
	o.always("delay_ms", r.DelayMs)
	o.key("error")
	o.buf = jsonscan.AppendString(o.buf, r.Error)
	o.key("retrying_at")
	o.buf = append(o.buf, '"')
	o.buf = append(appendTime(o.buf, r.RetryingAt.UnixMilli()), '"')
	o.string("kind", string(r.Kind))
	o.string("provider", r.Provider)
	o.int("status_code", int64(r.StatusCode))
	o.string("title", r.Title)
	return o.end()
}

func appendSnapshot(dst []byte, s retry.Snapshot) []byte {
	o := object{dst}
	o.string("state", s.State)
	o.always("attempt", int64(s.Attempt))
	o.always("failures", int64(s.Failures))
	o.bool("slow", s.Slow)
	o.string("waiting_for", s.WaitingFor)
	if s.Retry != nil {
		o.key("retry")
		o.buf = appendRetry(o.buf, *s.Retry)
	}
	if s.Verdict != nil {
		o.key("verdict")
		o.buf = appendVerdict(o.buf, *s.Verdict)
	}
	return o.end()
}

func appendPolicy(dst []byte, p retry.Policy) []byte {
	o := object{dst}
	o.string("preset", p.Preset)
	for _, f := range [...]struct {
		name string
		n    int64
	}{
		{"max_attempts", int64(p.MaxAttempts)},
		{"initial_delay_ms", p.InitialDelayMs},
		{"max_delay_ms", p.MaxDelayMs},
		{"max_retry_after_ms", p.MaxRetryAfterMs},
		{"max_elapsed_ms", p.MaxElapsedMs},
		{"first_byte_timeout_ms", p.FirstByteTimeoutMs},
		{"silence_timeout_ms", p.SilenceTimeoutMs},
		{"content_timeout_ms", p.ContentTimeoutMs},
		{"budget_tokens", int64(p.BudgetTokens)},
		{"budget_ratio", int64(p.BudgetRatio)},
		{"max_replay_bytes", p.MaxReplayBytes},
	} {
		o.always(f.name, max(f.n, 0)) // off is 0 on the wire
	}
	o.string("jitter", p.Jitter)
	o.string("after_commit", p.AfterCommit)
	o.string("resume", p.Resume)
	o.bool("lenient", p.Lenient)
	o.bool("unknown_retryable", p.UnknownRetryable)
	o.bool("no_cooldown", p.NoCooldown)
	return o.end()
}

// appendTime writes RFC 3339 in UTC with milliseconds, as JavaScript's
// toISOString does. The time package's own formatter costs ten times as much.
func appendTime(dst []byte, ms int64) []byte {
	ms = min(max(ms, 0), 253402300799999) // the years 1970 to 9999
	days, rest := ms/86_400_000, ms%86_400_000
	y, m, d := civilFromDays(days)
	pad := func(n, width int64, after byte) {
		for p := width; p > 1; p /= 10 {
			dst = append(dst, byte('0'+n/(p/10)%10))
		}
		dst = append(dst, after)
	}
	pad(y, 10_000, '-')
	pad(m, 100, '-')
	pad(d, 100, 'T')
	pad(rest/3_600_000, 100, ':')
	pad(rest/60_000%60, 100, ':')
	pad(rest/1000%60, 100, '.')
	pad(rest%1000, 1000, 'Z')
	return dst
}

// civilFromDays turns days since 1970 into a date, by the usual reckoning in
// eras of 400 years that begin on 1 March.
func civilFromDays(days int64) (y, m, d int64) {
	days += 719468
	era := days / 146097
	doe := days % 146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m = mp + 3
	if m > 12 {
		m -= 12
	}
	y = yoe + era*400
	if m <= 2 {
		y++
	}
	return y, m, d
}

func daysFromCivil(y, m, d int64) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}
