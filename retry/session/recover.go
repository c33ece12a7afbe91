package session

import (
	"strings"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/fnv"
	"github.com/steadfetch/steadfetch/retry"
)

// maxRecoveries is how many other requests a session accepts from its host.
const maxRecoveries = 3

// recovery is the state of asking the host, which may answer a failure with another
// request: with a fresh token, another model, a shorter history.
type recovery struct {
	// The failure that the host is asked about, and the state before it.
	verdict *classify.Verdict
	why     suspicion
	shown   evidence
	from    state

	taken    int  // requests that the host has supplied
	declined bool // it supplied none for this failure, so that is handled as usual
}

// askHost asks the host for a request to send instead of the one that failed. It
// returns nil if the host must not be asked: another request has another answer, so
// the consumer must be able to drop what it has.
func (s *Session) askHost(v *classify.Verdict, why suspicion, shown evidence) *Answer {
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
	r.verdict, r.why, r.shown, r.from = v, why, shown, s.state
	s.state = asking
	a := s.answer(doRecover)
	a.Verdict = v
	return a
}

// recovered handles the host's reply: another request, or nil. If the same limit
// applies to it, it is sent no sooner than the server asked. If that is too late, the
// failure is handled as if there were no other request.
func (s *Session) recovered(request *Request) *Answer {
	r := &s.recovery
	s.state = r.from
	if request == nil {
		return s.decline()
	}
	v, next := r.verdict, newRequestInfo(request)
	left, sameLimit := s.shared(), s.bucketOf(next) == s.bucket
	wait := int64(0)
	if sameLimit && v.RetryAfterMs != nil && *v.RetryAfterMs > 0 {
		serverWait, stop := s.policy.Wait(0, v, s.random.next())
		wait = serverWait.Milliseconds()
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
		s.metLimit(v, left) // the next request may be in another bucket
		left.line.leave(&s.turn, s.group.now)
	}
	left.sessions--
	s.provider = classify.ProviderOf(request.URL, s.hint)
	s.request = next
	s.enterBucket()
	if wait > 0 {
		s.waitUntil = s.now + wait
		s.notBefore = s.waitUntil
		return s.waitFor(v, left)
	}
	a := s.openOrQueue()
	a.Wake = append(left.line.woken(s.group.now), a.Wake...)
	return a
}

// decline handles the failure that the host supplied no request for.
func (s *Session) decline() *Answer {
	r := &s.recovery
	r.declined = true
	return s.failed(r.verdict, r.why, r.shown)
}

// enterBucket extracts the facts of the request that are needed, and joins its
// bucket. The rest of the request is not kept: thousands of sessions may wait.
func (s *Session) enterBucket() {
	r := &s.request.request
	s.policy = s.group.internPolicy(s.policy)
	s.intended = s.watching()
	s.watch = s.intended
	s.wanted = s.request.wanted
	s.model = intern(&s.group.model, s.request.model)
	s.stacked = stacked(r.Headers)
	s.origin = hash(fnv.Offset, originOf(r.URL))
	s.bucket = s.bucketOf(s.request)
	s.shared().sessions++
	s.hint, s.url, s.redirect = strings.Clone(s.hint), intern(&s.group.url, r.URL), strings.Clone(r.Redirect)
	s.request = nil
}

// stacked reports whether an SDK is itself retrying the request.
func stacked(h classify.Headers) bool {
	for _, name := range [...]string{"x-stainless-retry-count", "x-retry-count", "x-retry-attempt"} {
		if n := h.Get(name); n != "" && n != "0" {
			return true
		}
	}
	return false
}
