package retry

import (
	"unsafe"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// Policy says when to try again. The zero value is the default: for ever,
// after 1s -> 2s -> 4s … 60s, without jitter, and never sooner than the server
// asks.
//
// A number that is 0 stands for its default; a negative one turns the thing
// off. On the wire an absent field is the default and 0 is off.
type Policy struct {
	// MaxAttempts counts the first attempt too. Default: no limit.
	MaxAttempts int64 `json:"max_attempts,omitempty"`
	// InitialDelayMs is the first wait; each wait doubles it. Default 1000.
	InitialDelayMs int64 `json:"initial_delay_ms,omitempty"`
	// MaxDelayMs bounds a wait that the server did not ask for. Default 60000.
	MaxDelayMs int64 `json:"max_delay_ms,omitempty"`
	// MaxRetryAfterMs ends the retrying when the server asks for more.
	// Default 600000, ten minutes; off means any wait is honoured.
	MaxRetryAfterMs int64 `json:"max_retry_after_ms,omitempty"`
	// MaxElapsedMs bounds waits and failed attempts together, not the time in
	// which output flowed. A wait that cannot fit is not begun. Default: no limit.
	MaxElapsedMs int64 `json:"max_elapsed_ms,omitempty"`
	// FirstByteTimeoutMs runs from the opening of a request to the first byte
	// of its body. Default: off.
	FirstByteTimeoutMs int64 `json:"first_byte_timeout_ms,omitempty"`
	// SilenceTimeoutMs runs from any byte to the next, comments and pings
	// included. It finds connections that are half open. Default: off.
	SilenceTimeoutMs int64 `json:"silence_timeout_ms,omitempty"`
	// ContentTimeoutMs runs from one real event to the next, starting with the
	// opening of the request. It finds generations that died behind
	// keep-alives. Default 600000, ten minutes.
	ContentTimeoutMs int64 `json:"content_timeout_ms,omitempty"`
	// BudgetTokens turns on the retry throttle of gRPC (proposal A6): each
	// retryable failure takes one token of this many, each success gives
	// BudgetRatio back, and retries happen only above half. Shared per origin.
	// Default: off.
	BudgetTokens int64 `json:"budget_tokens,omitempty"`
	// BudgetRatio is in thousandths of a token. Default 100, a tenth.
	BudgetRatio int64 `json:"budget_ratio,omitempty"`
	// MaxReplayBytes bounds what a host reads into memory of a body that can be
	// read only once. Above it the request is sent but not retried. Default 16 MiB.
	MaxReplayBytes int64 `json:"max_replay_bytes,omitempty"`

	// Preset fills the fields that are left 0: "origin" (the default), "coder"
	// (25 attempts, restart after commit) or "mux" (first wait 2s, unknown
	// errors are retried, resume after commit).
	Preset string `json:"preset,omitempty"`
	// Jitter is "none" (the default), "full" (between 0 and the wait) or
	// "equal" (between half the wait and the wait). A wait that the server
	// asked for is only ever lengthened, by up to a tenth.
	Jitter string `json:"jitter,omitempty"`
	// AfterCommit is what happens to a failure after output was delivered:
	// "fail", "restart" or "resume". Default: restart where the consumer can be
	// told to drop what it has, else fail. A resume that is not possible is
	// treated by the default.
	AfterCommit string `json:"after_commit,omitempty"`
	// Resume is how: ResumeLastEventID, ResumeBackground, ResumeContinue,
	// ResumeCustom, or empty for the one that fits what was received.
	Resume string `json:"resume,omitempty"`

	// Lenient accepts the end of a body as the end of an answer even where the
	// protocol's end marker is missing, for proxies that leave it out.
	Lenient bool `json:"lenient,omitempty"`
	// UnknownRetryable retries errors that no rule knows.
	UnknownRetryable bool `json:"unknown_retryable,omitempty"`
	// NoCooldown keeps this request out of the cool-down that requests to one
	// origin share.
	NoCooldown bool `json:"no_cooldown,omitempty"`
}

// The fields of a Policy by kind, in their order: PolicyNumbers are its int64
// fields, which come first, then its strings, then its bools. Code that goes
// by these lists is a fraction of code that names every field; a test holds
// them to the struct.
const (
	PolicyNumbers = "max_attempts initial_delay_ms max_delay_ms max_retry_after_ms max_elapsed_ms first_byte_timeout_ms silence_timeout_ms content_timeout_ms budget_tokens budget_ratio max_replay_bytes"
	PolicyStrings = "preset jitter after_commit resume"
	PolicyBools   = "lenient unknown_retryable no_cooldown"
)

// Numbers, Strings and Bools are p's fields by place in those lists.
func (p *Policy) Numbers() *[11]int64 { return (*[11]int64)(unsafe.Pointer(p)) }

// Strings are p's fields of PolicyStrings.
func (p *Policy) Strings() *[4]string { return (*[4]string)(unsafe.Pointer(&p.Preset)) }

// Bools are p's fields of PolicyBools.
func (p *Policy) Bools() *[3]bool { return (*[3]bool)(unsafe.Pointer(&p.Lenient)) }

// The values of Policy.Preset, Jitter and AfterCommit.
const (
	PresetOrigin = "origin"
	PresetCoder  = "coder"
	PresetMux    = "mux"

	JitterNone  = "none"
	JitterFull  = "full"
	JitterEqual = "equal"

	AfterCommitFail    = "fail"
	AfterCommitRestart = "restart"
	AfterCommitResume  = "resume"
)

// Built-in resumes, the values of Policy.Resume.
const (
	ResumeLastEventID = "last_event_id" // Server-Sent Events with ids, WHATWG HTML §9.2.4
	ResumeBackground  = "background"    // OpenAI Responses in background mode
	ResumeContinue    = "continue"      // the partial answer and a [CONTINUE] turn
	ResumeCustom      = "custom"        // the caller makes the next request
)

// words are the values that Strings may have, besides none.
var words = [...]string{"origin coder mux", "none full equal", "fail restart resume", "last_event_id background continue custom"}

// defaults are the Numbers of the default policy; -1 is off.
var defaults = [...]int64{-1, 1000, 60_000, 600_000, -1, -1, -1, 600_000, -1, 100, 16 << 20}

// Fill puts every default into p; what is off becomes negative. If p makes no
// sense, it says why, and p is not to be used.
func (p *Policy) Fill() (reason string) {
	for i, value := range p.Strings() {
		if value != "" && jsonscan.Index(words[i], value) < 0 {
			return "use one of these: " + words[i]
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
		if p.InitialDelayMs == 0 {
			p.InitialDelayMs = 2000
		}
		if p.AfterCommit == "" {
			p.AfterCommit = AfterCommitResume
		}
		p.UnknownRetryable = true
	}
	if p.Jitter == "" {
		p.Jitter = JitterNone
	}
	for i := range p.Numbers() {
		n := &p.Numbers()[i]
		if *n == 0 {
			*n = defaults[i]
		}
		*n = max(min(*n, MaxTimerMs), -1)
	}
	// A wait of nothing is legal: it is how tests go fast.
	p.InitialDelayMs = max(p.InitialDelayMs, 0)
	p.MaxDelayMs = max(p.MaxDelayMs, 0)
	p.BudgetRatio = max(p.BudgetRatio, 0)
	return ""
}
