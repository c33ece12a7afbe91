package retry

import (
	"errors"
	"time"
	"unsafe"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
)

// Policy says when to retry. The zero value is the default: forever, after
// 1s -> 2s -> 4s … 60s, without jitter, and never sooner than the server asks.
//
// A number or time of 0 stands for its default; a negative one is off. In JSON a field
// that is left out is the default, and 0 is off; times are in milliseconds there,
// rounded up to whole ones.
type Policy struct {
	// MaxAttempts is the largest number of attempts, including the first. Default: no
	// limit.
	MaxAttempts int `json:"max_attempts,omitempty"`
	// InitialDelay is the first wait. Each further one is twice as long. Default: one
	// second.
	InitialDelay time.Duration `json:"initial_delay_ms,omitempty"`
	// MaxDelay is the longest wait, unless the server asks for a longer one. Default:
	// one minute.
	MaxDelay time.Duration `json:"max_delay_ms,omitempty"`
	// MaxRetryAfter is the longest wait that a server may ask for. If it asks for
	// more, the retrying ends. Default: ten minutes; off accepts any wait.
	MaxRetryAfter time.Duration `json:"max_retry_after_ms,omitempty"`
	// MaxElapsed limits the total time of waits and failed attempts. Time in which
	// output flowed does not count. A wait that does not fit is not started. Default:
	// no limit.
	MaxElapsed time.Duration `json:"max_elapsed_ms,omitempty"`
	// FirstByteTimeout limits the time from the start of a request to the first byte of
	// the response's body. Default: off.
	FirstByteTimeout time.Duration `json:"first_byte_timeout_ms,omitempty"`
	// SilenceTimeout limits the time from any byte to the next, comments and pings
	// included. It detects half-open connections. Default: off.
	SilenceTimeout time.Duration `json:"silence_timeout_ms,omitempty"`
	// ContentTimeout limits the time from one real event to the next, and from the
	// start of the request to the first. It detects generations that died while
	// keep-alives go on. Default: ten minutes.
	ContentTimeout time.Duration `json:"content_timeout_ms,omitempty"`
	// BudgetTokens turns on the retry throttling of gRPC (proposal A6) with this many
	// tokens: each retryable failure takes one, each success returns BudgetRatio, and
	// there are retries only while more than half are left. The requests of a bucket
	// share them. Default: off.
	BudgetTokens int `json:"budget_tokens,omitempty"`
	// BudgetRatio is what a success returns, in thousandths of a token. Default: 100,
	// a tenth.
	BudgetRatio int `json:"budget_ratio,omitempty"`
	// MaxReplayBytes is the largest request body, in bytes, that a host reads into
	// memory because it can be read only once. A request with a larger one, or one that
	// pauses for 100 ms, is sent as it comes but not retried. Default: 16 MiB.
	MaxReplayBytes int `json:"max_replay_bytes,omitempty"`

	// Preset sets the fields that are left 0: PresetOrigin (the default),
	// PresetCoder (25 attempts, restart after commit) or PresetMux (first wait
	// two seconds, unknown errors are retried, resume after commit).
	Preset Preset `json:"preset,omitempty"`
	// Jitter is JitterNone (the default), JitterFull (between 0 and the wait) or
	// JitterEqual (between half the wait and the wait). Jitter can only
	// lengthen a wait that the server asked for, by up to a tenth.
	Jitter Jitter `json:"jitter,omitempty"`
	// AfterCommit is what happens at a failure after output was delivered:
	// AfterCommitFail (the stream ends with an error), AfterCommitRestart (the
	// consumer drops what it has, and the answer starts again) or AfterCommitResume
	// (the answer continues where it broke off). Default: restart if the consumer can
	// drop what it has, else fail. If a resume is not possible, the default applies.
	AfterCommit AfterCommit `json:"after_commit,omitempty"`
	// Resume is how to resume: ResumeLastEventID sends the last event's id,
	// ResumeBackground asks OpenAI's Responses API for the rest, ResumeContinue
	// repeats the request with two more turns (the partial answer and a user's
	// "[CONTINUE]"; a model may not continue exactly where it broke off, and then the
	// join shows), ResumeCustom leaves the request to the caller. Default: the one
	// that fits what was received.
	Resume ResumeKind `json:"resume,omitempty"`

	// Protocol names the protocol of the answer: "anthropic", "openai-chat",
	// "openai-responses", "gemini", "ai-sdk", "cohere", "sse" (events of no known
	// form), or "none", which leaves every body alone. It does not make the
	// engine watch the answer of a request that asks for no stream. Default: what the
	// request's address shows.
	Protocol string `json:"protocol,omitempty"`
	// Bucket is a name that requests with the same limit of a server share, within an
	// origin. Default: their credential and model.
	Bucket string `json:"bucket,omitempty"`

	// Lenient accepts the end of the body as the end of an answer even if the
	// protocol's end marker is missing, for proxies that leave it out.
	Lenient bool `json:"lenient,omitempty"`
	// UnknownRetryable retries failures that no rule knows.
	UnknownRetryable bool `json:"unknown_retryable,omitempty"`
	// NoCooldown lets this request go without regard to limits that other requests of
	// its bucket have met.
	NoCooldown bool `json:"no_cooldown,omitempty"`
}

// Preset is a value of Policy.Preset.
type Preset string

const (
	PresetOrigin Preset = "origin" // the default
	PresetCoder  Preset = "coder"  // 25 attempts, restart after commit
	PresetMux    Preset = "mux"    // first wait two seconds, unknown errors are retried, resume after commit
)

// Jitter is a value of Policy.Jitter.
type Jitter string

const (
	JitterNone  Jitter = "none"  // the default
	JitterFull  Jitter = "full"  // between 0 and the wait
	JitterEqual Jitter = "equal" // between half the wait and the wait
)

// AfterCommit is a value of Policy.AfterCommit.
type AfterCommit string

const (
	AfterCommitFail    AfterCommit = "fail"    // the stream ends with an error
	AfterCommitRestart AfterCommit = "restart" // the consumer drops what it has, and the answer starts again
	AfterCommitResume  AfterCommit = "resume"  // the answer continues where it broke off
)

// ResumeKind is a value of Policy.Resume.
type ResumeKind string

const (
	ResumeLastEventID ResumeKind = "last_event_id" // Server-Sent Events with ids, WHATWG HTML §9.2.4
	ResumeBackground  ResumeKind = "background"    // OpenAI Responses in background mode
	ResumeContinue    ResumeKind = "continue"      // the request with two more turns: the partial answer and a user's [CONTINUE]
	ResumeCustom      ResumeKind = "custom"        // the caller makes the next request, in Transport.Resume
)

// MaxWait is the longest wait that every host's timer supports: browsers and Node.js
// use a signed 32-bit number of milliseconds (WHATWG HTML §8.6).
const MaxWait = maxNumber * time.Millisecond

const (
	maxNumber = 1<<31 - 1
	off       = -1
)

// option describes a field of a Policy: its name on the wire, its place, its values and
// its default.
type option struct {
	name     string
	kind     kind
	at       uintptr // its offset in Policy
	fallback int32   // what a number that is 0 stands for, as on the wire
	words    string  // the values of a word, separated by spaces; any if this is empty
}

// kind is the type of an option's field.
type kind uint8

const (
	count kind = iota
	wait       // in milliseconds on the wire
	word
	flag
)

// options describes a Policy. All code that reads, writes, checks or completes one uses
// it, including the generator of TypeScript's options (jsbridge/gen). It is a table, not
// code, because a policy comes with each request.
var options = [...]option{
	{name: "max_attempts", kind: count, at: unsafe.Offsetof(Policy{}.MaxAttempts), fallback: off},
	{name: "initial_delay_ms", kind: wait, at: unsafe.Offsetof(Policy{}.InitialDelay), fallback: 1000},
	{name: "max_delay_ms", kind: wait, at: unsafe.Offsetof(Policy{}.MaxDelay), fallback: 60_000},
	{name: "max_retry_after_ms", kind: wait, at: unsafe.Offsetof(Policy{}.MaxRetryAfter), fallback: 600_000},
	{name: "max_elapsed_ms", kind: wait, at: unsafe.Offsetof(Policy{}.MaxElapsed), fallback: off},
	{name: "first_byte_timeout_ms", kind: wait, at: unsafe.Offsetof(Policy{}.FirstByteTimeout), fallback: off},
	{name: "silence_timeout_ms", kind: wait, at: unsafe.Offsetof(Policy{}.SilenceTimeout), fallback: off},
	{name: "content_timeout_ms", kind: wait, at: unsafe.Offsetof(Policy{}.ContentTimeout), fallback: 600_000},
	{name: "budget_tokens", kind: count, at: unsafe.Offsetof(Policy{}.BudgetTokens), fallback: off},
	{name: "budget_ratio", kind: count, at: unsafe.Offsetof(Policy{}.BudgetRatio), fallback: 100},
	{name: "max_replay_bytes", kind: count, at: unsafe.Offsetof(Policy{}.MaxReplayBytes), fallback: 16 << 20},
	{name: "preset", kind: word, at: unsafe.Offsetof(Policy{}.Preset), words: string(PresetOrigin + " " + PresetCoder + " " + PresetMux)},
	{name: "jitter", kind: word, at: unsafe.Offsetof(Policy{}.Jitter), words: string(JitterNone + " " + JitterFull + " " + JitterEqual)},
	{name: "after_commit", kind: word, at: unsafe.Offsetof(Policy{}.AfterCommit), words: string(AfterCommitFail + " " + AfterCommitRestart + " " + AfterCommitResume)},
	{name: "resume", kind: word, at: unsafe.Offsetof(Policy{}.Resume), words: string(ResumeLastEventID + " " + ResumeBackground + " " + ResumeContinue + " " + ResumeCustom)},
	{name: "protocol", kind: word, at: unsafe.Offsetof(Policy{}.Protocol), words: protocolNames},
	{name: "bucket", kind: word, at: unsafe.Offsetof(Policy{}.Bucket)},
	{name: "lenient", kind: flag, at: unsafe.Offsetof(Policy{}.Lenient)},
	{name: "unknown_retryable", kind: flag, at: unsafe.Offsetof(Policy{}.UnknownRetryable)},
	{name: "no_cooldown", kind: flag, at: unsafe.Offsetof(Policy{}.NoCooldown)},
}

// protocolNames stands for the names that package protocol knows.
const protocolNames = "protocols"

// The field of p that o describes, by its kind.
func (o *option) count(p *Policy) *int          { return (*int)(o.field(p)) }
func (o *option) wait(p *Policy) *time.Duration { return (*time.Duration)(o.field(p)) }
func (o *option) word(p *Policy) *string        { return (*string)(o.field(p)) }
func (o *option) flag(p *Policy) *bool          { return (*bool)(o.field(p)) }

func (o *option) field(p *Policy) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(p), o.at) }

// allowed returns the values of a word, "" for any.
func (o *option) allowed() string {
	if o.words == protocolNames {
		return protocol.Names()
	}
	return o.words
}

// number returns a count, or a wait in milliseconds, rounded up; negative is off.
func (o *option) number(p *Policy) int64 {
	if o.kind == count {
		return int64(*o.count(p))
	}
	d := *o.wait(p)
	if d < 0 {
		return off
	}
	ms := int64(d / time.Millisecond)
	if d%time.Millisecond > 0 {
		ms++
	}
	return ms
}

func (o *option) setNumber(p *Policy, n int64) {
	n = max(min(n, maxNumber), off)
	switch {
	case o.kind == count:
		*o.count(p) = int(n)
	case n < 0:
		*o.wait(p) = off
	default:
		*o.wait(p) = time.Duration(n) * time.Millisecond
	}
}

// mistake returns the error for a value that the option cannot have.
func (o *option) mistake() error {
	must := "a number of at least 0"
	switch o.kind {
	case word:
		must = "one of these: " + o.allowed()
	case flag:
		must = "true or false"
	}
	return errors.New("retry: " + o.name + " must be " + must)
}

// Fill sets every field that is 0 to its default; what is off becomes negative. It
// returns an error if a word has no valid value; p must not be used then. The error has
// the field's name on the wire, as on every host: after_commit for AfterCommit.
func (p *Policy) Fill() error {
	for i := range options {
		if o := &options[i]; o.kind == word && o.words != "" && *o.word(p) != "" && jsonscan.Index(o.allowed(), *o.word(p)) < 0 {
			return o.mistake()
		}
	}
	switch p.Preset {
	case "":
		p.Preset = PresetOrigin
	case PresetCoder:
		if p.MaxAttempts == 0 {
			p.MaxAttempts = 25
		}
		if p.AfterCommit == "" {
			p.AfterCommit = AfterCommitRestart
		}
	case PresetMux:
		if p.InitialDelay == 0 {
			p.InitialDelay = 2 * time.Second
		}
		if p.AfterCommit == "" {
			p.AfterCommit = AfterCommitResume
		}
		p.UnknownRetryable = true
	}
	if p.Jitter == "" {
		p.Jitter = JitterNone
	}
	for i := range options {
		o := &options[i]
		if o.kind > wait {
			continue
		}
		n := o.number(p)
		if n == 0 {
			n = int64(o.fallback)
		}
		o.setNumber(p, n)
	}
	return nil
}
