package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
)

// restore continues from a snapshot: a failed session stays failed, a waiting one
// keeps waiting, and an attempt that was under way is made again. Failures stay
// counted. It returns nil if the session starts with an attempt.
func (s *Session) restore() *Answer {
	r := s.restored
	if r == nil {
		return nil
	}
	switch r.State {
	case StateFailed, StateStopped:
		if r.Verdict == nil {
			return nil
		}
		s.attempt, s.failures = max(r.Attempt, 0), max(r.Failures, 0)
		if r.State == StateFailed {
			a := s.end(doFail, r.Verdict, failed)
			s.cause, a.Last = r.Last, r.Last
			return a
		}
		// The caller that canceled it is gone, and so is the reason that it gave.
		return s.end(doFail, s.verdictOf(classify.StoppedByUser), stopped)
	case StateOpening, StateStreaming, StateWaiting:
		s.attempt, s.failures = max(r.Attempt, 0), max(r.Failures, 0)
		s.restoreSuspected(r.Suspected)
	}
	if r.State != StateWaiting || r.Retry == nil {
		return nil
	}
	until := r.Retry.RetryingAt.UnixMilli()
	if until <= s.now && !s.manual {
		return nil
	}
	s.retry, s.state = r.Retry, waiting
	s.waitUntil = min(until, s.now+retry.MaxWait.Milliseconds())
	s.notBefore = s.waitUntil
	s.opened = s.now
	if s.offline {
		s.waitingFor = forConnection
	}
	a := s.answer(doWait)
	a.Retry = s.retry
	return a
}
