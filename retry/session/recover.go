package session

import (
	"strings"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
)

// maxRecoveries is how often a session takes another request from its host.
const maxRecoveries = 3

// recovery is what a session knows of its host's hook, which may answer a
// failure with another request: a fresh token, another model, a shorter history.
type recovery struct {
	// The failure that the host is asked about, and the state that it ended.
	verdict *classify.Verdict
	why     suspicion
	what    cut
	from    state

	taken    int  // requests that the host gave
	declined bool // it gave none for this failure, which goes its way
}

// askHost asks the host for a request that fares better than the one that
// failed; nil if it is not to be asked. What the consumer has of an answer must
// then be taken back, since another request has another answer.
func (s *Session) askHost(v *classify.Verdict, why suspicion, what cut) *Answer {
	r := &s.recovery
	if r.declined {
		r.declined = false
		return nil
	}
	if !s.recover || r.taken == maxRecoveries || s.notReplayable {
		return nil
	}
	if s.delivered && (!s.canReset || s.watch <= plain || s.toolCall || s.policy.AfterCommit == retry.AfterCommitFail) {
		return nil
	}
	r.verdict, r.why, r.what, r.from = v, why, what, s.state
	s.state = asking
	a := s.answer(doRecover)
	a.Verdict = v
	return a
}

// recovered takes the host's answer: another request, or nil. One that the same
// limit holds is sent no sooner than the server asked; where that is too late,
// the failure goes its way.
func (s *Session) recovered(request *Request) *Answer {
	r := &s.recovery
	s.state = r.from
	if request == nil {
		return s.decline()
	}
	v, next := r.verdict, newAsked(request)
	was, limited := s.shared(), s.bucketOf(next) == s.bucket
	wait := int64(0)
	if limited && v.RetryAfterMs != nil && *v.RetryAfterMs > 0 {
		asked, stop := s.policy.Wait(0, v, s.random.next())
		wait = asked.Milliseconds()
		if stop != "" || s.policy.MaxElapsed > 0 && wait > s.timeLeft() {
			return s.decline()
		}
	}
	r.taken++
	if s.delivered {
		s.resetDue = true
	}
	s.last = v
	if wait == 0 {
		s.limited(v, was) // the next request may be another bucket's
		was.line.leave(&s.turn, s.group.now)
	}
	was.sessions--
	s.provider = classify.ProviderOf(request.URL, s.hint)
	s.asked = next
	s.enter()
	if wait > 0 {
		s.waitUntil = s.now + wait
		s.notBefore = s.waitUntil
		return s.waitFor(v, was)
	}
	a := s.openOrHold()
	a.Wake = append(was.line.woken(s.group.now), a.Wake...)
	return a
}

// decline lets the failure go its way.
func (s *Session) decline() *Answer {
	r := &s.recovery
	r.declined = true
	return s.failed(r.verdict, r.why, r.what)
}

// enter takes a request's place among those of its bucket, and the facts of it
// that are needed. The rest is not kept: thousands of sessions may wait.
func (s *Session) enter() {
	r := &s.asked.request
	s.policy = s.group.keepPolicy(s.policy)
	s.intended = s.watching()
	s.watch = s.intended
	s.wanted = s.asked.wanted
	s.model = keep(&s.group.model, s.asked.model)
	s.stacked = stacked(r.Headers)
	s.origin = hash(fnvOffset, originOf(r.URL))
	s.bucket = s.bucketOf(s.asked)
	s.shared().sessions++
	s.hint, s.url, s.redirect = strings.Clone(s.hint), keep(&s.group.url, r.URL), strings.Clone(r.Redirect)
	s.asked = nil
}

// stacked reports whether an SDK is repeating the request by itself.
func stacked(h classify.Headers) bool {
	for _, name := range [...]string{"x-stainless-retry-count", "x-retry-count", "x-retry-attempt"} {
		if n := h.Get(name); n != "" && n != "0" {
			return true
		}
	}
	return false
}
