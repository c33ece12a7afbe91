package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
)

// Request is what a session knows of the request that it guards. No part of it is
// ever shown.
type Request struct {
	Method  string           `json:"method,omitempty"`
	URL     string           `json:"url,omitempty"`
	Headers classify.Headers `json:"headers,omitempty"`
	// Body is the request's body if it is text, or its first part: Session.Body reads
	// the rest. It shows whether a stream is asked for, and of which model.
	Body string `json:"body,omitempty"`
	// Redirect is fetch's redirect mode, empty if the host has none.
	Redirect string `json:"redirect,omitempty"`
}

// Config is the configuration of a new session.
type Config struct {
	Policy  retry.Policy `json:"policy"`
	Request Request      `json:"request"`
	// Provider is a hint for the classifier, for hosts that know it.
	Provider string `json:"provider,omitempty"`
	// ID is the host's own number for the session, used in Answer.Wake.
	ID int `json:"id,omitempty"`
	// Seed is the source of the jitter. Any value will do; the same seed gives the
	// same waits.
	Seed int64 `json:"seed,omitempty"`
	// CanReset says that the consumer can drop what it has, as Answer.Reset asks.
	CanReset bool `json:"can_reset,omitempty"`
	// NotReplayable says that the request's body can be sent only once.
	NotReplayable bool `json:"not_replayable,omitempty"`
	// OpaqueErrors says that the host, like a browser, cannot tell a CORS rejection
	// from a dead network.
	OpaqueErrors bool `json:"opaque_errors,omitempty"`
	// Offline says that the host believes it is offline at the start.
	Offline bool `json:"offline,omitempty"`
	// Manual makes every wait last until OnRetryNow, as OnManual does.
	Manual bool `json:"manual,omitempty"`
	// Recover says that the host may supply another request when one fails: DoRecover
	// asks for it.
	Recover bool `json:"recover,omitempty"`
	// Restore is a Snapshot taken earlier, perhaps before a page was reloaded: the
	// session continues from there.
	Restore *Snapshot `json:"restore,omitempty"`
}

// On is a value of Happened.What.
type On string

const (
	OnStart     On = "start"      // the caller made the request; always the first
	OnResponse  On = "response"   // headers arrived: Status, Headers
	OnEnd       On = "end"        // the body ended, without an error
	OnError     On = "error"      // fetch or the body failed: Error
	OnFailed    On = "failed"     // an attempt that is not a fetch failed: Failure
	OnSuccess   On = "success"    // an attempt that is not a fetch succeeded
	OnTimer     On = "timer"      // the time that Answer.TimerAt named has come, or the host woke up
	OnAbort     On = "abort"      // the caller's signal or context ended the request
	OnStop      On = "stop"       // a person pressed Stop
	OnRetryNow  On = "retry_now"  // a person pressed Retry now
	OnOnline    On = "online"     // the host believes it is online
	OnOffline   On = "offline"    // the host believes it is offline
	OnProbeLost On = "probe_lost" // another tab is already probing this bucket
	OnManual    On = "manual"     // from now on every wait lasts until OnRetryNow
	OnAutomatic On = "automatic"  // from now on waits end by themselves again
	OnRecovered On = "recovered"  // the reply to DoRecover: Request, nil if there is none
)

// Happened is one event that a host reports.
type Happened struct {
	What On `json:"what"`
	// Now is the wall clock in milliseconds since the Unix epoch. It may jump.
	Now int64 `json:"now"`
	// Attempt is the number of the attempt that OnResponse, OnEnd, OnError, …
	// and chunks belong to. Events of an abandoned attempt are ignored.
	Attempt int                 `json:"attempt,omitempty"`
	Status  int                 `json:"status,omitempty"`
	Headers classify.Headers    `json:"headers,omitempty"`
	Error   *classify.ErrorInfo `json:"error,omitempty"`
	Failure *classify.Failure   `json:"failure,omitempty"`
	// Request is the request to send instead, complete.
	Request *Request `json:"request,omitempty"`
}

// Do is a value of Answer.Do.
type Do string

const (
	DoNothing Do = "none"    // continue as before
	DoOpen    Do = "open"    // open the request as attempt Attempt
	DoRead    Do = "read"    // read the body and report every chunk with Chunk
	DoWait    Do = "wait"    // abandon the attempt, if there is one, and wait for TimerAt
	DoPass    Do = "pass"    // give the response to the caller: Bytes, then the rest untouched; the session is over
	DoLend    Do = "lend"    // the same for a consumer of events, but report OnEnd or OnError when it has read all
	DoFinish  Do = "finish"  // deliver Bytes, end the consumer's stream, stop reading; the session is over
	DoFail    Do = "fail"    // deliver Bytes, then fail with Verdict, stop reading; the session is over
	DoRecover Do = "recover" // stop reading the attempt, but keep it; find another request in view of Verdict, and report OnRecovered
	DoRethrow Do = "rethrow" // fail with the error that the attempt itself threw; the session is over
)

// Answer is what the host must do now.
type Answer struct {
	Do Do `json:"do"`
	// Attempt is the number of the current attempt, from 1.
	Attempt int `json:"attempt,omitempty"`
	// TimerAt is when to call back with OnTimer, on the clock of Happened.Now;
	// 0 is never. Every answer replaces the time of the one before.
	TimerAt int64 `json:"timer_at,omitempty"`
	// Bytes is how many bytes to deliver to the consumer now (see Session.Moves).
	Bytes int `json:"bytes,omitempty"`
	// Committed says that the attempt's first output is among Bytes: from now on the
	// consumer has seen something.
	Committed bool `json:"committed,omitempty"`
	// Reset says that the consumer must drop what it has before it gets Bytes.
	Reset bool `json:"reset,omitempty"`
	// Retry is the event to show.
	Retry *retry.ChatStreamRetry `json:"retry,omitempty"`
	// Resume says how the request to open differs from the first one.
	Resume *Resume `json:"resume,omitempty"`
	// Verdict is why the session failed or was stopped. With DoFinish it is set if the
	// provider withheld the answer (content_policy).
	Verdict *classify.Verdict `json:"verdict,omitempty"`
	// Last is the verdict on the last failure if Verdict is the engine's own
	// (attempts_exhausted, retry_after_too_long, …).
	Last *classify.Verdict `json:"last,omitempty"`
	// Probe asks the host to make sure that no other tab probes Bucket at the
	// same time, and to report OnProbeLost instead of opening if one does.
	Probe bool `json:"probe,omitempty"`
	// Bucket is set with Probe: the name of the lock.
	Bucket string `json:"bucket,omitempty"`
	// Wake lists sessions, by Config.ID, to which the host must report OnTimer: it is
	// their turn, or they must set another timer.
	Wake []int `json:"wake,omitempty"`
	// Share must be sent to other tabs, which pass it to their engine (Group.Hear).
	Share *Shared `json:"share,omitempty"`
	// Warning is a warning for the caller: the name of a rule.
	Warning string `json:"warning,omitempty"`
}

// Shared is what sessions of one bucket tell each other: a hash and a time.
type Shared struct {
	// Bucket is a hash of origin, credential and model.
	Bucket string `json:"bucket"`
	// Until is the end of the cool-down, in milliseconds since the Unix epoch; 0 when
	// the limit has let a request through.
	Until int64 `json:"until"`
	// Wake is set by Group.Hear, as Answer.Wake is.
	Wake []int `json:"wake,omitempty"`
}

// Resume says how to ask for the rest of an answer.
type Resume struct {
	// How is ResumeLastEventID, ResumeBackground, ResumeContinue or ResumeCustom.
	How retry.ResumeKind `json:"how"`
	// Method replaces the first request's if it is set.
	Method string `json:"method,omitempty"`
	// URL replaces the first request's if it is set.
	URL string `json:"url,omitempty"`
	// NoBody says that the request has no body.
	NoBody bool `json:"no_body,omitempty"`
	// Rewrite says that the body is the result of Session.Rewrite.
	Rewrite bool `json:"rewrite,omitempty"`
	// LastEventID is the value of the header Last-Event-ID (WHATWG HTML §9.2.4) if it is set.
	LastEventID string `json:"last_event_id,omitempty"`
	// Text, ResponseID and Sequence are what was received.
	Text       string `json:"text,omitempty"`
	ResponseID string `json:"response_id,omitempty"`
	Sequence   int64  `json:"sequence,omitempty"`
}

// State is a value of Snapshot.State.
type State string

const (
	StateIdle      State = "idle"      // not started
	StateOpening   State = "opening"   // a request was sent, nothing was shown yet
	StateStreaming State = "streaming" // output flows
	StateWaiting   State = "waiting"   // until Retry.RetryingAt, or for a connection, or for another request's cool-down
	StateFinished  State = "finished"  // the answer is complete, or a response was passed on
	StateFailed    State = "failed"    // for good; Verdict says why
	StateStopped   State = "stopped"   // by the caller or a person
)

// WaitingFor is what a session waits for besides the time.
type WaitingFor string

const (
	WaitingForConnection WaitingFor = "connection" // the host is offline
	WaitingForCooldown   WaitingFor = "cooldown"   // of another request to the same bucket
	WaitingForPerson     WaitingFor = "person"     // who ends each wait, after OnManual
	WaitingForServer     WaitingFor = "server"     // the application's own, which relays an answer and is itself waiting; set by hosts, not by a session
)

// Snapshot is a session's state, for a late subscriber and for storage.
type Snapshot struct {
	// State says how far the request is.
	State State `json:"state"`
	// Attempt is the number of the current attempt, from 1; 0 before the first.
	Attempt int `json:"attempt"`
	// Failures is the number of failures since the last success or "retry now".
	Failures int `json:"failures"`
	// Suspected counts failures that may be how this server always answers, by name:
	// "truncated 2, silence 1".
	Suspected string `json:"suspected,omitempty"`
	// Slow is set when no output came for 15 s.
	Slow bool `json:"slow,omitempty"`
	// WaitingFor is empty if only the time has to pass.
	WaitingFor WaitingFor `json:"waiting_for,omitempty"`
	// Retry is the event to show while State is waiting.
	Retry *retry.ChatStreamRetry `json:"retry,omitempty"`
	// Verdict is why the request failed or was stopped, or that the provider withheld
	// the answer.
	Verdict *classify.Verdict `json:"verdict,omitempty"`
	// Last is the verdict on the last failure if Verdict is the engine's own.
	Last *classify.Verdict `json:"last,omitempty"`
}
