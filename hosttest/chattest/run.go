package chattest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// DefaultText is the answer of a run without Text: Latin letters with and without
// accents, Greek, Chinese, Japanese and emoji, so that there are characters of two,
// three and four bytes to cut.
const DefaultText = "Größere Modelle antworten nicht immer sofort, and that is fine: a stream may pause, " +
	"stutter or break, yet every word counts. 例えば、日本語の文字は三バイトです。Straße, naïve, Ελλάδα and 你好 " +
	"arrive whole 🚀, byte after byte, until the very last one 👩‍💻."

const (
	defaultTokenDelayMs = 2
	maxLog              = 10000   // requests kept per run; a demo may run for days
	maxSent             = 1 << 20 // bytes of one answer kept for Request.Sent
)

// Run is one test's provider: its answer and its faults. Pass the exported fields to
// [Server.NewRun]; call the methods on what it returns.
type Run struct {
	// ID is the run's name in its address: letters, digits, '-', '_' and '.'. The
	// default is a new, random one.
	ID string `json:"id,omitempty"`
	// Text is the whole answer. The default is [DefaultText]. Carriage
	// returns in it do not survive plain SSE, which ends lines with them.
	Text string `json:"text,omitempty"`
	// TokenDelayMs is the pause before each token. 0 means 2 ms, -1 means none.
	TokenDelayMs int `json:"token_delay_ms,omitempty"`
	// CORS switches the headers that let a page of another origin read the answers.
	// nil means on.
	CORS *bool `json:"cors,omitempty"`
	// Expose lists the headers that such a page may read. nil means
	// [DefaultExpose]; an empty list hides them all.
	Expose []string `json:"expose,omitempty"`
	// KeepAlive lets clients use a connection for several requests. It is off because
	// browsers and Go silently repeat a request when a reused connection is reset,
	// which would count as an attempt.
	KeepAlive bool `json:"keep_alive,omitempty"`
	// RetryMs, if over 0, is the reconnection time that plain SSE announces.
	RetryMs int `json:"retry_ms,omitempty"`
	// Faults are met by the attempts in turn; after the last one attempts succeed.
	Faults []Fault `json:"faults,omitempty"`

	state *runState
}

// DefaultExpose is what Access-Control-Expose-Headers lists by default.
var DefaultExpose = []string{
	"retry-after", "retry-after-ms", "x-should-retry", "date", "request-id", "x-request-id",
	"x-vercel-ai-ui-message-stream", "openai-processing-ms",
	"anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset",
	"anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset",
	"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests",
	"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens",
	"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset",
}

// Request is one entry of a run's log. Times are in milliseconds since the run was
// registered, on a monotonic clock.
type Request struct {
	Attempt    int               `json:"attempt"` // from 1; preflights are not attempts
	Method     string            `json:"method"`
	Path       string            `json:"path"`    // without the leading /run/ID
	Query      string            `json:"query"`   // as sent, without the '?'
	Headers    map[string]string `json:"headers"` // lower-case names; several values joined by ", "
	Body       string            `json:"body"`
	AtMs       float64           `json:"at_ms"` // when its headers had been read
	Wall       time.Time         `json:"wall"`  // the same time, by the wall clock
	Done       bool              `json:"done"`  // false while it is being answered
	DoneMs     float64           `json:"done_ms"`
	ClientGone bool              `json:"client_gone"` // the client left before the answer ended
	Status     int               `json:"status"`      // 0 if no headers were sent
	BytesSent  int64             `json:"bytes_sent"`  // size of the body, compressed if it was, without HTTP's chunk framing
	Fault      *Fault            `json:"fault"`       // the fault that it met; null for none

	// Sent is the first MiB of the body as sent, before compression. In JSON it is
	// base64, and only included with ?sent=1.
	Sent []byte `json:"sent,omitempty"`
}

// runState is the state that copies of a Run share.
type runState struct {
	srv   *Server
	began time.Time

	mu         sync.Mutex
	idle       *sync.Cond // signalled when a request ends
	script     []Fault    // Faults with their repetitions unrolled
	forever    *Fault     // the one with Times -1, which ends the script
	attempts   int
	inFlight   int
	preflights int
	log        []*Request
	background map[string]string // OpenAI Responses created in background mode: id → text
	responses  int               // created, for their ids
}

func newRunState(srv *Server, faults []Fault) *runState {
	st := &runState{srv: srv, began: time.Now(), background: map[string]string{}}
	st.idle = sync.NewCond(&st.mu)
	for i := range faults {
		if faults[i].Times < 0 {
			st.forever = &faults[i]
			break
		}
		for range max(faults[i].Times, 1) {
			st.script = append(st.script, faults[i])
		}
	}
	return st
}

func (r *Run) check() error {
	for _, c := range r.ID {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", c) {
			return fmt.Errorf("chattest: run id %q: only letters, digits, '-', '_' and '.'", r.ID)
		}
	}
	if r.ID == "." || r.ID == ".." {
		return errors.New("chattest: a run cannot be called " + r.ID)
	}
	for i := range r.Faults {
		if err := r.Faults[i].check(); err != nil {
			return fmt.Errorf("chattest: faults[%d]: %w", i, err)
		}
		if r.Faults[i].Times > 1_000_000 {
			return fmt.Errorf("chattest: faults[%d]: times is over a million; use -1", i)
		}
	}
	return nil
}

// URL returns the run's address without a trailing slash; append "/v1/messages" or
// another path.
func (r *Run) URL() string { return r.state.srv.URL() + "/run/" + r.ID }

// Requests returns a copy of the log so far, in the order of arrival. The log keeps
// the last 10 000 requests.
func (r *Run) Requests() []Request {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	out := make([]Request, len(r.state.log))
	for i, q := range r.state.log {
		out[i] = *q
	}
	return out
}

// Preflights returns the number of CORS preflight requests so far.
func (r *Run) Preflights() int {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	return r.state.preflights
}

// WaitIdle waits until no request of the run is being answered, so that the log's
// done_ms and client_gone are final. It returns ctx's error if ctx ends first.
func (r *Run) WaitIdle(ctx context.Context) error {
	st := r.state
	stop := context.AfterFunc(ctx, func() {
		st.mu.Lock()
		defer st.mu.Unlock()
		st.idle.Broadcast()
	})
	defer stop()
	st.mu.Lock()
	defer st.mu.Unlock()
	for st.inFlight > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		st.idle.Wait()
	}
	return nil
}

func (r *Run) cors() bool { return r.CORS == nil || *r.CORS }

// sinceBegan converts t to the log's clock, with microsecond precision.
func (st *runState) sinceBegan(t time.Time) float64 {
	return float64(t.Sub(st.began).Microseconds()) / 1000
}

// begin opens a log entry and takes the next fault of the script.
func (st *runState) begin(q *http.Request, path string) (*Request, Fault) {
	now := time.Now()
	headers := make(map[string]string, len(q.Header)+1)
	for name, values := range q.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	headers["host"] = q.Host
	st.mu.Lock()
	defer st.mu.Unlock()
	entry := &Request{
		Attempt: st.attempts + 1, Method: q.Method, Path: path, Query: q.URL.RawQuery, Headers: headers,
		AtMs: st.sinceBegan(now), Wall: now.Round(0),
	}
	var fault Fault
	switch {
	case st.attempts < len(st.script):
		fault = st.script[st.attempts]
		entry.Fault = &fault
	case st.forever != nil:
		fault = *st.forever
		entry.Fault = &fault
	}
	st.attempts++
	st.inFlight++
	st.log = append(st.log, entry)
	if len(st.log) > maxLog {
		st.log = append(st.log[:0], st.log[len(st.log)-maxLog:]...)
	}
	return entry, fault
}

// end closes a log entry.
func (st *runState) end(entry *Request) {
	st.mu.Lock()
	defer st.mu.Unlock()
	entry.Done, entry.DoneMs = true, st.sinceBegan(time.Now())
	st.inFlight--
	st.idle.Broadcast()
}

// update changes a log entry that others may be reading.
func (st *runState) update(change func()) {
	st.mu.Lock()
	defer st.mu.Unlock()
	change()
}
