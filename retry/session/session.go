// Package session is the state machine that guards one streamed request
// through any number of attempts. A Session does no I/O, reads no clock and
// rolls no dice: its host tells it what happened and does what it answers.
package session

import (
	"time"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
	"github.com/steadfetch/steadfetch/retry"
)

const (
	// slowAfter is when a person is told that an answer takes long.
	slowAfter = 15_000
	// lingerFor is how long usage and markers may follow a complete answer.
	lingerFor = 2_000
	// errorBodyFor is how long the body of an error may take to arrive.
	errorBodyFor = 5_000
	// graceAfterSleep is what a connection gets to show that it lives, when
	// the host has slept through a timer. A timer this late was slept through.
	graceAfterSleep = 5_000
	// probeOffline is how long the host's word that it is offline is trusted.
	probeOffline = 60_000
	// corsAttempts bounds the retries of a failure that may be a CORS refusal.
	corsAttempts = 5
	// maxBody is how much of an error body, or of a JSON answer, is looked at.
	maxBody = 64 << 10
)

// Session guards one request from the caller's view, through any number of
// attempts. It decides; a host acts. Step and Chunk tell it what happened and
// give back what to do. It is not safe for concurrent use.
type Session struct {
	cfg      *Config
	group    *Group
	origin   string
	provider string
	promised protocol.Protocol
	random   retry.Random

	state    state
	attempt  int // in force; events of any other are stale
	failures int // since the start or the last Retry now
	empties  int // answers without output in a row

	// The clock. Happened.Now may jump back; now does not.
	now, offset int64
	startAt     int64
	flowed      int64 // time in which output flowed
	armed       int64 // the last Answer.TimerAt, on the inner clock
	grace       int64 // no clock fires before it

	// An open attempt.
	mode        mode
	opened      int64 // when it was opened; then when an error's body began, or the wait
	lastByte    int64
	lastContent int64
	finishedAt  int64
	gotBytes    bool
	committed   bool // this attempt's output has gone on
	slow        bool
	status      int
	headers     classify.Headers
	framer      sse.Framer
	tracker     protocol.Tracker
	event       sse.Event
	out         []byte

	// Between attempts.
	waitUntil  int64
	notBefore  int64 // the server's own wish, which only a person overrides
	waitingFor obstacle
	offline    bool
	retry      *retry.ChatStreamRetry

	delivered bool // some attempt's output has gone on
	resetDue  bool // the consumer must drop what it has before it gets more
	seam      seam
	verdict   *classify.Verdict
	last      *classify.Verdict
}

// The states of a Session, in the order of stateNames. Numbers are a third of
// the code that strings are.
type state uint8

const (
	idle state = iota
	opening
	streaming
	waiting
	finished // from here on the session is over
	failed
	stopped
)

var stateNames = [...]string{StateIdle, StateOpening, StateStreaming, StateWaiting, StateFinished, StateFailed, StateStopped}

// obstacle is what a session waits for besides the time.
type obstacle uint8

const (
	forNothing obstacle = iota
	forConnection
	forCooldown
)

var obstacleNames = [...]string{"", WaitingForConnection, WaitingForCooldown}

// action is what a host is to do.
type action uint8

const (
	doNothing action = iota
	doOpen
	doRead
	doPass
	doWait
	doFinish
	doFail
)

var actionNames = [...]string{DoNothing, DoOpen, DoRead, DoPass, DoWait, DoFinish, DoFail}

type mode uint8

const (
	modeNone  mode = iota
	modeSniff      // a body that should be a stream, before its first byte
	modeSSE
	modeDoc   // one document where a stream was asked for
	modeError // the body of an error status
)

// The clocks that can run out, as deadline names them.
type clock uint8

const (
	clockNone clock = iota
	clockWait
	clockSlow
	clockLinger
	clockErrorBody
	clockFirstByte
	clockSilence
	clockContent
)

// clockNames are the clocks as the classifier knows them.
var clockNames = [...]string{clockFirstByte: classify.TimerFirstByte, clockSilence: classify.TimerSilence, clockContent: classify.TimerContent}

// NewSession makes a session, which keeps cfg and fills in its policy. A group
// is shared by the sessions that should hear of each other; nil is a group of
// one's own. The reason is not empty if the policy makes no sense.
func NewSession(cfg *Config, group *Group) (s *Session, reason string) {
	if reason = cfg.Policy.Fill(); reason != "" {
		return nil, reason
	}
	if group == nil {
		group = &Group{}
	}
	url := cfg.Request.URL
	s = &Session{
		cfg: cfg, group: group,
		origin:   originOf(url),
		provider: classify.ProviderOf(url, cfg.Provider),
		promised: protocol.ByURL(url),
		random:   retry.NewRandom(cfg.Seed),
		state:    idle,
		offline:  cfg.Offline,
	}
	s.seam.on = cfg.Policy.AfterCommit == retry.AfterCommitResume
	return s, ""
}

// happenings are the values of Happened.What, in the order of Step's cases.
const happenings = OnStart + " " + OnAbort + " " + OnStop + " " + OnOnline + " " + OnOffline + " " + OnRetryNow + " " + OnTimer + " " +
	OnProbeLost + " " + OnResponse + " " + OnEnd + " " + OnError + " " + OnSuccess + " " + OnFailed

// Step takes what happened and says what to do. The answer is good until the
// next call.
func (s *Session) Step(h *Happened) *Answer {
	s.tick(h.Now)
	s.out = nil
	what := jsonscan.Index(happenings, h.What)
	if s.over() || what >= 7 && (h.Attempt != s.attempt || !s.isOpen()) {
		return s.nothing() // a late word, or one from an attempt that was given up
	}
	switch what {
	case 0:
		if s.state == idle {
			return s.begin()
		}
	case 1:
		return s.end(doFail, s.own(classify.Canceled), stopped)
	case 2:
		return s.end(doFail, s.own(classify.StoppedByUser), stopped)
	case 3, 4:
		return s.network(what == 4)
	case 5:
		if s.state == waiting {
			s.failures, s.empties = 0, 0
			return s.open(false)
		}
	case 6:
		return s.timer()
	case 7:
		s.attempt--
		return s.hold(s.now + graceAfterSleep)
	case 8:
		if s.mode == modeNone && s.status == 0 { // an attempt has one response
			return s.response(h)
		}
	case 9:
		return s.bodyEnd()
	case 10:
		return s.broke(h.Error)
	case 11:
		return s.finish()
	case 12:
		f := h.Failure
		if f == nil {
			f = &classify.Failure{}
		}
		if f.Provider == "" {
			f.Provider = s.cfg.Provider
		}
		f.UnknownRetryable = s.cfg.Policy.UnknownRetryable
		return s.failed(judge(f), false)
	}
	return s.nothing()
}

// Policy is the policy in force, with its defaults filled in.
func (s *Session) Policy() retry.Policy { return s.cfg.Policy }

// Bytes is what the last Answer or Chunk let go on, good until the next call.
func (s *Session) Bytes() []byte { return s.out }

// Snapshot is the state now.
func (s *Session) Snapshot() *Snapshot {
	return &Snapshot{
		State: stateNames[s.state], Attempt: s.attempt, Failures: s.failures, Slow: s.slow,
		WaitingFor: obstacleNames[s.waitingFor], Retry: s.retry, Verdict: s.verdict,
	}
}

func (s *Session) over() bool {
	return s.state >= finished
}

// isOpen says whether an attempt is under way.
func (s *Session) isOpen() bool { return s.state == opening || s.state == streaming }

// tick moves the inner clock. Where the host's clock jumps back, it stands still.
func (s *Session) tick(wall int64) {
	if s.state != idle && wall+s.offset < s.now {
		s.offset = s.now - wall
	}
	s.now = wall + s.offset
}

func (s *Session) wall(at int64) int64 { return at - s.offset }

// own is a verdict of the engine's.
func (s *Session) own(kind classify.Kind) *classify.Verdict {
	v := classify.NewVerdict(kind, s.provider)
	if s.status >= 400 { // a good status decided nothing
		v.Status = s.status
	}
	return v
}

func judge(f *classify.Failure) *classify.Verdict {
	v := &classify.Verdict{}
	classify.ClassifyTo(f, v)
	if v.Status < 400 {
		v.Status = 0
	}
	return v
}

// failure is what the session knows of the attempt that has just failed.
func (s *Session) failure(phase string) *classify.Failure {
	return &classify.Failure{
		Phase: phase, Status: s.status, Headers: s.headers, Provider: s.cfg.Provider, URL: s.cfg.Request.URL,
		Now: s.wall(s.now), UnknownRetryable: s.cfg.Policy.UnknownRetryable,
	}
}

// answer fills in what every answer has, and arms the timer.
func (s *Session) answer(do action) *Answer {
	a := &Answer{Do: actionNames[do], Attempt: s.attempt}
	s.armed, _ = s.deadline()
	if s.armed > 0 {
		a.TimerAt = s.wall(s.armed)
	}
	return a
}

func (s *Session) nothing() *Answer { return s.answer(doNothing) }

// release lets n bytes of what is ready go on with a.
func (s *Session) release(a *Answer, n int) *Answer {
	ready := s.framer.Ready()
	n = max(min(n, len(ready)), 0)
	s.out = ready[:n]
	s.framer.Take(n)
	a.Bytes = n
	return a
}

func (s *Session) begin() *Answer {
	s.startAt = s.now
	if r := s.cfg.Restore; r != nil && r.State == StateWaiting && r.Retry != nil {
		s.attempt, s.failures = r.Attempt, r.Failures
		if until := r.Retry.RetryingAt.UnixMilli(); until > s.now {
			s.retry, s.state = r.Retry, waiting
			s.waitUntil = min(until, s.now+retry.MaxTimerMs)
			s.notBefore = s.waitUntil
			s.opened = s.now
			if s.offline {
				s.waitingFor = forConnection
			}
			a := s.answer(doWait)
			a.Retry = s.retry
			return a
		}
	}
	return s.openOrHold()
}

// openOrHold opens the next attempt, unless the origin is cooling down.
func (s *Session) openOrHold() *Answer {
	o := s.group.at(s.origin)
	if s.cfg.Policy.NoCooldown || s.origin == "" || o.until == 0 {
		return s.open(false)
	}
	if until := o.until + s.offset; until > s.now {
		return s.hold(until)
	}
	if until := o.probeEnd + s.offset; o.prober != nil && o.prober != s && !o.prober.over() && until > s.now {
		return s.hold(until)
	}
	o.prober, o.probeEnd = s, s.wall(s.now)+probeFor
	return s.open(true)
}

// hold waits for another request's cool-down or probe.
func (s *Session) hold(until int64) *Answer {
	s.state, s.waitingFor, s.waitUntil = waiting, forCooldown, until
	if s.failures == 0 {
		s.retry = s.retryEvent(s.own(classify.RateLimit))
	}
	return s.answer(doWait)
}

func (s *Session) open(probe bool) *Answer {
	s.attempt++
	s.state, s.mode, s.waitingFor = opening, modeNone, forNothing
	s.opened, s.lastByte, s.lastContent = s.now, s.now, s.now
	s.finishedAt, s.grace, s.notBefore = 0, 0, 0
	s.gotBytes, s.committed, s.slow = false, false, false
	s.status, s.headers = 0, nil
	s.framer.Reset()
	s.tracker = protocol.Tracker{}
	a := s.answer(doOpen)
	a.Probe = probe
	if s.delivered && !s.resetDue {
		a.Resume = s.seam.begin()
		s.committed = true // what follows joins what the consumer has
	} else {
		s.seam.forget() // the consumer has nothing, or will drop it
	}
	if s.attempt == 1 {
		// An SDK that is repeating the request by itself says so.
		for _, name := range [...]string{"x-stainless-retry-count", "x-retry-count", "x-retry-attempt"} {
			if n := classify.Header(s.cfg.Request.Headers, name); n != "" && n != "0" {
				a.Warning = "sdk_retries_stacked"
			}
		}
	}
	return a
}

func (s *Session) network(offline bool) *Answer {
	s.offline = offline
	if s.state != waiting {
		return s.nothing()
	}
	if offline {
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
	if at, _ := s.deadline(); at > s.now && s.waitingFor != forCooldown {
		return s.answer(doWait)
	}
	return s.openOrHold() // a cool-down may have ended before its time
}

// deadline is when the session wants to be called, and the clock that runs out
// then. 0 is never.
func (s *Session) deadline() (at int64, which clock) {
	switch {
	case s.state == waiting:
		if s.waitingFor == forConnection {
			return max(s.waitUntil, s.opened+probeOffline), clockWait
		}
		return s.waitUntil, clockWait
	case !s.isOpen():
		return 0, clockNone
	case s.finishedAt > 0:
		return s.finishedAt + lingerFor, clockLinger
	case s.mode == modeError:
		return s.opened + errorBodyFor, clockErrorBody
	}
	p := &s.cfg.Policy
	from, limit := s.opened, p.FirstByteTimeoutMs
	if s.gotBytes {
		limit = 0
	}
	for c := clockFirstByte; c <= clockContent; c++ {
		switch c {
		case clockSilence:
			from, limit = s.lastByte, p.SilenceTimeoutMs
		case clockContent:
			from, limit = s.lastContent, p.ContentTimeoutMs
		}
		if t := max(from+limit, s.grace); limit > 0 && (at == 0 || t < at) {
			at, which = t, c
		}
	}
	if t := s.opened + slowAfter; s.state == opening && !s.slow && (at == 0 || t < at) {
		at, which = t, clockSlow
	}
	return at, which
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
	case clockLinger:
		return s.finish()
	case clockErrorBody:
		return s.bodyEnd()
	}
	f := s.failure(s.phase())
	f.Timer = clockNames[which]
	return s.failed(judge(f), false)
}

func (s *Session) phase() string {
	if s.status == 0 {
		return classify.PhaseConnect
	}
	return classify.PhaseMidstream
}

// retryEvent is the event for a wait until waitUntil.
func (s *Session) retryEvent(v *classify.Verdict) *retry.ChatStreamRetry {
	return &retry.ChatStreamRetry{
		Attempt: max(s.failures, 1), DelayMs: s.waitUntil - s.now, Error: v.Message,
		RetryingAt: time.UnixMilli(s.wall(s.waitUntil)).UTC(),
		Kind:       v.Kind, Provider: v.Provider, StatusCode: v.Status, Title: v.Title,
	}
}

// failed decides what follows a failed attempt. The order is: permanent,
// attempts used up, asked for too long, no time left; else wait. own says that
// the provider's own words are at hand for the caller to read.
func (s *Session) failed(v *classify.Verdict, own bool) *Answer {
	ready := 0 // whole events that came before the failure
	if s.committed {
		ready = len(s.framer.Ready())
		if own {
			ready = s.framer.Whole()
		}
	}
	o := s.group.at(s.origin)
	probed := o.prober == s
	if probed {
		o.prober = nil
	}
	if v.Kind == classify.Network && s.cfg.OpaqueErrors && s.status == 0 && !o.answered && !s.offline {
		v = s.own(classify.NetworkOrCORS)
		v.Retryable = s.failures+1 < corsAttempts
	}
	if v.Kind == classify.EmptyOutput {
		s.empties++
		v.Retryable = s.empties < 2
	}
	if v.Kind == classify.SeamMismatch && s.cfg.CanReset && s.cfg.Policy.AfterCommit != retry.AfterCommitFail {
		v.Retryable, s.resetDue = true, true // what cannot be joined is begun anew
	}
	s.last = v
	var a *Answer
	if kind := s.giveUp(v, o); kind != "" {
		if !v.Retryable && probed {
			o.until = 0 // it answered, and not that we are too fast
		}
		if kind != v.Kind {
			stop := s.own(kind)
			stop.Provider, stop.Status, stop.RetryAfterMs, stop.Detail, stop.Party = v.Provider, v.Status, v.RetryAfterMs, v.Detail, v.Party
			stop.Describe()
			v = stop
		}
		do := doFail
		if own && !s.delivered {
			// The consumer has seen nothing yet: let it read the provider's words.
			do = doPass
			s.framer.All()
			ready = len(s.framer.Ready())
		}
		a = s.end(do, v, failed)
		if s.last != v {
			a.Last = s.last
		}
	} else {
		s.state, s.mode, s.waitingFor = waiting, modeNone, forNothing
		s.opened = s.now
		if s.offline {
			s.waitingFor = forConnection
		}
		s.retry = s.retryEvent(v)
		a = s.answer(doWait)
		a.Retry = s.retry
		if !s.cfg.Policy.NoCooldown && s.origin != "" && (v.Kind == classify.RateLimit || v.Kind == classify.Overloaded && s.notBefore > s.now) {
			o.until = max(o.until, s.wall(s.waitUntil))
			a.Share = &Shared{Origin: s.origin, Until: o.until}
			a.Poke = true
		}
	}
	a.Poke = a.Poke || probed
	return s.release(a, ready)
}

// giveUp says why there is no retry after v, as a kind, or sets waitUntil.
func (s *Session) giveUp(v *classify.Verdict, o *origin) classify.Kind {
	p := &s.cfg.Policy
	// A long wait makes a passing failure permanent for most; here the policy decides.
	if !v.Retryable && v.Rule != classify.RuleLongWait || s.delivered && !s.mendable() {
		return v.Kind
	}
	if !s.offline || s.status != 0 || v.Kind != classify.Network {
		s.failures++ // without a network no attempt is burnt
	}
	if s.cfg.NotReplayable {
		return classify.NotReplayable
	}
	if tokens := p.BudgetTokens * 1000; tokens > 0 {
		o.spent = min(o.spent+1000, tokens)
		if o.spent*2 >= tokens {
			return classify.AttemptsExhausted
		}
	}
	wait, kind := p.Wait(s.failures, v, &s.random)
	if kind != "" {
		return kind
	}
	if v.RetryAfterMs != nil {
		s.notBefore = s.now + *v.RetryAfterMs
	}
	if p.MaxElapsedMs > 0 && s.now-s.startAt-s.flowed+wait > p.MaxElapsedMs {
		return classify.MaxElapsedExceeded
	}
	s.waitUntil = s.now + wait
	return ""
}

// end ends a session that did not succeed.
func (s *Session) end(do action, v *classify.Verdict, to state) *Answer {
	a := s.close(do, to)
	a.Verdict = v
	s.verdict = v
	return a
}

// close ends a session.
func (s *Session) close(do action, to state) *Answer {
	o := s.group.at(s.origin)
	probed := o.prober == s
	if probed {
		o.prober = nil
	}
	s.state, s.retry, s.waitingFor = to, nil, forNothing
	a := s.answer(do)
	a.Poke = probed // so that the next one may probe
	return a
}

// finish ends a session whose stream came to its end.
func (s *Session) finish() *Answer {
	var v *classify.Verdict
	if s.mode == modeSSE {
		if s.tracker.Seen&(protocol.Output|protocol.Refused|protocol.Limited) == 0 && (!s.delivered || s.resetDue) {
			return s.failed(s.own(classify.EmptyOutput), false)
		}
		if s.tracker.Seen&protocol.Refused != 0 {
			v = s.own(classify.ContentPolicy)
		}
	}
	return s.succeed(doFinish, v)
}

// succeed ends a session whose attempt succeeded, with what is ready.
func (s *Session) succeed(do action, v *classify.Verdict) *Answer {
	o := s.group.at(s.origin)
	o.answered = true
	o.spent = max(o.spent-s.cfg.Policy.BudgetRatio, 0)
	s.failures, s.empties = 0, 0
	a := s.close(do, finished)
	a.Verdict, s.verdict = v, v
	a.Reset, s.resetDue = s.resetDue, false
	n := len(s.framer.Ready())
	a.Committed = n > 0 && !s.committed
	return s.release(a, n)
}
