package session

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
)

// Request is what a session knows of the request that it guards. It is never
// shown.
type Request struct {
	Method  string           `json:"method,omitempty"`
	URL     string           `json:"url,omitempty"`
	Headers classify.Headers `json:"headers,omitempty"`
	// Body is the request's text body, or its first part: Session.Body takes the
	// rest. It tells whether a stream was asked for, and of which model.
	Body string `json:"body,omitempty"`
	// Redirect is fetch's redirect mode, where the host has one.
	Redirect string `json:"redirect,omitempty"`
}

// Config is what a new session is made from.
type Config struct {
	Policy  retry.Policy `json:"policy"`
	Request Request      `json:"request"`
	// Provider is a hint for the classifier, for hosts that know it.
	Provider string `json:"provider,omitempty"`
	// ID is the host's own name for the session, in Answer.Wake.
	ID int `json:"id,omitempty"`
	// Seed feeds the jitter. Any value will do; the same seed gives the same waits.
	Seed int64 `json:"seed,omitempty"`
	// CanReset says that the consumer can be told to drop what it has.
	CanReset bool `json:"can_reset,omitempty"`
	// NotReplayable says that the request's body can be sent only once.
	NotReplayable bool `json:"not_replayable,omitempty"`
	// OpaqueErrors says that the host cannot tell a CORS refusal from a dead
	// network, as browsers cannot.
	OpaqueErrors bool `json:"opaque_errors,omitempty"`
	// Offline says that the host believes it is offline at the start.
	Offline bool `json:"offline,omitempty"`
	// Manual makes every wait last until OnRetryNow, as OnManual does.
	Manual bool `json:"manual,omitempty"`
	// Recover says that the host may know another request when one fails: it is
	// asked with DoRecover.
	Recover bool `json:"recover,omitempty"`
	// Restore is a Snapshot taken earlier, perhaps before a page was
	// reloaded: the session goes on waiting where that one was.
	Restore *Snapshot `json:"restore,omitempty"`
}

// On is a value of Happened.What.
type On string

const (
	OnStart     On = "start"      // the caller made the request; always the first
	OnResponse  On = "response"   // headers arrived: Status, Headers
	OnEnd       On = "end"        // the body ended, as bodies end
	OnError     On = "error"      // fetch or the body failed: Error
	OnFailed    On = "failed"     // an attempt that is no fetch failed: Failure
	OnSuccess   On = "success"    // an attempt that is no fetch succeeded
	OnTimer     On = "timer"      // the time that Answer.TimerAt named has come, or the host woke up
	OnAbort     On = "abort"      // the caller's signal or context ended the request
	OnStop      On = "stop"       // a person pressed Stop
	OnRetryNow  On = "retry_now"  // a person pressed Retry now
	OnOnline    On = "online"     // the host believes it is online
	OnOffline   On = "offline"    // … offline
	OnProbeLost On = "probe_lost" // another tab is probing this origin already
	OnManual    On = "manual"     // from now on every wait lasts until OnRetryNow
	OnAutomatic On = "automatic"  // … no longer
	OnRecovered On = "recovered"  // the answer to DoRecover: Request, or none
)

// Happened is one thing that a host saw.
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
	// Request is the one to send instead, whole.
	Request *Request `json:"request,omitempty"`
}

// Do is a value of Answer.Do.
type Do string

const (
	DoNothing Do = "none"    // go on as before
	DoOpen    Do = "open"    // open the request as attempt Attempt
	DoRead    Do = "read"    // read the body and hand every chunk in
	DoWait    Do = "wait"    // drop the attempt, if there is one, and wait for TimerAt
	DoPass    Do = "pass"    // give the response to the caller: Bytes, then the rest untouched; the session is over
	DoLend    Do = "lend"    // the same for a consumer of events: report OnEnd or OnError when it has read all
	DoFinish  Do = "finish"  // deliver Bytes, end the consumer's stream, stop reading; the session is over
	DoFail    Do = "fail"    // deliver Bytes, then fail with Verdict, stop reading; the session is over
	DoRecover Do = "recover" // read no more of the attempt, but keep it; ask for another request after Verdict, and report OnRecovered
	DoRethrow Do = "rethrow" // fail with the very error that the attempt threw; the session is over
)

// Answer is what the host is to do now.
type Answer struct {
	Do Do `json:"do"`
	// Attempt is the number of the attempt in force, from 1.
	Attempt int `json:"attempt,omitempty"`
	// TimerAt is when to call back with OnTimer, on the clock of Happened.Now;
	// 0 is never. Every answer replaces the one before.
	TimerAt int64 `json:"timer_at,omitempty"`
	// Bytes is how many bytes of the stream may go to the consumer now.
	Bytes int `json:"bytes,omitempty"`
	// Committed is set when the attempt's first output is among Bytes: from
	// here on the consumer has seen something.
	Committed bool `json:"committed,omitempty"`
	// Reset tells the consumer to drop what it has before it takes Bytes.
	Reset bool `json:"reset,omitempty"`
	// Retry is the event to show.
	Retry *retry.ChatStreamRetry `json:"retry,omitempty"`
	// Resume says how the request to open differs from the first one.
	Resume *Resume `json:"resume,omitempty"`
	// Verdict is why the session failed or ended; with DoFinish it is set when
	// the provider ended the answer itself (content_policy).
	Verdict *classify.Verdict `json:"verdict,omitempty"`
	// Last is the verdict on the last failure where Verdict is the engine's own
	// (attempts_exhausted, retry_after_too_long, …).
	Last *classify.Verdict `json:"last,omitempty"`
	// Probe asks the host to make sure that no other tab probes Bucket at the
	// same time, and to report OnProbeLost instead of opening if one does.
	Probe bool `json:"probe,omitempty"`
	// Bucket is set with Probe: the name of the lock.
	Bucket string `json:"bucket,omitempty"`
	// Wake names sessions, by Config.ID, that the host is to report OnTimer to:
	// it is their turn, or one of them has to keep an eye on the time.
	Wake []int `json:"wake,omitempty"`
	// Share is to be sent to other tabs, which hand it to their engine.
	Share *Shared `json:"share,omitempty"`
	// Warning is the name of a rule for the caller's warnings.
	Warning string `json:"warning,omitempty"`
}

// Shared is what sessions of one bucket tell each other: a hash and a time.
type Shared struct {
	// Bucket is a hash of origin, credential and model.
	Bucket string `json:"bucket"`
	// Until is the end of the cool-down; 0 when the limit has let one through.
	Until int64 `json:"until"`
	// Wake is set by Group.Hear, as Answer.Wake is.
	Wake []int `json:"wake,omitempty"`
}

// Resume says how to ask for the rest of an answer.
type Resume struct {
	// How is ResumeLastEventID, ResumeBackground, ResumeContinue or ResumeCustom.
	How retry.ResumeKind `json:"how"`
	// Method replaces the first request's, if it is set.
	Method string `json:"method,omitempty"`
	// URL replaces the first request's, if it is set.
	URL string `json:"url,omitempty"`
	// NoBody says that the request has no body.
	NoBody bool `json:"no_body,omitempty"`
	// Rewrite says that the body is Session.Rewrite's.
	Rewrite bool `json:"rewrite,omitempty"`
	// LastEventID goes into the header of that name (WHATWG HTML §9.2.4), if it is set.
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
	StateOpening   State = "opening"   // a request is on its way, nothing shown yet
	StateStreaming State = "streaming" // output flows
	StateWaiting   State = "waiting"   // until Retry.RetryingAt, or for a connection, or for another request's cool-down
	StateFinished  State = "finished"  // the answer is complete, or a response was passed on
	StateFailed    State = "failed"    // for good; Verdict says why
	StateStopped   State = "stopped"   // by the caller or a person
)

// WaitingFor is what a session waits for, where it is more than the time.
type WaitingFor string

const (
	WaitingForConnection WaitingFor = "connection" // the host is offline
	WaitingForCooldown   WaitingFor = "cooldown"   // of another request to the same bucket
	WaitingForPerson     WaitingFor = "person"     // who has made it manual
	WaitingForServer     WaitingFor = "server"     // of one's own, which relays an answer and waits itself; a host says so
)

// Snapshot is a session's state, for a late subscriber and for storage.
type Snapshot struct {
	// State says how far the request is.
	State State `json:"state"`
	// Attempt is the number of the attempt in force, from 1; 0 before the first.
	Attempt int `json:"attempt"`
	// Failures are those since the last success or "retry now".
	Failures int `json:"failures"`
	// Suspected counts failures that may be how this server always is, by name:
	// "truncated 2, silence 1".
	Suspected string `json:"suspected,omitempty"`
	// Slow is set when no output came for 15 s.
	Slow bool `json:"slow,omitempty"`
	// WaitingFor is empty where only the time has to pass.
	WaitingFor WaitingFor `json:"waiting_for,omitempty"`
	// Retry is the event to show while State is waiting.
	Retry *retry.ChatStreamRetry `json:"retry,omitempty"`
	// Verdict is why the request failed, or why it is tried again.
	Verdict *classify.Verdict `json:"verdict,omitempty"`
	// Last is the verdict on the last failure where Verdict is the engine's own.
	Last *classify.Verdict `json:"last,omitempty"`
}
