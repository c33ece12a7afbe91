package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
)

// events processes the events that are completed by p. It returns nil if there is
// nothing to do, unless something is due.
func (s *Session) events(p []byte) *Answer {
	r := s.read()
	r.reader.Hashing = s.seam != nil
	s.listening.from, s.listening.all = s.gone, s.gone == r.reader.Whole()
	r.reader.Feed(p)
	for r.reader.Next(&r.event) {
		s.upTo = r.event.Bytes.To
		if s.due = s.handleEvent(); s.due != nil {
			s.listening.all = false // this one may still be delivered
			return nil
		}
		s.listen()
	}
	s.upTo = r.reader.Whole()
	if s.watch == undecided && s.heldNow() >= maxBody {
		if s.mode == modeSSE && s.canReset && !s.delivered {
			s.watch = plain
		} else {
			s.due = (*Session).passUntouched
			return nil
		}
	}
	if s.heldNow() > maxHeld {
		return s.overflow()
	}
	ready := s.upTo > s.gone || s.out > 0
	first := s.state == opening && ready && (s.committed || s.watch == plain || s.ended || r.tracker.Seen&protocol.Output != 0)
	if !first && !s.ended && r.tracker.Seen&protocol.Finished == 0 {
		return nil
	}
	a := s.nothing()
	if first {
		s.commit(a)
	}
	if !s.committed {
		return a
	}
	return s.release(a, s.upTo)
}

// commit records that a delivers the attempt's first output.
func (s *Session) commit(a *Answer) {
	s.committed, s.delivered = true, true
	s.state, s.slow, s.retry = streaming, false, nil
	a.Committed = true
	if s.resetDue {
		a.Reset, s.resetDue = true, false
		s.toolCall = s.read().tracker.Seen&protocol.ToolCall != 0
	}
	a.TimerAt = s.nothing().TimerAt // from now on, other clocks run
}

// handleEvent processes the current event. If that ends the attempt, it returns what
// to do then.
func (s *Session) handleEvent() (due func(*Session) *Answer) {
	r := s.read()
	e := &r.event
	if s.ended || s.watch == plain {
		if !e.Empty() {
			s.lastContent = s.now
		}
		return nil
	}
	if s.watch == undecided {
		if e.Empty() || e.Bare || protocol.IsKeepAlive(e.Type, e.Data) {
			return nil
		}
		if s.decideByFirstEvent(); s.watch == plain {
			if s.mode == modeSSE && s.canReset && !s.delivered {
				return nil // stream() wants the events, whatever they say
			}
			return (*Session).passUntouched
		}
	}
	complete := r.tracker.Seen&protocol.Finished != 0
	facts := r.tracker.Follow(&r.reader, e)
	if e.Known && s.seam == nil {
		s.lastContent = s.now
		return nil
	}
	s.noteEnding(e, facts)
	if facts&protocol.KeepAlive == 0 {
		s.lastContent = s.now
	} else {
		s.dropKeepAlive()
	}
	if due = s.failureIn(facts, complete); due != nil {
		return due
	}
	if s.seam != nil && !s.joins(facts) {
		return (*Session).mismatch
	}
	if facts&protocol.ToolCall != 0 {
		s.toolCall = true
	}
	if facts&protocol.Ended != 0 {
		if s.empty() {
			return (*Session).finish
		}
		// What follows is delivered until the body ends, and none of it counts as
		// a failure.
		s.ended, s.marked = true, true
		s.lastContent = s.now
	}
	return nil
}

// failureIn returns what to do if the current event is a failure or reports one, else
// nil. complete says that the answer had a finish reason before this event.
func (s *Session) failureIn(facts protocol.Facts, complete bool) (due func(*Session) *Answer) {
	switch {
	case facts&(protocol.Failed|protocol.Unreadable|protocol.Broken) != 0 && complete:
		// The answer was complete before its provider failed.
		s.excludeEvent()
		return (*Session).finish
	case facts&protocol.Failed != 0:
		return (*Session).errorEvent
	case facts&protocol.Unreadable != 0:
		return (*Session).unreadable
	case facts&protocol.Unfinished != 0:
		return (*Session).unfinished
	case facts&protocol.Broken != 0:
		return (*Session).badlyFinished
	}
	return nil
}

// joins passes the current event to the seam and applies its edit. It returns
// false if the event contradicts what the consumer has.
func (s *Session) joins(facts protocol.Facts) bool {
	r := s.read()
	edit, ok := s.seam.join(&r.tracker, &r.event, facts)
	if !ok {
		s.excludeEvent()
		return false
	}
	if edit.drop || len(edit.put) > 0 {
		at := r.event.Bytes
		s.releaseTo(at.From)
		s.put(edit.put)
		if edit.drop {
			s.dropTo(at.To)
			s.missing = ""
		}
	}
	return true
}

func (s *Session) unreadable() *Answer {
	return s.failed(s.verdictOf(classify.Unreadable), garbled, evidence{event: true})
}

func (s *Session) unfinished() *Answer {
	return s.failed(s.verdictOf(classify.Truncated), noMarker, evidence{event: true})
}

func (s *Session) badlyFinished() *Answer {
	v := s.verdictOf(classify.Server)
	v.Retryable, v.Rule = true, "finish_reason"
	return s.failed(v, badFinish, evidence{event: true})
}

func (s *Session) mismatch() *Answer {
	return s.failed(s.verdictOf(classify.SeamMismatch), certain, evidence{})
}

// errorEvent judges an error in the stream.
func (s *Session) errorEvent() *Answer {
	e := &s.read().event
	f := s.failure(classify.PhaseMidstream)
	// The event is a view of a buffer that will be overwritten.
	f.Event = &classify.Event{Event: string(append([]byte(nil), e.Type...)), Data: string(append([]byte(nil), e.Data...))}
	v := judge(f)
	why := certain
	if s.vague(f) {
		why = vagueError
	}
	if s.read().tracker.Protocol == protocol.AISDK && (v.Kind == classify.Unknown || v.Kind == classify.Server) {
		// It comes from an application's own route, and its text is masked or says
		// nothing. A retry would run the route's tools again.
		return s.deliverRest("")
	}
	return s.failed(v, why, evidence{event: true, explained: !e.Bare && explains(e.Type, e.Data)})
}

// ruleEvent is the classifier's rule for an error event without details.
const ruleEvent = "event"

// explains reports whether SDKs read an event as the error that it is.
func explains(typ, data string) bool {
	v := jsonscan.Parse(data)
	return typ == "error" && v != "" || v.Has("error") || v.Says("type", "error") || v.Says("type", "response.failed")
}

// empty reports whether an answer had no content.
func (s *Session) empty() bool {
	return s.read().tracker.Seen&(protocol.Output|protocol.Refused|protocol.Limited) == 0 && (!s.delivered || s.resetDue)
}

// deliverRest delivers the rest of an answer unchanged, whatever it is: it is no longer
// judged.
func (s *Session) deliverRest(warning string) *Answer {
	s.ended = true
	s.lastContent = s.now
	a := s.nothing()
	a.Warning = warning
	if s.state == opening {
		s.commit(a)
	}
	return s.release(a, s.upTo)
}

// bodyEnd handles the end of an attempt's body.
func (s *Session) bodyEnd() *Answer {
	switch s.mode {
	case modeError:
		return s.errorStatus()
	case modeDoc:
		return s.document(true)
	case modeNone:
		return s.nothing()
	case modeLent:
		return s.finish()
	case modeSniff:
		if s.watch != watched {
			return s.passUntouched()
		}
		s.mode = modeSSE
	}
	if s.ended || s.watch == plain {
		s.markAllReady()
		return s.finish()
	}
	return s.streamEnd()
}

// streamEnd handles the end of a body of events that did not end by its marker. The
// reader may have an incomplete event left: rest says that it has no data yet.
func (s *Session) streamEnd() *Answer {
	r := s.read()
	var rest bool
	s.missing, rest = r.reader.Last(&r.event)
	s.upTo = s.came
	whole := rest && !r.event.Empty()
	if whole {
		rest = false
		if due := s.lastEvent(); due != nil {
			return due(s)
		}
	} else {
		s.missing = ""
	}
	if s.watch == undecided {
		if a := s.passUntouched(); a != nil {
			return a
		}
	}
	if s.watch == plain { // deliver what was received, whatever it says
		s.markAllReady()
		return s.finish()
	}
	t := &r.tracker
	if rest && t.Strict() && r.event.Lines > 0 {
		s.excludeEvent() // "data:" without any data
	}
	known := t.Strict() && (t.Protocol != nil || t.Events == 0 && s.gotBytes)
	switch {
	case s.ended, t.Complete(), !known && t.Events > 0, s.policy.Lenient && t.Seen&protocol.Output != 0:
		return s.finish()
	}
	switch {
	case rest: // an incomplete event without data
		s.excludeEvent()
	case !whole: // half a line: the first line of the next attempt would be joined to it
		s.upTo = r.reader.Whole()
	}
	if known {
		return s.failed(s.verdictOf(classify.Truncated), noMarker, evidence{})
	}
	return s.failed(s.verdictOf(classify.EmptyOutput), emptyAnswer, evidence{})
}

// lastEvent handles a last event that lacks its blank line. It counts if its data is
// complete: half an event is half a JSON text. Its blank line is added, since
// parsers, including the SDKs', drop an event without one (WHATWG HTML §9.2.6).
func (s *Session) lastEvent() (due func(*Session) *Answer) {
	r := s.read()
	e, t := &r.event, &r.tracker
	if e.Oversize || !protocol.IsDone(e.Data) && jsonscan.Parse(e.Data) == "" && (t.Strict() || s.watch == undecided && jsonscan.ParsePrefix(e.Data).Kind() != jsonscan.Missing) {
		s.missing = ""
		if s.watch == watched {
			s.excludeEvent()
		}
		return nil
	}
	if s.watch == undecided {
		s.missing = "" // it passes unchanged, or is judged
	}
	return s.handleEvent()
}

// finish ends a session whose stream has ended.
func (s *Session) finish() *Answer {
	var v *classify.Verdict
	if s.mode == modeSSE && s.watch != plain {
		if s.empty() && !s.ended {
			return s.nothingInIt()
		}
		if s.read().tracker.Seen&protocol.Refused != 0 {
			v = s.verdictOf(classify.ContentPolicy)
		}
	}
	return s.succeed(doFinish, v)
}

// nothingInIt handles an answer that ended without output. One that says it is
// complete may mean it: an agent's turn can be empty.
func (s *Session) nothingInIt() *Answer {
	t := &s.read().tracker
	if t.Seen&protocol.Reasoned == 0 && !(t.Protocol == protocol.Anthropic && t.Seen&protocol.Ended != 0) {
		return s.failed(s.verdictOf(classify.EmptyOutput), emptyAnswer, evidence{})
	}
	if s.suspect(emptyEnded, s.shared()) {
		return s.failed(s.verdictOf(classify.EmptyOutput), certain, evidence{})
	}
	if t.Seen&protocol.Ended != 0 {
		return s.deliverRest("empty_answer")
	}
	a := s.succeed(doFinish, nil)
	a.Warning = "empty_answer"
	return a
}

// end ends a session that did not succeed, with verdict v.
func (s *Session) end(do action, v *classify.Verdict, to state) *Answer {
	a := s.close(do, to)
	a.Verdict = v
	s.verdict = v
	return a
}

// close ends a session.
func (s *Session) close(do action, to state) *Answer {
	if s.state != idle { // otherwise it is not in a bucket yet
		b := s.shared()
		b.sessions--
		b.markerless = b.markerless && !s.marked
		b.line.leave(&s.turn, s.group.now)
	}
	s.state, s.retry, s.waitingFor = to, nil, forNothing
	return s.answer(do)
}

// Free releases a session that its host abandons before it is over: it leaves its
// bucket, and its bytes are taken off the group's sum. It does nothing to a session
// that is over.
func (s *Session) Free() {
	if s.over() {
		return
	}
	s.close(doNothing, stopped)
	s.account()
}

// succeed ends a session whose attempt succeeded, and delivers what is ready. v is
// nil, or why the provider ended the answer.
func (s *Session) succeed(do action, v *classify.Verdict) *Answer {
	b := s.shared()
	s.group.noteAnswered(s.origin)
	b.line.pass(&s.turn, s.group.now) // an attempt that is not a fetch has no headers
	b.spent = max(b.spent-int64(max(s.policy.BudgetRatio, 0)), 0)
	s.failures = 0
	a := s.close(do, finished)
	a.Verdict, s.verdict = v, v
	a.Reset, s.resetDue = s.resetDue, false
	a.Committed = s.upTo > s.gone && !s.committed
	return s.release(a, s.upTo)
}
