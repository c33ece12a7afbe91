package session

import (
	"time"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
)

// cut says which of a failed attempt's bytes may be delivered.
type cut struct {
	// event: not the current event, which is the failure.
	event bool
	// explained: the body itself says why, in a form that the caller can read.
	explained bool
}

// failed decides what follows a failed attempt. The order is: permanent,
// attempts used up, the server asked for too long a wait, no time left; else wait.
func (s *Session) failed(v *classify.Verdict, why suspicion, what cut) *Answer {
	if a := s.askHost(v, why, what); a != nil {
		return a
	}
	ready := s.gone // whole events received before the failure
	if s.committed {
		ready = s.upTo
		if what.event || what.explained {
			ready = s.read().event.Bytes.From
		}
	}
	b := s.shared()
	if why != told && v.Retryable && !s.suspect(why, b) {
		v.Retryable = false
		if advice := why.advice(); advice != "" {
			v.Detail = advice
		}
	}
	if v.Kind == classify.SeamMismatch && s.canReset && s.policy.AfterCommit != retry.AfterCommitFail {
		v.Retryable, s.resetDue = true, true // what cannot be joined is restarted
	}
	v.Message, v.Detail = keep(&s.group.message, v.Message), keep(&s.group.detail, v.Detail)
	s.last = v
	kind := s.again(v, b)
	if kind == "" {
		return s.release(s.waitFor(v, b), ready)
	}
	if kind != classify.RetryAfterTooLong {
		s.limited(v, b) // the others go on
	}
	a := s.giveUp(v, kind)
	if what.explained && !s.delivered {
		// The consumer has seen nothing yet: let it read the provider's message.
		a.Do = DoPass
		s.all()
		ready = s.upTo
	}
	return s.release(a, ready)
}

// limited informs the bucket's line how an attempt failed, and reports whether
// it met the limit.
func (s *Session) limited(v *classify.Verdict, b *bucket) bool {
	if !s.lined() {
		return false
	}
	wish := v.RetryAfterMs
	if v.Kind != classify.RateLimit && (wish == nil || v.Status != 529 && v.Status != 503) {
		b.line.leave(&s.turn, s.group.now)
		return false
	}
	until := int64(0)
	if wish != nil {
		until = s.group.now + *wish
	}
	b.line.limit(&s.turn, s.group.now, until)
	return true
}

// giveUp ends the session for the reason that kind names, after verdict v.
func (s *Session) giveUp(v *classify.Verdict, kind classify.Kind) *Answer {
	if kind != v.Kind {
		stop := s.own(kind)
		stop.Provider, stop.Status, stop.RetryAfterMs, stop.Detail, stop.Party = v.Provider, v.Status, v.RetryAfterMs, v.Detail, v.Party
		stop.Describe()
		v = stop
	}
	a := s.end(doFail, v, failed)
	if s.last != v {
		s.cause, a.Last = s.last, s.last
	}
	return a
}

// waitFor waits until waitUntil for the next attempt.
func (s *Session) waitFor(v *classify.Verdict, b *bucket) *Answer {
	s.state, s.mode, s.waitingFor = waiting, modeNone, forNothing
	s.headers, s.head, s.reading = nil, nil, nil // thousands may wait
	s.opened = s.now
	if s.offline {
		s.waitingFor = forConnection
	}
	s.retry = s.retryEvent(v, s.waitUntil)
	a := s.answer(doWait)
	a.Retry = s.retry
	if s.limited(v, b) && b.line.told && s.bucket != 0 {
		a.Share = &Shared{Bucket: hex(s.bucket), Until: b.line.until - s.group.offset}
	}
	return a
}

// retryEvent is the event for a wait.
func (s *Session) retryEvent(v *classify.Verdict, until int64) *retry.ChatStreamRetry {
	return &retry.ChatStreamRetry{
		Attempt: max(s.failures, 1), DelayMs: until - s.now, Error: v.Message,
		RetryingAt: time.UnixMilli(s.wall(until)).UTC(),
		Kind:       v.Kind, Provider: v.Provider, StatusCode: v.Status, Title: v.Title, Party: v.Party,
	}
}

// again returns the kind that explains why there is no further attempt after v,
// or sets waitUntil.
func (s *Session) again(v *classify.Verdict, b *bucket) classify.Kind {
	p := s.policy
	// A long wait makes a passing failure permanent for most; here the policy decides.
	if !v.Retryable && v.Rule != classify.RuleLongWait || s.delivered && !s.mendable() {
		return v.Kind
	}
	if !s.offline || s.status != 0 || v.Kind != classify.Network {
		s.failures++ // while offline, no attempt is used up
	}
	if s.notReplayable {
		return classify.NotReplayable
	}
	if tokens := int64(p.BudgetTokens) * 1000; tokens > 0 {
		b.spent = min(b.spent+1000, tokens)
		if b.spent*2 >= tokens {
			return classify.AttemptsExhausted
		}
	}
	wait, kind := p.Wait(s.failures, v, s.random.next())
	if kind != "" {
		return kind
	}
	if v.RetryAfterMs != nil {
		s.notBefore = s.now + *v.RetryAfterMs
	}
	if p.MaxElapsed > 0 && s.elapsed()+wait.Milliseconds() > p.MaxElapsed.Milliseconds() {
		return classify.MaxElapsedExceeded
	}
	s.waitUntil = s.now + wait.Milliseconds()
	return ""
}
