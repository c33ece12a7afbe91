package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/httperror"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// maxSleep is the longest time to set the timer to. Go's timers stand still while the
// computer sleeps, so a longer wait checks the wall clock now and then.
const maxSleep = 10 * time.Second

// afterAway is how long a consumer that comes back can read before a clock that ran
// out in the meantime counts: more than one buffer may be unread.
const afterAway = time.Second

// What a Controller asks for: the bits of round.asked.
const (
	askRetryNow = 1 << iota
	askStop
)

// errClosed is the cause of a round's end when its body is closed.
var errClosed = errors.New("transport: body closed")

// errCanceled is the cause of a round's end when the request's Cancel is closed, with
// the text of http.Transport.
var errCanceled = errors.New("net/http: request canceled")

// round is one request from the caller's view: a session with its connection, timer
// and context. The goroutine that waits for the request drives it: RoundTrip until
// there is a response, then each Read of its body. Nothing happens in between, so a
// consumer that pauses makes the network pause.
type round struct {
	t       *Transport
	req     *http.Request
	resets  bool // the consumer gets events, not a response: every failure is an error
	send    func(*http.Request) (*http.Response, error)
	group   *Group
	id      int // in group
	session session.Holder
	replay  replay
	began   time.Time

	ctx    context.Context // derived from the caller's; Close ends it
	cancel context.CancelCauseFunc

	wake  chan struct{} // a Controller asked for something, or it is the session's turn
	asked atomic.Uint32

	timer     *time.Timer
	timerAt   int64 // in milliseconds since the Unix epoch; 0 is never
	awaySince int64 // when next last returned: the consumer has been away since then
	grace     int64 // until then, no clock counts: the consumer has just come back

	attempt  *attempt       // the current one; nil between two
	attempts int            // how many were opened
	resp     *http.Response // the last one received
	lastErr  error          // the error of the last attempt

	// What the consumer gets next, in this order.
	reset   bool
	pending []byte // valid until the next chunk
	event   *retry.ChatStreamRetry
	passed  bool              // the response is passed on unchanged
	verdict *classify.Verdict // on a response that was passed on, or on a complete answer
	cause   *classify.Verdict // on the last failure, if verdict is the engine's own
	err     error             // how it ended: io.EOF, a *retry.Error, or the error of a passed body

	mu     sync.Mutex // one Read at a time
	closed atomic.Bool
}

// newRound prepares a request. If it fails, it closes the request's body.
func (t *Transport) newRound(req *http.Request, canReset bool) (*round, error) {
	stops := t.Controller.stopped()
	policy := t.Policy
	err := policy.Fill()
	if req.URL == nil {
		err = errors.New("transport: the request has no URL")
	}
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	r := &round{
		t: t, req: req, resets: canReset, send: t.base().RoundTrip, group: t.group(), began: time.Now(),
		wake: make(chan struct{}, 1),
	}
	if err := r.replay.init(req, policy.MaxReplayBytes); err != nil {
		return nil, err
	}
	open := r.group.open
	if t.Engine != nil {
		open = t.Engine.Open
	}
	r.id = r.group.join(r)
	r.session.Machine, err = open(session.Config{
		ID:     r.id,
		Policy: t.Policy,
		Request: session.Request{
			Method: req.Method, URL: req.URL.String(), Headers: httperror.Headers(req.Header),
		},
		Provider:      t.Provider,
		Seed:          int64(rand.Uint32()),
		CanReset:      canReset,
		NotReplayable: r.replay.once,
	})
	if err == nil {
		if err = r.replay.feed(r.session.Body); err != nil {
			_ = r.session.Close()
		}
	}
	if err != nil {
		r.group.leave(r.id)
		r.replay.close()
		return nil, err
	}
	r.ctx, r.cancel = context.WithCancelCause(req.Context())
	r.followCancel()
	r.timer = time.NewTimer(maxSleep)
	r.timer.Stop()
	t.Controller.add(r, stops)
	return r, nil
}

// followCancel ends the context when the request's channel Cancel is closed, the older
// way to cancel, which http.Transport still honors.
func (r *round) followCancel() {
	//lint:ignore SA1019 deprecated, but not gone
	canceled := r.req.Cancel
	if canceled == nil {
		return
	}
	go func() {
		select {
		case <-canceled:
			r.cancel(errCanceled)
		case <-r.ctx.Done():
		}
	}()
}

// now returns the milliseconds since the Unix epoch, rounded up so that no wait is
// too short.
func now() int64 { return (time.Now().UnixNano() + 999_999) / 1_000_000 }

// start starts the session, unless the caller has canceled.
func (r *round) start() {
	if r.ctx.Err() != nil {
		r.abort()
		return
	}
	r.step(session.Happened{What: session.OnStart})
}

// ready reports whether RoundTrip can return.
func (r *round) ready() bool { return r.passed || r.err != nil || len(r.pending) > 0 }

// next waits until something happens, and acts on it.
func (r *round) next() {
	defer func() { r.awaySince = now() }()
	if r.ctx.Err() != nil {
		r.abort()
		return
	}
	var answers <-chan opened
	var chunks <-chan chunk
	if a := r.attempt; a != nil {
		if a.resp == nil {
			answers = a.opened
		}
		if a.reading && a.end == nil {
			chunks = a.chunks
		}
	}
	// What arrived while the consumer was away counts before any clock does.
	if at := now(); chunks != nil && r.timerAt > 0 && at >= r.timerAt && at > r.awaySince {
		r.grace = at + afterAway.Milliseconds()
		r.arm()
	}
	select {
	case c := <-chunks:
		r.chunk(c)
		return
	default:
	}
	select {
	case <-r.ctx.Done():
		r.abort()
	case o := <-answers:
		r.answered(o)
	case c := <-chunks:
		r.chunk(c)
	case <-r.timer.C:
		switch {
		case r.timerAt == 0:
		case now() < r.due():
			r.arm()
		default:
			r.step(session.Happened{What: session.OnTimer})
		}
	case <-r.wake:
		switch asked := r.asked.Swap(0); {
		case asked&askStop != 0:
			r.step(session.Happened{What: session.OnStop})
		case asked&askRetryNow != 0:
			r.step(session.Happened{What: session.OnRetryNow})
		default:
			r.step(session.Happened{What: session.OnTimer})
		}
	}
}

// wakeUp ends the wait of next, which then looks at asked and reports to the session.
func (r *round) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default: // it will wake up anyway
	}
}

// abort handles the end of the context.
func (r *round) abort() {
	if r.passed {
		r.drop()
		r.end(canceled(r.ctx))
		return
	}
	r.step(session.Happened{What: session.OnAbort})
}

// answered handles the response, or the error of opening the attempt.
func (r *round) answered(o opened) {
	if o.err != nil {
		r.broke(o.err)
		return
	}
	if o.resp.Body == nil {
		o.resp.Body = http.NoBody // as http.Client does
	}
	r.attempt.resp, r.resp = o.resp, o.resp
	headers := httperror.Headers(o.resp.Header)
	// Base decodes the encoding that it asked for itself. The caller asked for any
	// other, and the session cannot read it.
	if encoding := headers["content-encoding"]; encoding != "" && encoding != "identity" {
		headers["content-type"] = "application/" + encoding
	}
	r.step(session.Happened{What: session.OnResponse, Attempt: r.attempt.number, Status: o.resp.StatusCode, Headers: headers})
}

// chunk handles bytes of the attempt's body, or its end.
func (r *round) chunk(c chunk) {
	a := r.attempt
	a.end = c.err
	switch {
	case r.ctx.Err() != nil:
		r.abort()
	case r.passed && c.err != nil:
		r.end(c.err)
	case r.passed:
		r.pending = c.bytes
	case c.err == io.EOF:
		r.step(session.Happened{What: session.OnEnd, Attempt: a.number})
	case c.err != nil:
		r.broke(c.err)
	default:
		n, answer, err := r.session.Chunk(a.number, now(), c.bytes)
		switch {
		case err != nil:
			r.crash(err)
		case answer != nil:
			r.group.wake(answer.Wake)
			r.act(answer)
		case n > 0:
			r.pending = r.session.Bytes()
		}
	}
}

// broke handles a request or a body that failed.
func (r *round) broke(err error) {
	r.lastErr = err
	r.step(session.Happened{What: session.OnError, Attempt: r.attempt.number, Error: classify.FromError(err).Error})
}

// step reports to the session what happened, and does what it answers. A cancel wins
// over the error that it causes.
func (r *round) step(h session.Happened) {
	if r.ctx.Err() != nil {
		h = session.Happened{What: session.OnAbort}
	}
	h.Now = now()
	a, err := r.session.Step(&h)
	if err != nil {
		r.crash(err)
		return
	}
	r.group.wake(a.Wake)
	r.act(a)
}

// crash ends the round after a fault of the engine.
func (r *round) crash(err error) {
	r.drop()
	r.end(err)
}

// act does what the session says. Opening an attempt can cause the session's next
// step, after which a is no longer valid. So that comes last.
func (r *round) act(a *session.Answer) {
	r.reportAttempt(a)
	r.timerAt = a.TimerAt
	r.arm()
	if a.Reset {
		r.reset = true
	}
	if a.Bytes > 0 {
		r.pending = r.session.Bytes()
	}
	if a.Warning != "" && r.t.OnWarning != nil {
		r.t.OnWarning(a.Warning)
	}
	if a.Retry != nil {
		event := *a.Retry
		r.event = &event
	}
	switch a.Do {
	case session.DoRead:
		r.attempt.reading = true
		go r.attempt.read(r.attempt.resp.Body)
	case session.DoWait:
		r.drop()
	case session.DoPass, session.DoLend:
		r.passed, r.verdict, r.cause = true, a.Verdict, a.Last
		if r.attempt.end != nil {
			r.end(r.attempt.end)
		}
		r.leave()
	case session.DoFinish:
		r.verdict = a.Verdict
		r.drop()
		r.end(io.EOF)
	case session.DoRethrow:
		r.drop()
		r.end(r.lastErr)
	case session.DoFail:
		err := r.errorOf(a.Verdict, a.Last)
		r.drop()
		r.end(err)
	}
	if a.Retry != nil && r.t.OnRetry != nil {
		r.t.OnRetry(r.req.Context(), *a.Retry)
	}
	if a.Do == session.DoOpen {
		r.open(a.Attempt, a.Resume)
	}
}

// arm sets the timer to timerAt.
func (r *round) arm() {
	if r.timerAt == 0 {
		r.timer.Stop()
		return
	}
	r.timer.Reset(min(max(time.Until(time.UnixMilli(r.due())), 0), maxSleep))
}

// due returns when to report OnTimer. While a body is read, that is not before its
// reader has had time for what has arrived.
func (r *round) due() int64 {
	if r.attempt == nil || !r.attempt.reading {
		return r.timerAt
	}
	return max(r.timerAt, r.grace)
}

// open starts an attempt.
func (r *round) open(number int, resume *session.Resume) {
	r.drop()
	r.attempt, r.lastErr = newAttempt(r.ctx, number), nil
	r.attempts++
	req, err := r.request(r.attempt.ctx, resume)
	switch {
	case err == errNoRewrite:
		r.broke(err)
	case err != nil:
		// The caller's own code cannot make the request. That counts as its cancel.
		r.cancel(err)
		r.abort()
	default:
		r.attempt.req = req
		go r.attempt.open(r.send, req)
	}
}

// drop abandons the current attempt, if there is one.
func (r *round) drop() {
	if r.attempt != nil {
		r.attempt.drop()
		r.attempt = nil
	}
}

// end ends the round. Nothing more happens, but pending may still be unread.
func (r *round) end(err error) {
	r.err = err
	r.cancel(nil)
	r.leave()
}

// leave stops the timer, closes the request's body, unregisters and frees the session.
func (r *round) leave() {
	r.timer.Stop()
	r.replay.close()
	r.t.Controller.remove(r)
	r.group.leave(r.id)
	_ = r.session.Close()
}

// errorOf returns the error for verdict v; last is on the last failure, if v is the
// engine's own.
func (r *round) errorOf(v, last *classify.Verdict) *retry.Error {
	e := &retry.Error{Verdict: *v, Attempts: r.attempts, Elapsed: time.Since(r.began), Err: r.lastErr}
	if last != nil {
		copied := *last
		e.Last = &copied
	}
	if v.Kind == classify.Canceled && r.ctx.Err() != nil {
		e.Err = canceled(r.ctx)
	}
	return e
}

// canceled returns the error of a context that ended, with its cause.
func canceled(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}
