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

// DefaultText is the answer of a run that names none: Latin letters with and
// without marks, Greek, Chinese, Japanese and emoji, so that characters of
// two, three and four bytes are there to be cut.
const DefaultText = "Größere Modelle antworten nicht immer sofort, and that is fine: a stream may pause, " +
	"stutter or break, yet every word counts. 例えば、日本語の文字は三バイトです。Straße, naïve, Ελλάδα and 你好 " +
	"arrive whole 🚀, byte after byte, until the very last one 👩‍💻."

const (
	defaultTokenDelayMs = 2
	maxLog              = 10000   // requests kept per run; a demo may run for days
	maxSent             = 1 << 20 // bytes of one answer kept for Request.Sent
)

// Run is one test's provider: what it says, and what goes wrong. Give
// [Server.NewRun] the exported fields; the methods are for what it returns.
type Run struct {
	// ID is the run's name in its address: letters, digits, '-', '_' and
	// '.'. The default is a fresh one.
	ID string `json:"id,omitempty"`
	// Text is the whole answer. The default is [DefaultText]. Carriage
	// returns in it do not survive plain SSE, which ends lines with them.
	Text string `json:"text,omitempty"`
	// TokenDelayMs is the pause before each token. 0 is 2 ms, -1 is none.
	TokenDelayMs int `json:"token_delay_ms,omitempty"`
	// CORS switches the headers that let a page of another origin read the
	// answers. nil is on.
	CORS *bool `json:"cors,omitempty"`
	// Expose lists the headers that such a page may read. nil is
	// [DefaultExpose]; an empty list hides them all.
	Expose []string `json:"expose,omitempty"`
	// KeepAlive lets clients use a connection for several requests. It is
	// off because browsers and Go send a request again by themselves when a
	// used connection is reset, which would count as an attempt.
	KeepAlive bool `json:"keep_alive,omitempty"`
	// RetryMs, over 0, is the reconnection time that plain SSE announces.
	RetryMs int `json:"retry_ms,omitempty"`
	// Faults are met by the attempts in turn; after the last, all is well.
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

// Request is one entry of a run's log. Times are in milliseconds since the
// run began, on a clock that only goes forward.
type Request struct {
	Attempt    int               `json:"attempt"` // from 1; preflights are not attempts
	Method     string            `json:"method"`
	Path       string            `json:"path"`    // without the /run/ID in front
	Query      string            `json:"query"`   // as sent, without the '?'
	Headers    map[string]string `json:"headers"` // lower-case names; several values joined by ", "
	Body       string            `json:"body"`
	AtMs       float64           `json:"at_ms"` // when its head had been read
	Wall       time.Time         `json:"wall"`  // the same moment, by the wall clock
	Done       bool              `json:"done"`  // false while it is being answered
	DoneMs     float64           `json:"done_ms"`
	ClientGone bool              `json:"client_gone"` // the client left before the answer was over
	Status     int               `json:"status"`      // 0 if no header was sent
	BytesSent  int64             `json:"bytes_sent"`  // of the body, compressed if it was, without HTTP's chunk framing
	Fault      *Fault            `json:"fault"`       // what it met; null if nothing

	// Sent is the body as sent, before compression, its first MiB. In JSON
	// it is base64, and there only when it is asked for with ?sent=1.
	Sent []byte `json:"sent,omitempty"`
}

// runState is what a run's copies share.
type runState struct {
	srv   *Server
	began time.Time

	mu         sync.Mutex
	idle       *sync.Cond // signalled when a request is over
	script     []Fault    // Faults with their repetitions unrolled
	forEver    *Fault     // the one with Times -1, which ends the script
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
			st.forEver = &faults[i]
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

// URL is the run's address without a slash at the end; "/v1/messages" and the
// other paths go behind it.
func (r *Run) URL() string { return r.state.srv.URL() + "/run/" + r.ID }

// Requests is a copy of the log so far, in the order of arrival. It holds the
// last 10 000 requests.
func (r *Run) Requests() []Request {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	out := make([]Request, len(r.state.log))
	for i, q := range r.state.log {
		out[i] = *q
	}
	return out
}

// Preflights is the number of CORS preflight requests so far.
func (r *Run) Preflights() int {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	return r.state.preflights
}

// WaitIdle returns when no request of the run is being answered, so that the
// log's done_ms and client_gone are final; or with ctx's error.
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

// sinceBegan is a moment on the log's clock, to the microsecond.
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
	case st.forEver != nil:
		fault = *st.forEver
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
