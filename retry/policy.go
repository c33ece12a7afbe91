package retry

// Policy says when to try again. The zero value is the default: for ever,
// after 1s -> 2s -> 4s … 60s, without jitter, and never sooner than the server
// asks.
//
// A number that is 0 stands for its default; a negative one turns the thing
// off. On the wire an absent field is the default and 0 is off.
type Policy struct {
	// Preset fills the fields that are left 0: "origin" (the default), "coder"
	// (25 attempts, restart after commit) or "mux" (first wait 2s, unknown
	// errors are retried, resume after commit).
	Preset string `json:"preset,omitempty"`
	// MaxAttempts counts the first attempt too. Default: no limit.
	MaxAttempts int `json:"max_attempts,omitempty"`
	// InitialDelayMs is the first wait; each wait doubles it. Default 1000.
	InitialDelayMs int64 `json:"initial_delay_ms,omitempty"`
	// MaxDelayMs bounds a wait that the server did not ask for. Default 60000.
	MaxDelayMs int64 `json:"max_delay_ms,omitempty"`
	// Jitter is "none" (the default), "full" (between 0 and the wait) or
	// "equal" (between half the wait and the wait). A wait that the server
	// asked for is only ever lengthened, by up to a tenth.
	Jitter string `json:"jitter,omitempty"`
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
	// BudgetTokens turns on the retry throttle of gRPC (proposal A6): each
	// retryable failure takes one token of this many, each success gives
	// BudgetRatio back, and retries happen only above half. Shared per origin.
	// Default: off.
	BudgetTokens int `json:"budget_tokens,omitempty"`
	// BudgetRatio is in thousandths of a token. Default 100, a tenth.
	BudgetRatio int `json:"budget_ratio,omitempty"`
	// MaxReplayBytes bounds what a host reads into memory of a body that can be
	// read only once. Above it the request is sent but not retried. Default 16 MiB.
	MaxReplayBytes int64 `json:"max_replay_bytes,omitempty"`
}

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

// Filled is p with every default filled in, or a reason why p makes no sense.
// What is off is negative in it.
func (p Policy) Filled() (Policy, string) {
	switch p.Preset {
	case "", PresetOrigin:
		p.Preset = PresetOrigin
	case PresetCoder:
		fill(&p.MaxAttempts, 25)
		fillWord(&p.AfterCommit, AfterCommitRestart)
	case PresetMux:
		fill(&p.InitialDelayMs, 2000)
		fillWord(&p.AfterCommit, AfterCommitResume)
		p.UnknownRetryable = true
	default:
		return p, "preset must be origin, coder or mux"
	}
	fillWord(&p.Jitter, JitterNone)
	if p.Jitter != JitterNone && p.Jitter != JitterFull && p.Jitter != JitterEqual {
		return p, "jitter must be none, full or equal"
	}
	switch p.AfterCommit {
	case "", AfterCommitFail, AfterCommitRestart, AfterCommitResume:
	default:
		return p, "after_commit must be fail, restart or resume"
	}
	switch p.Resume {
	case "", ResumeLastEventID, ResumeBackground, ResumeContinue, ResumeCustom:
	default:
		return p, "resume must be last_event_id, background, continue or custom"
	}
	fill(&p.MaxAttempts, -1)
	fill(&p.InitialDelayMs, initialDelay.Milliseconds())
	fill(&p.MaxDelayMs, maxDelay.Milliseconds())
	fill(&p.MaxRetryAfterMs, 10*60*1000)
	fill(&p.MaxElapsedMs, -1)
	fill(&p.FirstByteTimeoutMs, -1)
	fill(&p.SilenceTimeoutMs, -1)
	fill(&p.ContentTimeoutMs, 10*60*1000)
	fill(&p.BudgetTokens, -1)
	fill(&p.BudgetRatio, 100)
	fill(&p.MaxReplayBytes, 16<<20)
	// A wait of nothing is legal (tests use it); one beyond the timers is not.
	p.InitialDelayMs = min(max(p.InitialDelayMs, 0), maxTimerMs)
	p.MaxDelayMs = min(max(p.MaxDelayMs, 0), maxTimerMs)
	p.BudgetTokens = min(p.BudgetTokens, 1e6)
	p.BudgetRatio = min(max(p.BudgetRatio, 0), 1e6)
	return p, ""
}

func fill[T int | int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func fillWord(field *string, value string) {
	if *field == "" {
		*field = value
	}
}
