package session

import (
	"math"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/protocol"
)

// begin starts the session with the caller's request.
func (s *Session) begin() *Answer {
	s.enterBucket()
	s.startAt = s.now
	if a := s.restore(); a != nil {
		return a
	}
	return s.openOrQueue()
}

// lined reports whether the session takes turns with the others of its bucket.
func (s *Session) lined() bool { return !s.policy.NoCooldown && s.watch != leftAlone }

// openOrQueue opens the next attempt. If its bucket met a limit, it first waits
// for the session's turn.
func (s *Session) openOrQueue() *Answer {
	if !s.lined() {
		return s.open(false)
	}
	l := &s.shared().line
	s.turn.latest = math.MaxInt64
	if most := s.policy.MaxRetryAfter.Milliseconds(); most > 0 {
		s.turn.latest = s.group.now + most
	}
	if s.policy.MaxElapsed > 0 {
		s.turn.latest = min(s.turn.latest, s.group.now+s.timeLeft())
	}
	if l.ask(&s.turn, s.group.now) {
		return s.open(s.probes(l))
	}
	return s.waitInLine(l)
}

// probes reports whether the session goes first after a cool-down that other tabs know
// of.
func (s *Session) probes(l *line) bool { return s.bucket != 0 && l.fromServer && l.isProbe(&s.turn) }

// waitInLine waits for the session's turn, within the limits of its own policy.
func (s *Session) waitInLine(l *line) *Answer {
	p := s.policy
	wait := max(l.until-s.group.now, 0)
	kind := classify.Kind("")
	switch {
	case p.MaxRetryAfter > 0 && wait > p.MaxRetryAfter.Milliseconds():
		kind = classify.RetryAfterTooLong
	case p.MaxElapsed > 0 && (wait > s.timeLeft() || s.timeLeft() <= 0):
		kind = classify.MaxElapsedExceeded
	}
	v := s.verdictOf(classify.RateLimit)
	v.Retryable = true
	if wait > 0 {
		v.RetryAfterMs = &wait
	}
	if kind != "" {
		s.state, s.last = waiting, v
		return s.giveUp(v, kind)
	}
	until := s.now + wait
	shown := s.waitingFor == forCooldown && (wait == 0 || s.cooldownUntil == until)
	s.state, s.waitingFor, s.cooldownUntil = waiting, forCooldown, until
	s.waitUntil = s.now + turnFor // in case it is not woken
	if s.turn.call > 0 {
		s.waitUntil = s.now + s.turn.call - s.group.now
	}
	if shown {
		return s.nothing()
	}
	v.Message = intern(&s.group.message, v.Message)
	s.retry = s.retryEvent(v, until)
	s.retry.Attempt, s.retry.Before = s.failures, l.ahead(&s.turn)
	a := s.answer(doWait)
	a.Retry = s.retry
	return a
}

// probeLost lets another tab go first.
func (s *Session) probeLost() *Answer {
	s.attempt--
	l := &s.shared().line
	l.forget(&s.turn, s.group.now)  // it asks again at once, ahead of others
	if s.tabPasses == l.tabPasses { // else that tab got through in the meantime
		l.yield(s.group.now + graceAfterSleep)
	}
	return s.openOrQueue()
}

// elapsed returns the time that Policy.MaxElapsed bounds, in milliseconds.
func (s *Session) elapsed() int64 { return s.now - s.startAt - s.flowed }

// timeLeft returns what is left of Policy.MaxElapsed, if that is set.
func (s *Session) timeLeft() int64 { return s.policy.MaxElapsed.Milliseconds() - s.elapsed() }

// open opens the next attempt. probe asks the host to let only one tab do so.
func (s *Session) open(probe bool) *Answer {
	s.attempt++
	s.state, s.mode, s.waitingFor = opening, modeNone, forNothing
	s.opened, s.lastByte, s.lastContent = s.now, s.now, s.now
	s.grace, s.notBefore = 0, 0
	s.gotBytes, s.committed, s.ended, s.marked, s.slow = false, false, false, false, false
	s.status, s.headers = 0, nil
	s.watch = s.intended
	s.reading, s.head = nil, nil
	s.came, s.gone, s.cutOut, s.upTo, s.missing = 0, 0, 0, 0, ""
	a := s.answer(doOpen)
	if probe {
		a.Probe, a.Bucket = true, hex(s.bucket)
		s.tabPasses = s.shared().line.tabPasses
	}
	if s.delivered && !s.resetDue && s.seam != nil {
		a.Resume = s.seam.begin(s.url)
		s.committed = true // what follows continues what the consumer has
		s.watch = watched
	} else if s.seam != nil {
		s.seam.forget() // the consumer has nothing, or will drop it
	}
	if s.attempt == 1 {
		a.Warning = s.setupWarning()
		if s.stacked {
			a.Warning = "sdk_retries_stacked"
		}
	}
	return a
}

// response handles the headers of an attempt.
func (s *Session) response(h *Happened) *Answer {
	s.status, s.headers = h.Status, h.Headers
	s.group.noteAnswered(s.origin)
	if s.watch == leftAlone {
		return s.handOver()
	}
	if h.Status >= 400 {
		s.mode = modeError
		s.opened = s.now
		return s.answer(doRead)
	}
	l := &s.shared().line
	probed := s.probes(l)
	l.pass(&s.turn, s.group.now)
	var a *Answer
	if s.looksInto(h.Status, h.Headers) {
		s.mode = modeSniff
		a = s.answer(doRead)
	} else {
		a = s.pass()
	}
	if probed {
		a.Share = &Shared{Bucket: hex(s.bucket)}
	}
	return a
}

// pass hands a good response that is not a stream to the caller. If the consumer
// keeps part of a stream, such a response either says that there is no more, 204
// (WHATWG HTML §9.2.3), or does not fit.
func (s *Session) pass() *Answer {
	if !s.keepsOutput() {
		return s.handOver()
	}
	if s.status == 204 {
		return s.succeed(doFinish, nil)
	}
	return s.failed(s.verdictOf(classify.SeamMismatch), certain, evidence{})
}

// handOver passes the response to the caller unchanged. A consumer of events
// gets no response: what it reads stays with the session until the end.
func (s *Session) handOver() *Answer {
	if !s.canReset {
		return s.succeed(doPass, nil)
	}
	s.mode = modeLent
	if s.watch != leftAlone {
		s.watch = plain
	}
	a := s.answer(doLend)
	s.commit(a)
	return s.release(a, s.upTo)
}

// keepsOutput reports whether the consumer has output that it must not drop.
func (s *Session) keepsOutput() bool { return s.delivered && !s.resetDue }

// Chunk processes bytes of an attempt's body; from then on they count as held by
// the host. n bytes of what it holds may be delivered now (see Moves). If a is not
// nil, it says what else to do, and its Bytes is n. p is not kept.
func (s *Session) Chunk(attempt int, now int64, p []byte) (n int, a *Answer) {
	n, a, due := s.Read(attempt, now, p)
	if due {
		if a = s.Decide(); a != nil {
			n = a.Bytes
		}
	}
	return n, a
}

// Read is Chunk for hosts whose sessions share a lock: it needs none. If due is
// true, there is something to decide, and Decide must be called next, under the
// lock.
func (s *Session) Read(attempt int, now int64, p []byte) (n int, a *Answer, due bool) {
	s.tick(now)
	s.moves, s.out, s.due = s.moves[:0], 0, nil
	s.listening.all = false
	if attempt != s.attempt || !s.isOpen() || s.mode == modeNone || s.mode == modeLent || len(p) == 0 {
		return 0, nil, false
	}
	if s.committed {
		s.flowed += s.now - s.lastByte
	}
	s.lastByte, s.gotBytes = s.now, true
	s.came += int64(len(p))
	if s.mode == modeSSE {
		a = s.events(p)
	} else {
		a = s.readHead(p)
	}
	if s.due == nil && s.account() {
		if !s.delivered {
			s.due = (*Session).passUnwatched
		} else if a == nil {
			a = s.overflow()
		}
	}
	switch {
	case s.due != nil:
		return 0, nil, true
	case a == nil && s.committed:
		s.releaseTo(s.upTo)
		return s.out, nil, false
	case a == nil:
		return 0, nil, false
	}
	return a.Bytes, a, false
}

// Decide acts on what Read found. It returns nil if there is nothing to do.
func (s *Session) Decide() *Answer {
	due := s.due
	s.due = nil
	if due == nil {
		return nil
	}
	s.group.tick(s.wall(s.now)) // Read must not do this, as it holds no lock
	a := due(s)
	s.account()
	if a != nil {
		s.addWake(a)
	}
	return a
}

// readHead processes a piece of a body that is not, or not yet, read as events.
func (s *Session) readHead(p []byte) *Answer {
	before := len(s.head)
	s.head = append(s.head, p[:min(len(p), maxBody-before)]...)
	if s.mode == modeSniff {
		s.sniff()
	}
	switch {
	case s.due != nil:
	case s.mode == modeSSE:
		head := s.head[:before]
		s.head = nil
		r := s.read()
		r.reader.Feed(head)
		for r.reader.Next(&r.event) { // blank lines
		}
		return s.events(p)
	case s.mode == modeError && len(s.head) >= maxBody:
		s.due = (*Session).errorStatus
	case s.mode == modeDoc:
		s.due = (*Session).documentSoFar
	}
	return nil
}

// errorStatus classifies an attempt by its status and the body received so far.
func (s *Session) errorStatus() *Answer {
	f := s.failure(classify.PhaseResponse)
	f.Body = s.body()
	v := judge(f)
	why := certain
	if s.status == 409 && !v.Retryable && v.Detail == "" {
		// SDKs retry a conflict. One without a reason may be a lock.
		v = s.verdictOf(classify.Conflict)
		v.Retryable = true
		why = bareConflict
	}
	// SDKs read the body of an error status; they would treat a document with
	// a good status as an empty stream.
	return s.failed(v, why, evidence{explained: s.mode == modeError})
}

// broke handles a fetch or a body that failed.
func (s *Session) broke(e *classify.ErrorInfo) *Answer {
	switch {
	case s.watch == leftAlone && s.mode != modeLent, s.refusedByFetch(e):
		return s.end(doRethrow, s.verdictOf(classify.InvalidRequest), failed)
	case s.mode == modeError:
		return s.errorStatus()
	case s.mode == modeSSE && (s.ended || s.watch != plain && s.read().tracker.Seen&protocol.Finished != 0):
		return s.finish()
	}
	f := s.failure(s.phase())
	f.Error = e
	v := judge(f)
	why := certain
	if v.Kind == classify.Unknown || v.Kind == classify.Canceled {
		// The host called fetch itself, and the caller did not cancel: it can
		// only be the network, whatever the text says.
		v = s.verdictOf(classify.Network)
	}
	switch {
	case s.status == 0 && v.Kind == classify.InvalidRequest:
		return s.end(doRethrow, v, failed) // it was never sent
	case isRuntimeTimeout(e):
		v = s.verdictOf(classify.Timeout)
		why = runtimeClock
	case s.mode == modeLent, s.mode == modeSSE && s.watch == plain:
		v.Retryable = false // passed on unchanged, later failures included
	case v.Kind == classify.Network && s.opaqueErrors && s.status == 0 && !s.offline && !s.group.hasAnswered(s.origin):
		v = s.verdictOf(classify.NetworkOrCORS)
		why = maybeCORS
	}
	return s.failed(v, why, evidence{})
}
