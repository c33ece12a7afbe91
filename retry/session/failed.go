package session

import (
	"time"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
)

// evidence is what in an attempt's body shows that it failed.
type evidence struct {
	// event: the current event, which is therefore not delivered.
	event bool
	// explained: the body says why, in a form that the caller can read.
	explained bool
}

// failed decides what follows a failed attempt. It ends the session if the failure
// is permanent, the attempts are used up, the server asked for too long a wait, or
// no time is left, in this order. Otherwise it waits.
func (s *Session) failed(v *classify.Verdict, why suspicion, shown evidence) *Answer {
	if a := s.askHost(v, why, shown); a != nil {
		return a
	}
	ready := s.gone // whole events received before the failure
	if s.committed {
		ready = s.upTo
		if shown.event || shown.explained {
			ready = s.read().event.Bytes.From
		}
	}
	b := s.shared()
	if why != certain && v.Retryable && !s.suspect(why, b) {
		v.Retryable = false
		if advice := why.advice(); advice != "" {
			v.Detail = advice
		}
	}
	if v.Kind == classify.SeamMismatch && s.canReset && s.policy.AfterCommit != retry.AfterCommitFail {
		v.Retryable, s.resetDue = true, true // an answer that cannot be joined is restarted
	}
	v.Message, v.Detail = intern(&s.group.message, v.Message), intern(&s.group.detail, v.Detail)
	s.last = v
	kind := s.planRetry(v, b)
	if kind == "" {
		return s.release(s.waitFor(v, b), ready)
	}
	if kind != classify.RetryAfterTooLong {
		s.metLimit(v, b) // so that the others continue
	}
	a := s.giveUp(v, kind)
	if shown.explained && !s.delivered {
		// The consumer has seen nothing yet: let it read the provider's message.
		a.Do = DoPass
		s.markAllReady()
		ready = s.upTo
	}
	return s.release(a, ready)
}

// metLimit tells the bucket's line that an attempt failed with verdict v, and
// reports whether it met the limit.
func (s *Session) metLimit(v *classify.Verdict, b *bucket) bool {
	if !s.lined() {
		return false
	}
	asked := v.RetryAfterMs
	if v.Kind != classify.RateLimit && (asked == nil || v.Status != 529 && v.Status != 503) {
		b.line.leave(&s.turn, s.group.now)
		return false
	}
	until := int64(0)
	if asked != nil {
		until = s.group.now + *asked
	}
	b.line.limit(&s.turn, s.group.now, until)
	return true
}

// giveUp ends the session with a verdict of the given kind; v is the last failure.
func (s *Session) giveUp(v *classify.Verdict, kind classify.Kind) *Answer {
	if kind != v.Kind {
		stop := s.verdictOf(kind)
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

// waitFor waits for the next attempt, which starts at waitUntil.
func (s *Session) waitFor(v *classify.Verdict, b *bucket) *Answer {
	s.state, s.mode, s.waitingFor = waiting, modeNone, forNothing
	s.headers, s.head, s.reading = nil, nil, nil // thousands of sessions may wait
	s.opened = s.now
	if s.offline {
		s.waitingFor = forConnection
	}
	s.retry = s.retryEvent(v, s.waitUntil)
	a := s.answer(doWait)
	a.Retry = s.retry
	if s.metLimit(v, b) && b.line.fromServer && s.bucket != 0 {
		a.Share = &Shared{Bucket: hex(s.bucket), Until: b.line.until - s.group.offset}
	}
	return a
}

// retryEvent returns the event to show during a wait.
func (s *Session) retryEvent(v *classify.Verdict, until int64) *retry.ChatStreamRetry {
	return &retry.ChatStreamRetry{
		Attempt: max(s.failures, 1), DelayMs: until - s.now, Error: v.Message,
		RetryingAt: time.UnixMilli(s.wall(until)).UTC(),
		Kind:       v.Kind, Provider: v.Provider, StatusCode: v.Status, Title: v.Title, Party: v.Party,
	}
}

// planRetry decides whether another attempt follows v. If so, it sets waitUntil
// and returns "", else the kind of verdict that ends the session.
func (s *Session) planRetry(v *classify.Verdict, b *bucket) classify.Kind {
	p := s.policy
	// The classifier calls a failure with a long wait permanent. Here the policy
	// decides how long is too long.
	if !v.Retryable && v.Rule != classify.RuleLongWait || s.delivered && !s.planAfterCommit() {
		return v.Kind
	}
	if !s.offline || s.status != 0 || v.Kind != classify.Network {
		s.failures++ // an attempt while offline does not count
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
