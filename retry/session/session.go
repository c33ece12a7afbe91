// Package session is the state machine that guards one streamed request
// through any number of attempts. A Session does no I/O, reads no clock and
// rolls no dice: its host reports what happened and does what it answers.
package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
	"github.com/steadfetch/steadfetch/retry"
)

// Session guards one request from the caller's view, through any number of
// attempts. It decides; a host acts. The host reports what happened to Step and
// Chunk, which return what to do. The bytes stay with the host (see Moves). It
// is not safe for concurrent use.
type Session struct {
	group    *Group
	policy   *retry.Policy // the group's, if it is the same
	request  *requestInfo  // nil once its facts are extracted
	watch    watch
	intended watch // at the beginning of each attempt
	wanted   int   // how many answers are asked for
	model    string
	stacked  bool // an SDK is itself retrying the request
	origin   uint64
	bucket   uint64  // its key, 0 if nothing is shared
	lone     *bucket // used instead of the group's if nothing is shared
	url      string  // known to the classifier, never shown
	redirect string
	hint     string // Config.Provider
	provider string
	promised *protocol.Protocol
	random   random
	// Whether the caller set AfterCommit and ContentTimeout. If not, they are defaults.
	afterCommitSet, contentSet bool
	// The fields of Config with these names.
	canReset, notReplayable, opaqueErrors, recover bool
	restored                                       *Snapshot

	state     state
	attempt   int // the current one; events of any other are stale
	failures  int // since the start or the last "Retry now"
	suspected [len(suspicions)]uint8

	// The clock. Happened.Now may jump back; now does not.
	now, offset int64
	startAt     int64
	flowed      int64 // how long output has flowed
	armed       int64 // the last Answer.TimerAt, on the inner clock
	grace       int64 // no clock fires before this

	// The open attempt.
	mode        mode
	opened      int64 // when it was opened; later, when an error body or the wait began
	lastByte    int64
	lastContent int64
	gotBytes    bool
	committed   bool // some output of this attempt was delivered
	ended       bool // the end marker has arrived: no more retries
	marked      bool // ended by its protocol's own marker
	slow        bool
	status      int
	headers     classify.Headers
	head        []byte   // the beginning of a body that is not, or not yet, read as events
	reading     *reading // nil until there is something to read

	// The attempt's bytes, which the host holds, counted from the beginning.
	came      int64  // received so far
	gone      int64  // bytes before this were delivered or dropped
	cutOut    int64  // dropped from among the others
	upTo      int64  // bytes before this may be delivered
	counted   int64  // how many are in the group's sum
	missing   string // what the last event lacks to be complete
	moves     []Move
	out       int                    // bytes that moves delivers
	due       func(*Session) *Answer // what Read left for Decide
	listening listening

	// Between attempts.
	waitUntil     int64
	cooldownUntil int64 // the end of the cool-down that the last retry event shows
	tabPasses     int   // line.tabPasses when it began to probe
	turn          turn  // in its bucket's line
	notBefore     int64 // the time the server asked for; only a person overrides it
	waitingFor    obstacle
	offline       bool
	retry         *retry.ChatStreamRetry

	delivered bool  // output of some attempt was delivered
	toolCall  bool  // the output included a complete tool call
	resetDue  bool  // the consumer must drop what it has before more is delivered
	seam      *seam // nil if answers are not resumed
	recovery  recovery
	manual    bool
	verdict   *classify.Verdict
	last      *classify.Verdict
	cause     *classify.Verdict // the last failure, if verdict is the engine's own
}

// state is a Session's state. Numbers compile to a third of the code that strings do.
type state uint8

const (
	idle state = iota
	opening
	streaming
	waiting
	asking   // asking the host for another request
	finished // from here on, the session is over
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

// action is what a host must do.
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

// mode is how the body of an attempt is read.
type mode uint8

const (
	modeNone  mode = iota
	modeSniff      // a body that should be a stream, until its kind is known
	modeSSE
	modeDoc   // one document although a stream was asked for
	modeError // the body of an error status
	modeLent  // not inspected: the consumer of events reads it
)

// NewSession returns a new session. It copies given, but not the headers and the
// snapshot in it, which must not change later. Sessions that should share limits share
// a group; nil gives the session its own. An invalid policy is an error.
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
	s.request = newRequestInfo(&given.Request)
	if s.policy.AfterCommit == retry.AfterCommitResume {
		s.seam = &seam{}
	}
	return s, nil
}

// Step processes what happened and returns what to do. The answer is valid
// until the next call.
func (s *Session) Step(h *Happened) *Answer {
	s.tick(h.Now)
	s.group.tick(h.Now)
	s.moves, s.out, s.due = s.moves[:0], 0, nil
	a := s.addWake(s.step(h))
	s.account()
	return a
}

// addWake adds to a the sessions whose turn it is.
func (s *Session) addWake(a *Answer) *Answer {
	if s.bucket != 0 {
		a.Wake = append(a.Wake, s.shared().line.woken(s.group.now)...)
	}
	return a
}

// step is Step without the clocks and the accounts.
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
		return s.end(doFail, s.verdictOf(classify.StoppedByUser), stopped)
	case OnOnline, OnOffline:
		return s.network(h.What == OnOffline)
	case OnRetryNow:
		if s.state == waiting {
			s.failures, s.suspected = 0, [len(suspicions)]uint8{}
			s.shared().line.lift()
			return s.openOrQueue()
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
		if h.Attempt == s.attempt && s.isOpen() { // else stale: the attempt was abandoned
			return s.report(h)
		}
	}
	return s.nothing()
}

// report handles an event of the current attempt.
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

// callFailed handles the failure of an attempt that is not a fetch.
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
		v = s.verdictOf(classify.Network) // the caller did not cancel, or the host would have said so
		v.Retryable = true
	}
	return s.failed(v, certain, evidence{})
}

// abort handles the caller's cancel. It wins at once, but an answer that is
// complete still counts as complete when its reader cancels the stream.
func (s *Session) abort() *Answer {
	if s.complete() {
		a := s.close(doFail, finished)
		a.Verdict = s.verdictOf(classify.Canceled)
		return a
	}
	return s.end(doFail, s.verdictOf(classify.Canceled), stopped)
}

// complete reports whether the consumer has a whole answer, though its stream
// may still be open.
func (s *Session) complete() bool {
	return s.isOpen() && s.delivered && !s.resetDue && (s.ended || s.read().tracker.Complete())
}

// Policy returns the session's policy, with its defaults filled in.
func (s *Session) Policy() retry.Policy { return *s.policy }

// Snapshot returns the current state. It shares memory with the session, so it is
// valid until the next call.
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

// verdictOf returns the engine's own verdict of a kind.
func (s *Session) verdictOf(kind classify.Kind) *classify.Verdict {
	v := classify.NewVerdict(kind, &classify.Failure{Provider: s.provider, URL: s.url})
	if s.status >= 400 { // a good status decided nothing
		v.Status = s.status
	}
	return v
}

// judge classifies f. A status below 400 decides nothing, so the verdict has none.
func judge(f *classify.Failure) *classify.Verdict {
	v := &classify.Verdict{}
	f.ClassifyTo(v)
	if v.Status < 400 {
		v.Status = 0
	}
	return v
}

// failure returns what the session knows about the attempt that just failed.
func (s *Session) failure(phase classify.Phase) *classify.Failure {
	return &classify.Failure{
		Phase: phase, Status: s.status, Headers: s.headers, Provider: s.hint, URL: s.url,
		Now: s.wall(s.now), UnknownRetryable: s.policy.UnknownRetryable,
	}
}

// phase returns how far the current attempt has come.
func (s *Session) phase() classify.Phase {
	if s.status == 0 {
		return classify.PhaseConnect
	}
	return classify.PhaseMidstream
}

// answer returns an Answer with the fields that all answers have, and sets the timer.
func (s *Session) answer(do action) *Answer {
	a := &Answer{Do: actionNames[do], Attempt: s.attempt}
	s.armed, _ = s.deadline()
	if s.armed > 0 {
		a.TimerAt = s.wall(s.armed)
	}
	return a
}

func (s *Session) nothing() *Answer { return s.answer(doNothing) }

// shared returns the session's bucket. A request without an origin shares
// nothing, unless its bucket was named.
func (s *Session) shared() *bucket {
	if s.bucket == 0 {
		if s.lone == nil {
			s.lone = &bucket{}
		}
		return s.lone
	}
	return s.group.at(s.bucket)
}

// reading is the state for reading an answer as events, so a waiting session has
// none. It is no larger than a Session: where thousands come and go, it fits where
// one was.
type reading struct {
	reader  sse.Reader
	tracker protocol.Tracker
	ending  protocol.Ending
	event   sse.Event
}

// read returns the attempt's reading, created on first use.
func (s *Session) read() *reading {
	if s.reading == nil {
		s.reading = &reading{tracker: protocol.Tracker{Promised: s.promised, Wanted: s.wanted}}
	}
	return s.reading
}
