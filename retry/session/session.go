// Package session is the state machine that guards one streamed request
// through any number of attempts. A Session does no I/O, reads no clock and
// rolls no dice: its host tells it what happened and does what it answers.
package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
	"github.com/steadfetch/steadfetch/retry"
)

// Session guards one request from the caller's view, through any number of
// attempts. It decides; a host acts. Step and Chunk tell it what happened and
// give back what to do. The bytes stay with the host (see Moves). It is not safe for concurrent use.
type Session struct {
	group    *Group
	policy   *retry.Policy // the group's, where it is the same
	asked    *asked        // nil once its facts were taken
	watch    watch
	intended watch // at the beginning of each attempt
	wanted   int   // answers asked for
	model    string
	stacked  bool // an SDK repeats the request by itself
	origin   uint64
	bucket   uint64  // its key, 0 if nothing is shared
	lone     *bucket // instead of the group's, where nothing is shared
	url      string  // known to the classifier, never shown
	redirect string
	hint     string // of the provider, by the host
	provider string
	promised *protocol.Protocol
	random   random
	// The caller said himself what becomes of a failure after output, and when
	// content is missed; both are defaults otherwise.
	afterCommitSet, contentSet bool
	// As Config has them.
	canReset, notReplayable, opaqueErrors, recover bool
	restored                                       *Snapshot

	state     state
	attempt   int // in force; events of any other are stale
	failures  int // since the start or the last Retry now
	suspected [len(suspicions)]uint8

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
	gotBytes    bool
	committed   bool // this attempt's output has gone on
	ended       bool // the end marker has come: nothing is retried any more
	marked      bool // … by its protocol's own marker
	slow        bool
	status      int
	headers     classify.Headers
	head        []byte   // the beginning of a body that is not, or not yet, read as events
	reading     *reading // nil before there is something to read

	// The attempt's bytes, which the host holds, counted from the beginning.
	came      int64  // all that were handed in
	gone      int64  // before it they went on, or were dropped
	cutOut    int64  // dropped from among the others
	upTo      int64  // before it they may go on
	counted   int64  // what the group's sum has of them
	missing   string // what a last event lacks to be whole
	moves     []Move
	out       int                    // bytes that moves lets go on
	due       func(*Session) *Answer // what Read has left to Decide
	listening listening

	// Between attempts.
	waitUntil  int64
	heldUntil  int64 // the end of the cool-down that it was told of
	heard      int   // line.heard when it went to probe
	turn       turn  // in its bucket's line
	notBefore  int64 // the server's own wish, which only a person overrides
	waitingFor obstacle
	offline    bool
	retry      *retry.ChatStreamRetry

	delivered bool  // some attempt's output has gone on
	toolCall  bool  // a finished tool call was among it
	resetDue  bool  // the consumer must drop what it has before it gets more
	seam      *seam // nil where answers are not resumed
	recovery  recovery
	manual    bool
	verdict   *classify.Verdict
	last      *classify.Verdict
	cause     *classify.Verdict // the last failure, where verdict is the engine's own
}

// The states of a Session, in the order of stateNames. Numbers are a third of
// the code that strings are.
type state uint8

const (
	idle state = iota
	opening
	streaming
	waiting
	asking   // the host, for another request
	finished // from here on the session is over
	failed
	stopped
)

var stateNames = [...]State{
	idle: StateIdle, opening: StateOpening, streaming: StateStreaming, waiting: StateWaiting, asking: StateOpening,
	finished: StateFinished, failed: StateFailed, stopped: StateStopped,
}

// obstacle is what a session waits for besides the time.
type obstacle uint8

const (
	forNothing obstacle = iota
	forConnection
	forCooldown
)

var obstacleNames = [...]WaitingFor{forNothing: "", forConnection: WaitingForConnection, forCooldown: WaitingForCooldown}

// action is what a host is to do.
type action uint8

const (
	doNothing action = iota
	doOpen
	doRead
	doPass
	doLend
	doWait
	doFinish
	doFail
	doRethrow
	doRecover
)

var actionNames = [...]Do{
	doNothing: DoNothing, doOpen: DoOpen, doRead: DoRead, doPass: DoPass, doLend: DoLend, doWait: DoWait,
	doFinish: DoFinish, doFail: DoFail, doRethrow: DoRethrow, doRecover: DoRecover,
}

// mode is what the body of an attempt is taken for.
type mode uint8

const (
	modeNone  mode = iota
	modeSniff      // a body that should be a stream, before its kind is known
	modeSSE
	modeDoc   // one document where a stream was asked for
	modeError // the body of an error status
	modeLent  // not looked into: the consumer of events reads it
)

// NewSession makes a session, which keeps no part of given. A group is shared by the
// sessions that should hear of each other; nil is a group of one's own. A
// configuration that makes no sense is an error.
func NewSession(given *Config, group *Group) (*Session, error) {
	if group == nil {
		group = &Group{}
	}
	policy := given.Policy
	if err := policy.Fill(); err != nil {
		return nil, err
	}
	s := &Session{
		group: group, policy: &policy,
		url: given.Request.URL, hint: given.Provider,
		provider:       classify.ProviderOf(given.Request.URL, given.Provider),
		random:         newRandom(given.Seed),
		afterCommitSet: given.Policy.AfterCommit != "",
		contentSet:     given.Policy.ContentTimeout != 0,
		canReset:       given.CanReset,
		notReplayable:  given.NotReplayable,
		opaqueErrors:   given.OpaqueErrors,
		recover:        given.Recover,
		restored:       given.Restore,
		offline:        given.Offline,
		manual:         given.Manual,
	}
	s.turn.id = given.ID
	s.asked = newAsked(&given.Request)
	if s.policy.AfterCommit == retry.AfterCommitResume {
		s.seam = &seam{}
	}
	return s, nil
}

// Step takes what happened and says what to do. The answer is good until the
// next call.
func (s *Session) Step(h *Happened) *Answer {
	s.tick(h.Now)
	s.group.tick(h.Now)
	s.moves, s.out, s.due = s.moves[:0], 0, nil
	a := s.rouse(s.step(h))
	s.account()
	return a
}

// rouse says with a whose turn it is.
func (s *Session) rouse(a *Answer) *Answer {
	if s.bucket != 0 {
		a.Wake = append(a.Wake, s.shared().line.woken()...)
	}
	return a
}

func (s *Session) step(h *Happened) *Answer {
	if s.over() {
		return s.nothing() // stale: the session is over
	}
	switch h.What {
	case OnStart:
		if s.state == idle {
			return s.begin()
		}
	case OnAbort:
		return s.abort()
	case OnStop:
		if s.complete() {
			return s.finish()
		}
		return s.end(doFail, s.own(classify.StoppedByUser), stopped)
	case OnOnline, OnOffline:
		return s.network(h.What == OnOffline)
	case OnRetryNow:
		if s.state == waiting {
			s.failures, s.suspected = 0, [len(suspicions)]uint8{}
			s.shared().line.lift()
			return s.openOrHold()
		}
	case OnManual, OnAutomatic:
		return s.setManual(h.What == OnManual)
	case OnRecovered:
		if s.state == asking {
			return s.recovered(h.Request)
		}
	case OnTimer:
		return s.timer()
	default:
		if h.Attempt == s.attempt && s.isOpen() { // else stale: the attempt was given up
			return s.report(h)
		}
	}
	return s.nothing()
}

// report takes what became of the attempt in force.
func (s *Session) report(h *Happened) *Answer {
	switch h.What {
	case OnProbeLost:
		return s.probeLost()
	case OnResponse:
		if s.mode == modeNone && s.status == 0 { // an attempt has one response
			return s.response(h)
		}
	case OnEnd:
		return s.bodyEnd()
	case OnError:
		return s.broke(h.Error)
	case OnSuccess:
		return s.finish()
	case OnFailed:
		return s.callFailed(h.Failure)
	}
	return s.nothing()
}

// callFailed takes the failure of an attempt that is no fetch.
func (s *Session) callFailed(f *classify.Failure) *Answer {
	if f == nil {
		f = &classify.Failure{}
	}
	if f.Provider == "" {
		f.Provider = s.hint
	}
	f.UnknownRetryable = s.policy.UnknownRetryable
	v := judge(f)
	if v.Kind == classify.Canceled && f.Error != nil && f.Error.Name == "AbortError" && f.Headers.Get("x-should-retry") == "" {
		v = s.own(classify.Network) // the caller did not cancel, or the host would have said so
		v.Retryable = true
	}
	return s.failed(v, told, cut{})
}

// abort is the caller's cancel. It wins at once; but an answer that is
// complete stays one, though whoever read it has let go of the stream.
func (s *Session) abort() *Answer {
	if s.complete() {
		a := s.close(doFail, finished)
		a.Verdict = s.own(classify.Canceled)
		return a
	}
	return s.end(doFail, s.own(classify.Canceled), stopped)
}

// complete reports whether the consumer has a whole answer, though its stream
// may still be open.
func (s *Session) complete() bool {
	return s.isOpen() && s.delivered && !s.resetDue && (s.ended || s.read().tracker.Complete())
}

// Policy is the policy in force, with its defaults filled in.
func (s *Session) Policy() retry.Policy { return *s.policy }

// Snapshot is the state now.
func (s *Session) Snapshot() *Snapshot {
	if s.waitingFor == forCooldown && s.retry != nil {
		s.retry.Before = s.shared().line.ahead(&s.turn)
	}
	return &Snapshot{
		State: stateNames[s.state], Attempt: s.attempt, Failures: s.failures, Slow: s.slow,
		WaitingFor: s.obstacleName(), Retry: s.retry, Verdict: s.verdict, Last: s.cause, Suspected: s.suspectedText(),
	}
}

func (s *Session) over() bool {
	return s.state >= finished
}

// isOpen reports whether an attempt is under way.
func (s *Session) isOpen() bool { return s.state == opening || s.state == streaming }

// own is a verdict of the engine's.
func (s *Session) own(kind classify.Kind) *classify.Verdict {
	v := classify.NewVerdict(kind, &classify.Failure{Provider: s.provider, URL: s.url})
	if s.status >= 400 { // a good status decided nothing
		v.Status = s.status
	}
	return v
}

func judge(f *classify.Failure) *classify.Verdict {
	v := &classify.Verdict{}
	f.ClassifyTo(v)
	if v.Status < 400 {
		v.Status = 0
	}
	return v
}

// failure is what the session knows of the attempt that has just failed.
func (s *Session) failure(phase classify.Phase) *classify.Failure {
	return &classify.Failure{
		Phase: phase, Status: s.status, Headers: s.headers, Provider: s.hint, URL: s.url,
		Now: s.wall(s.now), UnknownRetryable: s.policy.UnknownRetryable,
	}
}

func (s *Session) phase() classify.Phase {
	if s.status == 0 {
		return classify.PhaseConnect
	}
	return classify.PhaseMidstream
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

// shared is what the session's bucket knows. A request without an origin
// shares nothing, unless its bucket was named.
func (s *Session) shared() *bucket {
	if s.bucket == 0 {
		if s.lone == nil {
			s.lone = &bucket{}
		}
		return s.lone
	}
	return s.group.at(s.bucket)
}

// reading is what an answer that is read as events needs. It is most of a
// session's memory, and one that waits has none.
type reading struct {
	reader  sse.Reader
	tracker protocol.Tracker
	ending  protocol.Ending
	event   sse.Event
}

// read is the attempt's reading, made when it is first asked for.
func (s *Session) read() *reading {
	if s.reading == nil {
		s.reading = &reading{tracker: protocol.Tracker{Promised: s.promised, Wanted: s.wanted}}
	}
	return s.reading
}
