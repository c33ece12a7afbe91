package main

import (
	"unsafe"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// The shapes that cross the boundary, as tables: one reader and one writer
// (codec.go) go by them. Code per field would be four times their size, and
// reflection more than the whole module. A test holds them to the json tags of
// the structs.

type kind uint8

const (
	text    kind = iota // string, left out if empty
	texts               // string, never left out
	flag                // bool, left out if false
	flags               // bool, never left out
	number              // int, left out if 0
	numbers             // int, never left out
	long                // int64, left out if 0
	longs               // int64, never left out
	maybe               // *int64, left out if nil
	moment              // time.Time
	header              // classify.Headers
	policy              // retry.Policy: see readPolicy
	// What follows points to another shape, or is one.
	inline
	toEvent
	toError
	toFailure
	toRetry
	toSnapshot
	toVerdict
	toShared
	toResume
)

type field struct {
	name string
	at   uintptr
	kind kind
}

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
	speech   spoken
)

// spoken is protocol.Said as it goes out.
type spoken struct{ text, reasoning string }

var failureShape = shape{
	{"phase", unsafe.Offsetof(failure.Phase), text},
	{"status", unsafe.Offsetof(failure.Status), number},
	{"headers", unsafe.Offsetof(failure.Headers), header},
	{"body", unsafe.Offsetof(failure.Body), text},
	{"event", unsafe.Offsetof(failure.Event), toEvent},
	{"error", unsafe.Offsetof(failure.Error), toError},
	{"provider", unsafe.Offsetof(failure.Provider), text},
	{"url", unsafe.Offsetof(failure.URL), text},
	{"canceled", unsafe.Offsetof(failure.Canceled), flag},
	{"timer", unsafe.Offsetof(failure.Timer), text},
	{"now", unsafe.Offsetof(failure.Now), long},
	{"unknown_retryable", unsafe.Offsetof(failure.UnknownRetryable), flag},
}

var eventShape = shape{
	{"event", unsafe.Offsetof(event.Event), text},
	{"data", unsafe.Offsetof(event.Data), text},
}

var errorShape = shape{
	{"name", unsafe.Offsetof(info.Name), text},
	{"message", unsafe.Offsetof(info.Message), text},
	{"code", unsafe.Offsetof(info.Code), text},
	{"cause", unsafe.Offsetof(info.Cause), toError},
}

var verdictShape = shape{
	{"retryable", unsafe.Offsetof(verdict.Retryable), flags},
	{"kind", unsafe.Offsetof(verdict.Kind), texts},
	{"provider", unsafe.Offsetof(verdict.Provider), text},
	{"status", unsafe.Offsetof(verdict.Status), number},
	{"retry_after_ms", unsafe.Offsetof(verdict.RetryAfterMs), maybe},
	{"rule", unsafe.Offsetof(verdict.Rule), text},
	{"chain_broken", unsafe.Offsetof(verdict.ChainBroken), flag},
	{"title", unsafe.Offsetof(verdict.Title), text},
	{"message", unsafe.Offsetof(verdict.Message), text},
	{"detail", unsafe.Offsetof(verdict.Detail), text},
}

var stepShape = shape{
	{"rule", unsafe.Offsetof(step.Rule), texts},
	{"phrase", unsafe.Offsetof(step.Phrase), text},
	{"where", unsafe.Offsetof(step.Where), text},
	{"text", unsafe.Offsetof(step.Text), text},
	{"decided", unsafe.Offsetof(step.Decided), flag},
}

var requestShape = shape{
	{"method", unsafe.Offsetof(request.Method), text},
	{"url", unsafe.Offsetof(request.URL), text},
	{"headers", unsafe.Offsetof(request.Headers), header},
	{"body", unsafe.Offsetof(request.Body), text},
	{"redirect", unsafe.Offsetof(request.Redirect), text},
}

var configShape = shape{
	{"policy", unsafe.Offsetof(config.Policy), policy},
	{"request", unsafe.Offsetof(config.Request), inline},
	{"provider", unsafe.Offsetof(config.Provider), text},
	{"seed", unsafe.Offsetof(config.Seed), long},
	{"can_reset", unsafe.Offsetof(config.CanReset), flag},
	{"not_replayable", unsafe.Offsetof(config.NotReplayable), flag},
	{"opaque_errors", unsafe.Offsetof(config.OpaqueErrors), flag},
	{"offline", unsafe.Offsetof(config.Offline), flag},
	{"restore", unsafe.Offsetof(config.Restore), toSnapshot},
}

var happenedShape = shape{
	{"what", unsafe.Offsetof(happened.What), texts},
	{"now", unsafe.Offsetof(happened.Now), longs},
	{"attempt", unsafe.Offsetof(happened.Attempt), number},
	{"status", unsafe.Offsetof(happened.Status), number},
	{"headers", unsafe.Offsetof(happened.Headers), header},
	{"error", unsafe.Offsetof(happened.Error), toError},
	{"failure", unsafe.Offsetof(happened.Failure), toFailure},
}

var answerShape = shape{
	{"do", unsafe.Offsetof(reply.Do), texts},
	{"attempt", unsafe.Offsetof(reply.Attempt), number},
	{"timer_at", unsafe.Offsetof(reply.TimerAt), long},
	{"bytes", unsafe.Offsetof(reply.Bytes), number},
	{"committed", unsafe.Offsetof(reply.Committed), flag},
	{"reset", unsafe.Offsetof(reply.Reset), flag},
	{"retry", unsafe.Offsetof(reply.Retry), toRetry},
	{"resume", unsafe.Offsetof(reply.Resume), toResume},
	{"verdict", unsafe.Offsetof(reply.Verdict), toVerdict},
	{"last", unsafe.Offsetof(reply.Last), toVerdict},
	{"probe", unsafe.Offsetof(reply.Probe), flag},
	{"bucket", unsafe.Offsetof(reply.Bucket), text},
	{"poke", unsafe.Offsetof(reply.Poke), flag},
	{"share", unsafe.Offsetof(reply.Share), toShared},
	{"warning", unsafe.Offsetof(reply.Warning), text},
}

var retryShape = shape{
	{"attempt", unsafe.Offsetof(wait.Attempt), numbers},
	{"delay_ms", unsafe.Offsetof(wait.DelayMs), longs},
	{"error", unsafe.Offsetof(wait.Error), texts},
	{"retrying_at", unsafe.Offsetof(wait.RetryingAt), moment},
	{"kind", unsafe.Offsetof(wait.Kind), text},
	{"provider", unsafe.Offsetof(wait.Provider), text},
	{"status_code", unsafe.Offsetof(wait.StatusCode), number},
	{"title", unsafe.Offsetof(wait.Title), text},
}

var snapshotShape = shape{
	{"state", unsafe.Offsetof(snapshot.State), texts},
	{"attempt", unsafe.Offsetof(snapshot.Attempt), numbers},
	{"failures", unsafe.Offsetof(snapshot.Failures), numbers},
	{"suspected", unsafe.Offsetof(snapshot.Suspected), text},
	{"slow", unsafe.Offsetof(snapshot.Slow), flag},
	{"waiting_for", unsafe.Offsetof(snapshot.WaitingFor), text},
	{"retry", unsafe.Offsetof(snapshot.Retry), toRetry},
	{"verdict", unsafe.Offsetof(snapshot.Verdict), toVerdict},
}

var sharedShape = shape{
	{"bucket", unsafe.Offsetof(shared.Bucket), texts},
	{"until", unsafe.Offsetof(shared.Until), longs},
}

var resumeShape = shape{
	{"how", unsafe.Offsetof(resume.How), texts},
	{"method", unsafe.Offsetof(resume.Method), text},
	{"suffix", unsafe.Offsetof(resume.Suffix), text},
	{"no_body", unsafe.Offsetof(resume.NoBody), flag},
	{"rewrite", unsafe.Offsetof(resume.Rewrite), flag},
	{"last_event_id", unsafe.Offsetof(resume.LastEventID), text},
	{"text", unsafe.Offsetof(resume.Text), text},
	{"response_id", unsafe.Offsetof(resume.ResponseID), text},
	{"sequence", unsafe.Offsetof(resume.Sequence), long},
}

var endingShape = shape{
	{"reason", unsafe.Offsetof(ending.Reason), text},
	{"input_tokens", unsafe.Offsetof(ending.InputTokens), long},
	{"output_tokens", unsafe.Offsetof(ending.OutputTokens), long},
}

var saidShape = shape{
	{"text", unsafe.Offsetof(speech.text), text},
	{"reasoning", unsafe.Offsetof(speech.reasoning), text},
}

// shapes are those that a kind points to, from inline on.
var shapes = [...]shape{requestShape, eventShape, errorShape, failureShape, retryShape, snapshotShape, verdictShape, sharedShape, resumeShape}
