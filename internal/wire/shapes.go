package wire

import (
	"unsafe"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// kind is a field's type, and so how it is read and written.
type kind uint8

const (
	text      kind = iota // string
	flag                  // bool
	number                // int
	long                  // int64
	numbers               // []int, only ever written
	maybe                 // *int64
	moment                // time.Time
	headers               // classify.Headers
	policy                // retry.Policy, by its own UnmarshalJSON
	inRequest             // session.Request, in place; the other structs are behind pointers
	toRequest
	toEvent
	toError
	toFailure
	toRetry
	toSnapshot
	toVerdict
	toStep
	toShared
	toResume
	toConfig
	toHappened
	toAnswer
	toEnding
	toSaid
	toAbout
)

// field is a line of a shape. A field with its zero value is not written, unless
// always is set.
type field struct {
	name   string
	at     uintptr
	kind   kind
	always bool
}

// shape is the table of a struct's fields. One reader and one writer use these
// tables: code for each field would be four times the size, and reflection
// larger than the whole module.
type shape []field

var (
	failure  classify.Failure
	event    classify.Event
	info     classify.ErrorInfo
	verdict  classify.Verdict
	step     classify.Step
	config   session.Config
	request  session.Request
	happened session.Happened
	reply    session.Answer
	wait     retry.ChatStreamRetry
	snapshot session.Snapshot
	shared   session.Shared
	resume   session.Resume
	ending   protocol.Ending
	spoken   said
	about    session.About
)

// said is protocol.Said as it is written.
type said struct {
	Text      string `json:"text,omitempty"`
	Reasoning string `json:"reasoning,omitempty"`
}

var failureShape = shape{
	{name: "phase", at: unsafe.Offsetof(failure.Phase), kind: text},
	{name: "status", at: unsafe.Offsetof(failure.Status), kind: number},
	{name: "headers", at: unsafe.Offsetof(failure.Headers), kind: headers},
	{name: "body", at: unsafe.Offsetof(failure.Body), kind: text},
	{name: "event", at: unsafe.Offsetof(failure.Event), kind: toEvent},
	{name: "error", at: unsafe.Offsetof(failure.Error), kind: toError},
	{name: "provider", at: unsafe.Offsetof(failure.Provider), kind: text},
	{name: "url", at: unsafe.Offsetof(failure.URL), kind: text},
	{name: "foreign", at: unsafe.Offsetof(failure.Foreign), kind: flag},
	{name: "canceled", at: unsafe.Offsetof(failure.Canceled), kind: flag},
	{name: "timer", at: unsafe.Offsetof(failure.Timer), kind: text},
	{name: "now", at: unsafe.Offsetof(failure.Now), kind: long},
	{name: "unknown_retryable", at: unsafe.Offsetof(failure.UnknownRetryable), kind: flag},
	{name: "verdict", at: unsafe.Offsetof(failure.Verdict), kind: toVerdict},
}

var eventShape = shape{
	{name: "event", at: unsafe.Offsetof(event.Event), kind: text},
	{name: "data", at: unsafe.Offsetof(event.Data), kind: text},
}

var errorShape = shape{
	{name: "name", at: unsafe.Offsetof(info.Name), kind: text},
	{name: "message", at: unsafe.Offsetof(info.Message), kind: text},
	{name: "code", at: unsafe.Offsetof(info.Code), kind: text},
	{name: "retryable", at: unsafe.Offsetof(info.Retryable), kind: text},
	{name: "cause", at: unsafe.Offsetof(info.Cause), kind: toError},
}

var verdictShape = shape{
	{name: "retryable", at: unsafe.Offsetof(verdict.Retryable), kind: flag, always: true},
	{name: "kind", at: unsafe.Offsetof(verdict.Kind), kind: text, always: true},
	{name: "provider", at: unsafe.Offsetof(verdict.Provider), kind: text},
	{name: "status", at: unsafe.Offsetof(verdict.Status), kind: number},
	{name: "retry_after_ms", at: unsafe.Offsetof(verdict.RetryAfterMs), kind: maybe},
	{name: "rule", at: unsafe.Offsetof(verdict.Rule), kind: text},
	{name: "chain_broken", at: unsafe.Offsetof(verdict.ChainBroken), kind: flag},
	{name: "party", at: unsafe.Offsetof(verdict.Party), kind: text},
	{name: "title", at: unsafe.Offsetof(verdict.Title), kind: text},
	{name: "message", at: unsafe.Offsetof(verdict.Message), kind: text},
	{name: "detail", at: unsafe.Offsetof(verdict.Detail), kind: text},
}

var stepShape = shape{
	{name: "rule", at: unsafe.Offsetof(step.Rule), kind: text, always: true},
	{name: "phrase", at: unsafe.Offsetof(step.Phrase), kind: text},
	{name: "where", at: unsafe.Offsetof(step.Where), kind: text},
	{name: "text", at: unsafe.Offsetof(step.Text), kind: text},
	{name: "decided", at: unsafe.Offsetof(step.Decided), kind: flag},
}

var requestShape = shape{
	{name: "method", at: unsafe.Offsetof(request.Method), kind: text},
	{name: "url", at: unsafe.Offsetof(request.URL), kind: text},
	{name: "headers", at: unsafe.Offsetof(request.Headers), kind: headers},
	{name: "body", at: unsafe.Offsetof(request.Body), kind: text},
	{name: "redirect", at: unsafe.Offsetof(request.Redirect), kind: text},
}

var configShape = shape{
	{name: "policy", at: unsafe.Offsetof(config.Policy), kind: policy},
	{name: "request", at: unsafe.Offsetof(config.Request), kind: inRequest},
	{name: "provider", at: unsafe.Offsetof(config.Provider), kind: text},
	{name: "id", at: unsafe.Offsetof(config.ID), kind: number},
	{name: "seed", at: unsafe.Offsetof(config.Seed), kind: long},
	{name: "can_reset", at: unsafe.Offsetof(config.CanReset), kind: flag},
	{name: "not_replayable", at: unsafe.Offsetof(config.NotReplayable), kind: flag},
	{name: "opaque_errors", at: unsafe.Offsetof(config.OpaqueErrors), kind: flag},
	{name: "offline", at: unsafe.Offsetof(config.Offline), kind: flag},
	{name: "manual", at: unsafe.Offsetof(config.Manual), kind: flag},
	{name: "recover", at: unsafe.Offsetof(config.Recover), kind: flag},
	{name: "restore", at: unsafe.Offsetof(config.Restore), kind: toSnapshot},
}

var happenedShape = shape{
	{name: "what", at: unsafe.Offsetof(happened.What), kind: text, always: true},
	{name: "now", at: unsafe.Offsetof(happened.Now), kind: long, always: true},
	{name: "attempt", at: unsafe.Offsetof(happened.Attempt), kind: number},
	{name: "status", at: unsafe.Offsetof(happened.Status), kind: number},
	{name: "headers", at: unsafe.Offsetof(happened.Headers), kind: headers},
	{name: "error", at: unsafe.Offsetof(happened.Error), kind: toError},
	{name: "failure", at: unsafe.Offsetof(happened.Failure), kind: toFailure},
	{name: "request", at: unsafe.Offsetof(happened.Request), kind: toRequest},
}

var answerShape = shape{
	{name: "do", at: unsafe.Offsetof(reply.Do), kind: text, always: true},
	{name: "attempt", at: unsafe.Offsetof(reply.Attempt), kind: number},
	{name: "timer_at", at: unsafe.Offsetof(reply.TimerAt), kind: long},
	{name: "bytes", at: unsafe.Offsetof(reply.Bytes), kind: number},
	{name: "committed", at: unsafe.Offsetof(reply.Committed), kind: flag},
	{name: "reset", at: unsafe.Offsetof(reply.Reset), kind: flag},
	{name: "retry", at: unsafe.Offsetof(reply.Retry), kind: toRetry},
	{name: "resume", at: unsafe.Offsetof(reply.Resume), kind: toResume},
	{name: "verdict", at: unsafe.Offsetof(reply.Verdict), kind: toVerdict},
	{name: "last", at: unsafe.Offsetof(reply.Last), kind: toVerdict},
	{name: "probe", at: unsafe.Offsetof(reply.Probe), kind: flag},
	{name: "bucket", at: unsafe.Offsetof(reply.Bucket), kind: text},
	{name: "wake", at: unsafe.Offsetof(reply.Wake), kind: numbers},
	{name: "share", at: unsafe.Offsetof(reply.Share), kind: toShared},
	{name: "warning", at: unsafe.Offsetof(reply.Warning), kind: text},
}

var retryShape = shape{
	{name: "attempt", at: unsafe.Offsetof(wait.Attempt), kind: number, always: true},
	{name: "delay_ms", at: unsafe.Offsetof(wait.DelayMs), kind: long, always: true},
	{name: "error", at: unsafe.Offsetof(wait.Error), kind: text, always: true},
	{name: "retrying_at", at: unsafe.Offsetof(wait.RetryingAt), kind: moment},
	{name: "kind", at: unsafe.Offsetof(wait.Kind), kind: text},
	{name: "provider", at: unsafe.Offsetof(wait.Provider), kind: text},
	{name: "status_code", at: unsafe.Offsetof(wait.StatusCode), kind: number},
	{name: "title", at: unsafe.Offsetof(wait.Title), kind: text},
	{name: "party", at: unsafe.Offsetof(wait.Party), kind: text},
	{name: "before", at: unsafe.Offsetof(wait.Before), kind: number},
}

var snapshotShape = shape{
	{name: "state", at: unsafe.Offsetof(snapshot.State), kind: text, always: true},
	{name: "attempt", at: unsafe.Offsetof(snapshot.Attempt), kind: number, always: true},
	{name: "failures", at: unsafe.Offsetof(snapshot.Failures), kind: number, always: true},
	{name: "suspected", at: unsafe.Offsetof(snapshot.Suspected), kind: text},
	{name: "slow", at: unsafe.Offsetof(snapshot.Slow), kind: flag},
	{name: "waiting_for", at: unsafe.Offsetof(snapshot.WaitingFor), kind: text},
	{name: "retry", at: unsafe.Offsetof(snapshot.Retry), kind: toRetry},
	{name: "verdict", at: unsafe.Offsetof(snapshot.Verdict), kind: toVerdict},
	{name: "last", at: unsafe.Offsetof(snapshot.Last), kind: toVerdict},
}

var sharedShape = shape{
	{name: "bucket", at: unsafe.Offsetof(shared.Bucket), kind: text, always: true},
	{name: "until", at: unsafe.Offsetof(shared.Until), kind: long, always: true},
	{name: "wake", at: unsafe.Offsetof(shared.Wake), kind: numbers},
}

var resumeShape = shape{
	{name: "how", at: unsafe.Offsetof(resume.How), kind: text, always: true},
	{name: "method", at: unsafe.Offsetof(resume.Method), kind: text},
	{name: "url", at: unsafe.Offsetof(resume.URL), kind: text},
	{name: "no_body", at: unsafe.Offsetof(resume.NoBody), kind: flag},
	{name: "rewrite", at: unsafe.Offsetof(resume.Rewrite), kind: flag},
	{name: "last_event_id", at: unsafe.Offsetof(resume.LastEventID), kind: text},
	{name: "text", at: unsafe.Offsetof(resume.Text), kind: text},
	{name: "response_id", at: unsafe.Offsetof(resume.ResponseID), kind: text},
	{name: "sequence", at: unsafe.Offsetof(resume.Sequence), kind: long},
}

var endingShape = shape{
	{name: "reason", at: unsafe.Offsetof(ending.Reason), kind: text},
	{name: "input_tokens", at: unsafe.Offsetof(ending.InputTokens), kind: long},
	{name: "output_tokens", at: unsafe.Offsetof(ending.OutputTokens), kind: long},
}

var aboutShape = shape{
	{name: "model", at: unsafe.Offsetof(about.Model), kind: text},
	{name: "bucket", at: unsafe.Offsetof(about.Bucket), kind: text},
}

var saidShape = shape{
	{name: "text", at: unsafe.Offsetof(spoken.Text), kind: text},
	{name: "reasoning", at: unsafe.Offsetof(spoken.Reasoning), kind: text},
}

// shapes maps a kind to its struct's shape.
var shapes = [...]shape{
	inRequest:  requestShape,
	toRequest:  requestShape,
	toEvent:    eventShape,
	toError:    errorShape,
	toFailure:  failureShape,
	toRetry:    retryShape,
	toSnapshot: snapshotShape,
	toVerdict:  verdictShape,
	toStep:     stepShape,
	toShared:   sharedShape,
	toResume:   resumeShape,
	toConfig:   configShape,
	toHappened: happenedShape,
	toAnswer:   answerShape,
	toEnding:   endingShape,
	toSaid:     saidShape,
	toAbout:    aboutShape,
}
