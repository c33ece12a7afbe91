package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/protocol"
)

const (
	// slowAfter is when a person is told that an answer takes long.
	slowAfter = 15_000
	// lingerFor is how long usage and a marker may follow a finish reason.
	lingerFor = 10_000
	// silenceAfterEnd is how long the end of the body may follow the end marker.
	silenceAfterEnd = 1_000
	// errorBodyFor is how long the body of an error may take to arrive.
	errorBodyFor = 5_000
	// graceAfterSleep is what a connection gets to show that it lives, when
	// the host has slept through a timer. A timer this late was slept through.
	graceAfterSleep = 5_000
	// probeOffline is how long the host's word that it is offline is trusted.
	probeOffline = 60_000
)

// clock is what can run out, as deadline names it.
type clock uint8

const (
	clockNone clock = iota
	clockWait
	clockPlace
	clockSlow
	clockEnd
	clockErrorBody
	clockFirstByte
	clockSilence
	clockContent
)

// clockNames are the clocks as the classifier knows them.
var clockNames = [...]classify.Timer{
	clockFirstByte: classify.TimerFirstByte, clockSilence: classify.TimerSilence, clockContent: classify.TimerContent,
}

// tick moves the inner clock. Where the host's clock jumps back, it stands still.
func (s *Session) tick(wall int64) {
	if s.state != idle && wall+s.offset < s.now {
		s.offset = s.now - wall
	}
	s.now = wall + s.offset
}

func (s *Session) wall(at int64) int64 { return at - s.offset }

// deadline is when the session wants to be called, and the clock that runs out
// then. 0 is never.
func (s *Session) deadline() (at int64, which clock) {
	switch {
	case s.byHand():
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
	if t := s.place(); t > 0 && (at == 0 || t < at) {
		at, which = t, clockPlace
	}
	if t := s.opened + slowAfter; s.state == opening && s.watch != alone && !s.slow && (at == 0 || t < at) {
		at, which = t, clockSlow
	}
	return at, which
}

// place is when the session gives up its place among those on their way, so
// that another may go; 0 if it keeps none.
func (s *Session) place() int64 {
	if s.status != 0 || s.turn.state != turnTaken || !s.shared().line.on {
		return 0
	}
	return s.opened + placeFor
}

// limitOf is from when a clock runs, and how long; 0 is off. Where no stream
// was asked for only the clocks run that the caller set, and none at all in
// what is left alone.
func (s *Session) limitOf(c clock) (from, limit int64) {
	p := s.policy
	if s.watch == alone || s.watch == plain && s.status != 0 {
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

func (s *Session) timer() *Answer {
	if s.state == waiting {
		return s.wait()
	}
	if s.armed > 0 && s.now-s.armed > graceAfterSleep {
		// The host slept, and what arrived meanwhile was not handed in yet.
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
	case clockPlace:
		s.shared().line.leave(&s.turn, s.group.now)
		return s.nothing()
	case clockEnd:
		return s.finish()
	case clockErrorBody:
		return s.bodyEnd()
	}
	f := s.failure(s.phase())
	f.Timer = clockNames[which]
	why := told
	if s.status != 0 {
		why = silent // of an answer that has begun
	}
	return s.failed(judge(f), why, cut{})
}

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
	// The network is back. What was waiting for it goes on at once, but not
	// before the server's own time.
	held := s.waitingFor == forConnection
	if held {
		s.waitingFor = forNothing
	}
	if held || s.last != nil && (s.last.Kind == classify.Network || s.last.Kind == classify.NetworkOrCORS) {
		s.waitUntil = min(s.waitUntil, max(s.now, s.notBefore))
	}
	return s.wait()
}

// wait goes on waiting, or opens the next attempt if the time has come.
func (s *Session) wait() *Answer {
	if s.byHand() {
		return s.answer(doWait)
	}
	if at, _ := s.deadline(); at > s.now && s.waitingFor != forCooldown {
		return s.answer(doWait)
	}
	return s.openOrHold() // a cool-down may have ended before its time
}
