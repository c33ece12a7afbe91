package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/protocol"
)

const (
	// slowAfter is when the consumer is told that an answer takes long. This and
	// the other times here are in milliseconds.
	slowAfter = 15_000
	// lingerFor is how long usage and a marker may follow a finish reason.
	lingerFor = 10_000
	// silenceAfterEnd is how long the end of the body may follow the end marker.
	silenceAfterEnd = 1_000
	// errorBodyFor is how long the body of an error may take to arrive.
	errorBodyFor = 5_000
	// graceAfterSleep is how long a connection has to prove that it is alive after
	// the host slept through a timer. A timer this late was slept through.
	graceAfterSleep = 5_000
	// probeOffline is how long the host is trusted that it is offline. Then an
	// attempt finds out.
	probeOffline = 60_000
)

// clock is a time limit that can run out.
type clock uint8

const (
	clockNone clock = iota
	clockWait
	clockTurn // to keep a turn in the line
	clockSlow
	clockEnd
	clockErrorBody
	clockFirstByte
	clockSilence
	clockContent
)

// clockNames are the classifier's names of those clocks that it judges.
var clockNames = [...]classify.Timer{
	clockFirstByte: classify.TimerFirstByte, clockSilence: classify.TimerSilence, clockContent: classify.TimerContent,
}

// tick advances the inner clock, which stands still when the host's jumps back.
func (s *Session) tick(wall int64) {
	if s.state != idle && wall+s.offset < s.now {
		s.offset = s.now - wall
	}
	s.now = wall + s.offset
}

// wall converts a time of the inner clock to the host's clock.
func (s *Session) wall(at int64) int64 { return at - s.offset }

// deadline returns when the session must be called next, and the clock that runs
// out then. 0 is never.
func (s *Session) deadline() (at int64, which clock) {
	switch {
	case s.waitsForPerson():
		return 0, clockWait
	case s.state == waiting:
		if s.waitingFor == forConnection {
			return max(s.waitUntil, s.opened+probeOffline), clockWait
		}
		if s.waitingFor == forCooldown && s.policy.MaxElapsed > 0 {
			return min(s.waitUntil, s.now+s.timeLeft()), clockWait
		}
		return s.waitUntil, clockWait
	case !s.isOpen():
		return 0, clockNone
	case s.ended:
		return s.lastContent + silenceAfterEnd, clockEnd
	case s.mode == modeError:
		return s.opened + errorBodyFor, clockErrorBody
	case s.mode == modeSSE && s.read().tracker.Seen&protocol.Finished != 0:
		return s.lastContent + lingerFor, clockEnd
	}
	for c := clockFirstByte; c <= clockContent; c++ {
		from, limit := s.limitOf(c)
		if t := max(from+limit, s.grace); limit > 0 && (at == 0 || t < at) {
			at, which = t, c
		}
	}
	if t := s.turnEnds(); t > 0 && (at == 0 || t < at) {
		at, which = t, clockTurn
	}
	if t := s.opened + slowAfter; s.state == opening && s.watch != leftAlone && !s.slow && (at == 0 || t < at) {
		at, which = t, clockSlow
	}
	return at, which
}

// turnEnds returns when a request without headers loses its turn, so that another
// can go. 0 if it has none to lose.
func (s *Session) turnEnds() int64 {
	if s.status != 0 || s.turn.state != turnTaken || !s.shared().line.on {
		return 0
	}
	return s.opened + turnFor
}

// limitOf returns when clock c started and how long it runs; a limit of 0 is off.
// If no stream was asked for, only the clocks that the caller set run. For an
// answer that is left alone, none does.
func (s *Session) limitOf(c clock) (from, limit int64) {
	p := s.policy
	if s.watch == leftAlone || s.watch == plain && s.status != 0 {
		return 0, 0
	}
	switch c {
	case clockFirstByte:
		if !s.gotBytes {
			return s.opened, p.FirstByteTimeout.Milliseconds()
		}
	case clockSilence:
		return s.lastByte, p.SilenceTimeout.Milliseconds()
	case clockContent:
		if s.watch == watched || s.contentSet {
			return s.lastContent, p.ContentTimeout.Milliseconds()
		}
	}
	return 0, 0
}

// timer handles OnTimer: it acts on the clock that ran out, if one did.
func (s *Session) timer() *Answer {
	if s.state == waiting {
		return s.wait()
	}
	if s.armed > 0 && s.now-s.armed > graceAfterSleep {
		// The host slept. What arrived in the meantime has not been reported yet.
		s.grace = s.now + graceAfterSleep
	}
	at, which := s.deadline()
	if at == 0 || at > s.now {
		return s.nothing()
	}
	switch which {
	case clockSlow:
		s.slow = true
		return s.nothing()
	case clockTurn:
		s.shared().line.leave(&s.turn, s.group.now)
		return s.nothing()
	case clockEnd:
		return s.finish()
	case clockErrorBody:
		return s.bodyEnd()
	}
	f := s.failure(s.phase())
	f.Timer = clockNames[which]
	why := certain
	if s.status != 0 {
		why = silent // the answer had begun
	}
	return s.failed(judge(f), why, evidence{})
}

// network handles the host going offline or online.
func (s *Session) network(offline bool) *Answer {
	s.offline = offline
	if s.state != waiting {
		return s.nothing()
	}
	if offline {
		s.shared().line.leave(&s.turn, s.group.now) // its turn would be lost
		s.waitingFor = forConnection
		return s.answer(doWait)
	}
	// The network is back. What waited for it goes at once, but not before the
	// time that the server asked for.
	waited := s.waitingFor == forConnection
	if waited {
		s.waitingFor = forNothing
	}
	if waited || s.last != nil && (s.last.Kind == classify.Network || s.last.Kind == classify.NetworkOrCORS) {
		s.waitUntil = min(s.waitUntil, max(s.now, s.notBefore))
	}
	return s.wait()
}

// wait keeps waiting, or opens the next attempt if it is time.
func (s *Session) wait() *Answer {
	if s.waitsForPerson() {
		return s.answer(doWait)
	}
	if at, _ := s.deadline(); at > s.now && s.waitingFor != forCooldown {
		return s.answer(doWait)
	}
	return s.openOrQueue() // a cool-down may have ended early
}
