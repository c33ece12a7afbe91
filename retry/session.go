package retry

import (
	"strings"
	"time"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/classify/stream"
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
	cfg      Config
	policy   Policy
	group    *Group
	origin   string
	promised stream.Protocol
	random   uint32

	state    string
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
	headers     map[string]string
	framer      stream.Framer
	tracker     stream.Tracker
	out         []byte

	// Between attempts.
	waitUntil  int64
	notBefore  int64 // the server's own wish, which only a person overrides
	waitingFor string
	offline    bool
	retry      *ChatStreamRetry

	delivered bool // some attempt's output has gone on
	resetDue  bool // the consumer must drop what it has before it gets more
	seam      seam
	verdict   *classify.Verdict
	last      *classify.Verdict
}

type mode uint8

const (
	modeNone  mode = iota
	modeSniff      // a body that should be a stream, before its first byte
	modeSSE
	modeDoc   // one document where a stream was asked for
	modeError // the body of an error status
)

// NewSession makes a session. A group is shared by the sessions that should
// hear of each other; nil is a group of one's own. The reason is not empty if
// the policy makes no sense.
func NewSession(cfg Config, group *Group) (s *Session, reason string) {
	policy, reason := cfg.Policy.Filled()
	if reason != "" {
		return nil, reason
	}
	if group == nil {
		group = &Group{}
	}
	s = &Session{
		cfg: cfg, policy: policy, group: group,
		origin:   originOf(cfg.Request.URL),
		promised: stream.ByURL(cfg.Request.URL),
		random:   cfg.Seed*2654435761 | 1,
		state:    StateIdle,
		offline:  cfg.Offline,
	}
	next(&s.random) // small seeds begin with small numbers
	s.seam.on = policy.AfterCommit == AfterCommitResume
	return s, ""
}

// Step takes what happened and says what to do.
func (s *Session) Step(h Happened) Answer {
	s.tick(h.Now)
	s.out = nil
	switch {
	case s.over():
		return Answer{Do: DoNothing, Attempt: s.attempt}
	case h.What == OnStart:
		if s.state != StateIdle {
			return s.nothing()
		}
		return s.begin()
	case h.What == OnAbort:
		return s.end(DoFail, classify.NewVerdict(classify.Canceled, s.provider()), StateStopped)
	case h.What == OnStop:
		return s.end(DoFail, classify.NewVerdict(classify.StoppedByUser, s.provider()), StateStopped)
	case h.What == OnOnline, h.What == OnOffline:
		return s.network(h.What == OnOffline)
	case h.What == OnRetryNow:
		if s.state != StateWaiting {
			return s.nothing()
		}
		s.failures, s.empties = 0, 0
		return s.open(false)
	case h.What == OnTimer:
		return s.timer(h.Now)
	case h.What == OnProbeLost && s.state == StateOpening && h.Attempt == s.attempt:
		s.attempt--
		return s.hold(s.now + graceAfterSleep)
	case h.Attempt != s.attempt || s.state != StateOpening && s.state != StateStreaming:
		return s.nothing() // a late word from an attempt that was given up
	}
	switch h.What {
	case OnResponse:
		return s.response(h)
	case OnEnd:
		return s.bodyEnd()
	case OnError:
		return s.broke(h.Error)
	case OnSuccess:
		return s.finish()
	case OnFailed:
		f := classify.Failure{}
		if h.Failure != nil {
			f = *h.Failure
		}
		if f.Provider == "" {
			f.Provider = s.cfg.Provider
		}
		f.Now, f.UnknownRetryable = h.Now, s.policy.UnknownRetryable
		return s.failed(classify.Classify(f), false)
	}
	return s.nothing()
}

// Policy is the policy in force, with its defaults filled in.
func (s *Session) Policy() Policy { return s.policy }

// Bytes is what the last Answer or Chunk let go on, good until the next call.
func (s *Session) Bytes() []byte { return s.out }

// Snapshot is the state now.
func (s *Session) Snapshot() Snapshot {
	return Snapshot{
		State: s.state, Attempt: s.attempt, Failures: s.failures, Slow: s.slow,
		WaitingFor: s.waitingFor, Retry: s.retry, Verdict: s.verdict,
	}
}

func (s *Session) over() bool {
	return s.state == StateFinished || s.state == StateFailed || s.state == StateStopped
}

// tick moves the inner clock. Where the host's clock jumps back, it stands still.
func (s *Session) tick(wall int64) {
	if s.state == StateIdle {
		s.now = wall
	}
	if wall+s.offset < s.now {
		s.offset = s.now - wall
	}
	s.now = wall + s.offset
}

func (s *Session) wall(at int64) int64 { return at - s.offset }

func (s *Session) provider() string {
	return classify.ProviderOf(s.cfg.Request.URL, s.cfg.Provider)
}

// answer fills in what every answer has, and arms the timer.
func (s *Session) answer(do string) Answer {
	a := Answer{Do: do, Attempt: s.attempt}
	if at, _ := s.deadline(); at > 0 {
		s.armed = at
		a.TimerAt = s.wall(at)
	} else {
		s.armed = 0
	}
	return a
}

func (s *Session) nothing() Answer { return s.answer(DoNothing) }

// release lets n bytes of what is ready go on.
func (s *Session) release(n int) int {
	s.out = s.framer.Ready()[:n]
	s.framer.Take(n)
	return n
}

func (s *Session) begin() Answer {
	s.startAt = s.now
	if r := s.cfg.Restore; r != nil && r.State == StateWaiting && r.Retry != nil {
		s.attempt, s.failures, s.retry = r.Attempt, r.Failures, r.Retry
		until := r.Retry.RetryingAt.UnixMilli() + s.offset
		s.waitUntil = min(until, s.now+maxTimerMs)
		s.notBefore = s.waitUntil
		if s.waitUntil > s.now {
			s.state = StateWaiting
			a := s.answer(DoWait)
			a.Retry = s.retry
			return a
		}
	}
	return s.openOrHold()
}

// openOrHold opens the next attempt, unless the origin is cooling down.
func (s *Session) openOrHold() Answer {
	if s.policy.NoCooldown || s.origin == "" {
		return s.open(false)
	}
	o := s.group.at(s.origin)
	if o.until == 0 {
		return s.open(false)
	}
	if until := o.until + s.offset; until > s.now {
		return s.hold(until)
	}
	if o.prober != nil && o.prober != s && !o.prober.over() && o.probeEnd > s.wall(s.now) {
		return s.hold(o.probeEnd + s.offset)
	}
	o.prober, o.probeEnd = s, s.wall(s.now)+probeFor
	return s.open(true)
}

// hold waits for another request's cool-down or probe.
func (s *Session) hold(until int64) Answer {
	s.state, s.waitingFor, s.waitUntil = StateWaiting, WaitingForCooldown, until
	if s.retry == nil || s.failures == 0 {
		v := classify.NewVerdict(classify.RateLimit, s.provider())
		s.retry = s.event(v, until)
	}
	return s.answer(DoWait)
}

func (s *Session) open(probe bool) Answer {
	s.attempt++
	s.state, s.mode, s.waitingFor = StateOpening, modeNone, ""
	s.opened, s.lastByte, s.lastContent = s.now, s.now, s.now
	s.finishedAt, s.grace, s.notBefore = 0, 0, 0
	s.gotBytes, s.committed, s.slow = false, false, false
	s.status, s.headers = 0, nil
	s.framer.Reset()
	s.tracker = stream.Tracker{}
	a := s.answer(DoOpen)
	a.Probe = probe
	if s.delivered && !s.resetDue {
		a.Resume = s.seam.begin()
		s.committed = true // what follows joins what the consumer has
	} else if !s.delivered {
		s.seam.forget()
	}
	if s.attempt == 1 && retriedBySDK(s.cfg.Request.Headers) {
		a.Warning = "sdk_retries_stacked"
	}
	return a
}

// retriedBySDK says whether an SDK is already repeating this request by itself.
func retriedBySDK(headers map[string]string) bool {
	for name, value := range headers {
		if value != "" && value != "0" &&
			(strings.EqualFold(name, "x-stainless-retry-count") || strings.EqualFold(name, "x-retry-count") || strings.EqualFold(name, "x-retry-attempt")) {
			return true
		}
	}
	return false
}

func (s *Session) network(offline bool) Answer {
	s.offline = offline
	if s.state != StateWaiting {
		return s.nothing()
	}
	if offline {
		s.waitingFor = WaitingForConnection
		return s.answer(DoWait)
	}
	// The network is back. What was waiting for it goes on at once, but not
	// before the server's own time.
	wasNetwork := s.waitingFor == WaitingForConnection || s.last != nil && (s.last.Kind == classify.Network || s.last.Kind == classify.NetworkOrCORS)
	if s.waitingFor == WaitingForConnection {
		s.waitingFor = ""
	}
	if wasNetwork {
		s.waitUntil = min(s.waitUntil, max(s.now, s.notBefore))
	}
	if s.waitUntil <= s.now {
		return s.openOrHold()
	}
	return s.answer(DoWait)
}

// deadline is when the session wants to be called, and the clock that fires then.
func (s *Session) deadline() (at int64, clock string) {
	earlier := func(t int64, name string) {
		if at == 0 || t < at {
			at, clock = t, name
		}
	}
	switch s.state {
	case StateWaiting:
		if s.waitingFor == WaitingForConnection {
			return max(s.waitUntil, s.opened+probeOffline), ""
		}
		return s.waitUntil, ""
	case StateOpening, StateStreaming:
		if s.finishedAt > 0 {
			return s.finishedAt + lingerFor, "linger"
		}
		if s.mode == modeError {
			return s.opened + errorBodyFor, "body"
		}
		if limit := s.policy.FirstByteTimeoutMs; limit > 0 && !s.gotBytes {
			earlier(max(s.opened+limit, s.grace), classify.TimerFirstByte)
		}
		if limit := s.policy.SilenceTimeoutMs; limit > 0 {
			earlier(max(s.lastByte+limit, s.grace), classify.TimerSilence)
		}
		if limit := s.policy.ContentTimeoutMs; limit > 0 {
			earlier(max(s.lastContent+limit, s.grace), classify.TimerContent)
		}
		if s.state == StateOpening && !s.slow {
			earlier(s.opened+slowAfter, "slow")
		}
	}
	return at, clock
}

func (s *Session) timer(wall int64) Answer {
	if s.armed > 0 && s.now-s.armed > graceAfterSleep && s.state != StateWaiting {
		// The host slept, and what arrived meanwhile was not handed in yet.
		s.grace = s.now + graceAfterSleep
	}
	at, clock := s.deadline()
	if at == 0 || at > s.now {
		if s.state == StateWaiting {
			return s.answer(DoWait)
		}
		return s.nothing()
	}
	switch clock {
	case "":
		if s.state != StateWaiting {
			return s.nothing()
		}
		return s.openOrHold()
	case "slow":
		s.slow = true
		return s.nothing()
	case "linger":
		return s.finish()
	case "body":
		return s.bodyEnd()
	}
	return s.failed(classify.Classify(classify.Failure{
		Phase: s.phase(), Status: s.status, Timer: clock, Provider: s.cfg.Provider, URL: s.cfg.Request.URL, Now: wall,
	}), false)
}

func (s *Session) phase() string {
	if s.status == 0 {
		return classify.PhaseConnect
	}
	return classify.PhaseMidstream
}

// event is the retry event for a wait until then.
func (s *Session) event(v classify.Verdict, until int64) *ChatStreamRetry {
	return &ChatStreamRetry{
		Attempt: s.failures, DelayMs: max(until-s.now, 0), Error: v.Message,
		RetryingAt: time.UnixMilli(s.wall(until)).UTC(),
		Kind:       v.Kind, Provider: v.Provider, StatusCode: v.Status, Title: v.Title,
	}
}

// failed decides what follows a failed attempt: in this order permanent,
// attempts used up, asked for too long, no time left, wait. own says that the
// provider's own words are at hand for the caller to read.
func (s *Session) failed(v classify.Verdict, own bool) Answer {
	var ready int // whole events that came before the failure
	if s.committed {
		ready = len(s.framer.Ready())
		if own {
			ready = s.framer.Whole()
		}
	}
	o := s.group.at(s.origin)
	wasProber := o.prober == s
	if wasProber {
		o.prober = nil
	}
	if v.Kind == classify.Network && s.cfg.OpaqueErrors && s.status == 0 && !o.answered && !s.offline {
		rule := v.Rule
		v = classify.NewVerdict(classify.NetworkOrCORS, v.Provider)
		v.Retryable, v.Rule = s.failures+1 < corsAttempts, rule
	}
	if v.Kind == classify.EmptyOutput {
		s.empties++
		v.Retryable = s.empties < 2
	}
	s.last = &v
	if !v.Retryable {
		if wasProber {
			o.until = 0 // it answered, and not that we are too fast
		}
		return s.stop(v, own, ready, wasProber)
	}
	if s.delivered && !s.mendable() {
		return s.stop(v, own, ready, wasProber)
	}
	if !s.offline || s.status != 0 || v.Kind != classify.Network {
		s.failures++ // without a network no attempt is burnt
	}
	if s.cfg.NotReplayable {
		return s.stop(s.verdictOf(classify.NotReplayable, v), own, ready, wasProber)
	}
	if s.policy.MaxAttempts > 0 && s.failures >= s.policy.MaxAttempts {
		return s.stop(s.verdictOf(classify.AttemptsExhausted, v), own, ready, wasProber)
	}
	if tokens := s.policy.BudgetTokens; tokens > 0 {
		o.spent = min(o.spent+1000, tokens*1000)
		if o.spent*2 >= tokens*1000 {
			exhausted := s.verdictOf(classify.AttemptsExhausted, v)
			exhausted.Rule = "retry_budget"
			return s.stop(exhausted, own, ready, wasProber)
		}
	}
	wait := backoff(max(s.failures-1, 0), time.Duration(s.policy.InitialDelayMs)*time.Millisecond, time.Duration(s.policy.MaxDelayMs)*time.Millisecond).Milliseconds()
	if s.policy.Jitter != JitterNone {
		wait = jittered(wait, s.policy.Jitter, next(&s.random))
	}
	if v.Kind == classify.EmptyOutput {
		wait = 0
	}
	asked := int64(-1)
	if v.RetryAfterMs != nil {
		asked = *v.RetryAfterMs
		if s.policy.MaxRetryAfterMs > 0 && asked > s.policy.MaxRetryAfterMs {
			return s.stop(s.verdictOf(classify.RetryAfterTooLong, v), own, ready, wasProber)
		}
		if asked >= wait {
			wait = asked
			if s.policy.Jitter != JitterNone {
				wait += scale(asked/10, next(&s.random))
			}
		}
		s.notBefore = s.now + asked
	}
	if asked > maxTimerMs {
		return s.stop(s.verdictOf(classify.RetryAfterTooLong, v), own, ready, wasProber)
	}
	wait = min(wait, maxTimerMs)
	if limit := s.policy.MaxElapsedMs; limit > 0 && s.now-s.startAt-s.flowed+wait > limit {
		return s.stop(s.verdictOf(classify.MaxElapsedExceeded, v), own, ready, wasProber)
	}
	s.state, s.waitUntil, s.waitingFor = StateWaiting, s.now+wait, ""
	s.mode = modeNone
	s.opened = s.now
	if s.offline {
		s.waitingFor = WaitingForConnection
	}
	s.retry = s.event(v, s.waitUntil)
	a := s.answer(DoWait)
	a.Retry = s.retry
	a.Bytes = s.release(ready)
	a.Poke = wasProber
	if !s.policy.NoCooldown && s.origin != "" && (v.Kind == classify.RateLimit || v.Kind == classify.Overloaded && asked > 0) {
		o.until = max(o.until, s.wall(s.waitUntil))
		a.Share = &Shared{Origin: s.origin, Until: o.until}
		a.Poke = true
	}
	return a
}

// verdictOf is the engine's own verdict, with the facts of the last failure.
func (s *Session) verdictOf(kind classify.Kind, last classify.Verdict) classify.Verdict {
	v := classify.NewVerdict(kind, last.Provider)
	v.Status, v.RetryAfterMs, v.Detail = last.Status, last.RetryAfterMs, last.Detail
	return v
}

// stop ends a session that failed. Where the consumer has seen nothing yet and
// the provider explained itself, the caller gets the provider's words.
func (s *Session) stop(v classify.Verdict, own bool, ready int, poke bool) Answer {
	do := DoFail
	if own && !s.delivered {
		do = DoPass
		s.framer.All()
		ready = len(s.framer.Ready())
	}
	last := s.last
	a := s.end(do, v, StateFailed)
	a.Bytes = s.release(ready)
	a.Poke = poke
	if last != nil && last.Kind != v.Kind {
		a.Last = last
	}
	return a
}

func (s *Session) end(do string, v classify.Verdict, state string) Answer {
	if o := s.group.at(s.origin); o.prober == s {
		o.prober = nil
	}
	s.state, s.verdict, s.retry, s.waitingFor = state, &v, nil, ""
	a := s.answer(do)
	a.Verdict = &v
	return a
}

// finish ends a session that succeeded.
func (s *Session) finish() Answer {
	if s.mode == modeSSE && s.tracker.Seen&(stream.Output|stream.Refused|stream.Limited) == 0 && !s.delivered {
		return s.failed(classify.NewVerdict(classify.EmptyOutput, s.provider()), false)
	}
	var v *classify.Verdict
	if s.mode == modeSSE && s.tracker.Seen&stream.Refused != 0 {
		refused := classify.NewVerdict(classify.ContentPolicy, s.provider())
		refused.Status = s.status
		v = &refused
	}
	return s.done(DoFinish, v, false)
}

// done ends a session whose attempt succeeded, with what is ready.
// all lets what is not a whole event go on too.
func (s *Session) done(do string, v *classify.Verdict, all bool) Answer {
	o := s.group.at(s.origin)
	o.answered = true
	o.spent = max(o.spent-s.policy.BudgetRatio, 0)
	s.state, s.verdict, s.retry, s.waitingFor = StateFinished, v, nil, ""
	s.failures, s.empties = 0, 0
	if all {
		s.framer.All()
	}
	a := s.answer(do)
	a.Verdict = v
	if s.resetDue {
		a.Reset, s.resetDue = true, false
	}
	a.Bytes = s.release(len(s.framer.Ready()))
	a.Committed = a.Bytes > 0 && !s.committed
	return a
}
