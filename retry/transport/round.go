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

// maxSleep bounds one turn of the timer. Go's timers stand still while a
// computer sleeps, so a longer wait looks at the wall clock now and then.
const maxSleep = 10 * time.Second

// afterAway is how long a consumer that comes back reads on before a clock that
// ran out meanwhile is heard: more than one buffer may lie unread.
const afterAway = time.Second

// What a Controller asks for, the bits of round.asked.
const (
	askRetryNow = 1 << iota
	askStop
)

// errClosed is why a round ends when its body is closed.
var errClosed = errors.New("transport: body closed")

// round is one request from the caller's view: a session, its connection, timer
// and context. The goroutine that waits for the request drives it: RoundTrip until the
// response is there, then each Read of its body. Nothing happens in between, so
// a consumer that pauses makes the network pause.
type round struct {
	t       *Transport
	req     *http.Request
	resets  bool // the consumer gets events, not a response: what fails is its error
	send    func(*http.Request) (*http.Response, error)
	group   *Group
	id      int // in group
	session session.Holder
	replay  replay
	began   time.Time

	ctx    context.Context // the caller's, and ended by Close
	cancel context.CancelCauseFunc

	wake  chan struct{} // something was asked, or the group has news
	asked atomic.Uint32

	timer   *time.Timer
	timerAt int64 // in milliseconds since the Unix epoch; 0 is never
	left    int64 // when next was over: since then the consumer has been away
	grace   int64 // afterAway, since it came back

	attempt  *attempt       // in force; nil between two
	attempts int            // that were opened
	resp     *http.Response // the last one that came
	lastErr  error          // of the last attempt

	// What the consumer is to get, in this order.
	reset   bool
	pending []byte // good until the next chunk
	event   *retry.ChatStreamRetry
	passed  bool              // the response is the caller's as it came
	verdict *classify.Verdict // on a response that was passed or an answer that is complete
	cause   *classify.Verdict // where verdict is the engine's own, on the last failure
	err     error             // how it ended: io.EOF, *retry.Error, or as the passed body did

	mu     sync.Mutex // one Read at a time
	closed atomic.Bool
}

func (t *Transport) begin(req *http.Request, canReset bool) (*round, error) {
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
		if err = r.replay.tell(r.session.Body); err != nil {
			_ = r.session.Close()
		}
	}
	if err != nil {
		r.group.leave(r.id)
		r.replay.close()
		return nil, err
	}
	r.ctx, r.cancel = context.WithCancelCause(req.Context())
	r.timer = time.NewTimer(maxSleep)
	r.timer.Stop()
	t.Controller.add(r)
	return r, nil
}

// now is rounded up, so that no wait is shorter than it was asked to be.
func now() int64 { return (time.Now().UnixNano() + 999_999) / 1_000_000 }

// start begins, unless the caller has canceled already.
func (r *round) start() {
	if r.ctx.Err() != nil {
		r.abort()
		return
	}
	r.step(session.Happened{What: session.OnStart})
}

// ready reports whether there is something for the caller of RoundTrip.
func (r *round) ready() bool { return r.passed || r.err != nil || len(r.pending) > 0 }

// next waits for one thing to happen and acts on it.
func (r *round) next() {
	defer func() { r.left = now() }()
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
	// What arrived while the consumer was away counts before the clocks.
	if at := now(); chunks != nil && r.timerAt > 0 && at >= r.timerAt && at > r.left {
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

// rouse makes next look at asked, and the session at its group.
func (r *round) rouse() {
	select {
	case r.wake <- struct{}{}:
	default: // it is roused already
	}
}

// abort takes the end of the context.
func (r *round) abort() {
	if r.passed {
		r.drop()
		r.over(canceled(r.ctx))
		return
	}
	r.step(session.Happened{What: session.OnAbort})
}

// answered takes what became of opening the attempt.
func (r *round) answered(o opened) {
	if o.err != nil {
		r.broke(o.err)
		return
	}
	if o.resp.Body == nil {
		o.resp.Body = http.NoBody // as http.Client has it
	}
	r.attempt.resp, r.resp = o.resp, o.resp
	headers := httperror.Headers(o.resp.Header)
	// Base takes off the encoding that it asked for itself. One that is left was
	// asked for by the caller, and the session could not read it.
	if encoding := headers["content-encoding"]; encoding != "" && encoding != "identity" {
		headers["content-type"] = "application/" + encoding
	}
	r.step(session.Happened{What: session.OnResponse, Attempt: r.attempt.number, Status: o.resp.StatusCode, Headers: headers})
}

// chunk takes bytes of the attempt's body, or its end.
func (r *round) chunk(c chunk) {
	a := r.attempt
	a.end = c.err
	switch {
	case r.ctx.Err() != nil:
		r.abort()
	case r.passed && c.err != nil:
		r.over(c.err)
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

func (r *round) broke(err error) {
	r.lastErr = err
	r.step(session.Happened{What: session.OnError, Attempt: r.attempt.number, Error: classify.FromError(err).Error})
}

// step reports to the session what happened and does what it answers. A cancel wins
// over what comes with it, such as the error that it makes.
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

// crash ends the round with a fault of the engine's.
func (r *round) crash(err error) {
	r.drop()
	r.over(err)
}

// act does what the session says. a is void after the session's next step,
// which opening can bring, so that comes last.
func (r *round) act(a *session.Answer) {
	r.told(a)
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
			r.over(r.attempt.end)
		}
		r.leave()
	case session.DoFinish:
		r.verdict = a.Verdict
		r.drop()
		r.over(io.EOF)
	case session.DoRethrow:
		r.drop()
		r.over(r.lastErr)
	case session.DoFail:
		err := r.problem(a.Verdict, a.Last)
		r.drop()
		r.over(err)
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

// due is when the session's time has come: of a body that is read, not before
// its reader has seen what has arrived.
func (r *round) due() int64 {
	if r.attempt == nil || !r.attempt.reading {
		return r.timerAt
	}
	return max(r.timerAt, r.grace)
}

// open begins an attempt.
func (r *round) open(number int, resume *session.Resume) {
	r.drop()
	r.attempt, r.lastErr = newAttempt(r.ctx, number), nil
	r.attempts++
	req, err := r.request(r.attempt.ctx, resume)
	switch {
	case err == errNoRewrite:
		r.broke(err)
	case err != nil:
		// The caller's own code cannot make the request: that is the caller's cancel.
		r.cancel(err)
		r.abort()
	default:
		r.attempt.req = req
		go r.attempt.open(r.send, req)
	}
}

// drop gives up the attempt in force, if there is one.
func (r *round) drop() {
	if r.attempt != nil {
		r.attempt.drop()
		r.attempt = nil
	}
}

// over is the end: nothing more will happen, though pending may be left.
func (r *round) over(err error) {
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

// problem is the error for a verdict; last is the one on the last failure, if v is the engine's own.
func (r *round) problem(v, last *classify.Verdict) *retry.Error {
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

// canceled is the error of a context that ended, with its cause.
func canceled(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}
