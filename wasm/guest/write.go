package main

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/classify/jsonscan"
	"github.com/steadfetch/steadfetch/retry"
)

// The result is written member by member, into output. Members that are empty
// are left out, as encoding/json's omitempty does.

func begin() { output = append(output[:0], '{') }

func open(name string) {
	key(name)
	output = append(output, '{')
}

func end() { output = append(output, '}') }

func key(name string) {
	if output[len(output)-1] != '{' {
		output = append(output, ',')
	}
	output = append(append(append(output, '"'), name...), '"', ':')
}

func str(name, s string) {
	if s != "" {
		quoted(name, s)
	}
}

func quoted(name, s string) {
	key(name)
	output = jsonscan.AppendString(output, s)
}

func integer(name string, n int64) {
	if n != 0 {
		always(name, n)
	}
}

func always(name string, n int64) {
	key(name)
	output = jsonscan.AppendInt(output, n)
}

func flag(name string, b bool) {
	if b {
		key(name)
		output = append(output, "true"...)
	}
}

func writeVerdict(v *classify.Verdict) {
	flag("retryable", v.Retryable)
	if !v.Retryable {
		key("retryable")
		output = append(output, "false"...)
	}
	quoted("kind", string(v.Kind))
	str("provider", v.Provider)
	integer("status", int64(v.Status))
	if v.RetryAfterMs != nil {
		always("retry_after_ms", *v.RetryAfterMs)
	}
	str("rule", v.Rule)
	flag("chain_broken", v.ChainBroken)
	str("title", v.Title)
	str("message", v.Message)
	str("detail", v.Detail)
}

// member writes a verdict inside an object, if there is one.
func member(name string, v *classify.Verdict) {
	if v != nil {
		open(name)
		writeVerdict(v)
		end()
	}
}

func writeAnswer(a *retry.Answer) {
	str("do", a.Do)
	integer("attempt", int64(a.Attempt))
	integer("timer_at", a.TimerAt)
	integer("bytes", int64(a.Bytes))
	flag("committed", a.Committed)
	flag("reset", a.Reset)
	writeRetry(a.Retry)
	if r := a.Resume; r != nil {
		open("resume")
		quoted("how", r.How)
		str("method", r.Method)
		str("suffix", r.Suffix)
		flag("no_body", r.NoBody)
		flag("rewrite", r.Rewrite)
		str("last_event_id", r.LastEventID)
		str("text", r.Text)
		str("response_id", r.ResponseID)
		integer("sequence", r.Sequence)
		end()
	}
	member("verdict", a.Verdict)
	member("last", a.Last)
	flag("probe", a.Probe)
	flag("poke", a.Poke)
	if a.Share != nil {
		open("share")
		quoted("origin", a.Share.Origin)
		always("until", a.Share.Until)
		end()
	}
	str("warning", a.Warning)
}

func writeRetry(r *retry.ChatStreamRetry) {
	if r == nil {
		return
	}
	open("retry")
	always("attempt", int64(r.Attempt))
	always("delay_ms", r.DelayMs)
	quoted("error", r.Error)
	key("retrying_at")
	output = append(output, '"')
	writeTime(r.RetryingAt.UnixMilli())
	output = append(output, '"')
	str("kind", string(r.Kind))
	str("provider", r.Provider)
	integer("status_code", int64(r.StatusCode))
	str("title", r.Title)
	end()
}

func writeSnapshot(s *retry.Snapshot) {
	str("state", s.State)
	always("attempt", int64(s.Attempt))
	always("failures", int64(s.Failures))
	flag("slow", s.Slow)
	str("waiting_for", s.WaitingFor)
	writeRetry(s.Retry)
	member("verdict", s.Verdict)
}

func writePolicy(p *retry.Policy) {
	for i, name := range p.Numbers() {
		always(word(retry.PolicyNumbers, i), max(name, 0)) // off is 0 on the wire
	}
	for i, s := range p.Strings() {
		str(word(retry.PolicyStrings, i), s)
	}
	for i, b := range p.Bools() {
		flag(word(retry.PolicyBools, i), b)
	}
}

// word is number i of a list of words with single spaces between.
func word(list string, i int) string {
	for at := 0; ; at++ {
		n := 0
		for n < len(list) && list[n] != ' ' {
			n++
		}
		if at == i || n == len(list) {
			return list[:n]
		}
		list = list[n+1:]
	}
}
