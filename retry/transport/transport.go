package transport

import (
	"context"
	"io"
	"net/http"

	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// Transport is an [http.RoundTripper] that tries again. The zero value retries
// forever, after 1s -> 2s -> 4s … 60s, through [http.DefaultTransport].
//
// Its fields must not change while requests are on their way. It is safe for
// concurrent use, and cheap, as connections belong to Base: a program that
// wants callbacks or a Controller per request can make a Transport per request.
//
// [http.Client.Timeout] is a deadline like any other: it bounds all attempts,
// waits and the reading of the body together. Policy.MaxElapsed and the
// policy's time-outs tell a failing stream from a long one.
type Transport struct {
	// Base makes the requests, one per attempt. It must heed the request's
	// context also while the body is read, as http.Transport does. Default:
	// http.DefaultTransport.
	Base http.RoundTripper
	// Policy says when to try again. One that makes no sense is an error of
	// each request.
	Policy retry.Policy
	// Provider is a hint for the classifier ("anthropic", "openai", …) where
	// the address does not tell. [classify.ProviderOf] says which names
	// there are.
	Provider string
	// OnRetry is called before each wait, with the request's context, where the
	// caller waits: in RoundTrip, or in the body's Read.
	OnRetry func(context.Context, retry.ChatStreamRetry)
	// OnWarning is called once per request and rule, with the rule's name:
	// "sdk_retries_stacked" (the SDK retries by itself, too),
	// "restart_not_possible" (AfterCommitRestart without Stream), "empty_answer"
	// (an answer ended without output, and went on as it came) or "too_much_held"
	// (more than 64 MiB were held for all answers, so this one goes on unwatched).
	OnWarning func(rule string)
	// OnAttempt is called when an attempt has ended, whatever its outcome, with
	// the request's context, where the caller waits.
	OnAttempt func(context.Context, AttemptEvent)
	// Controller, if it is set, sees the requests and can end their waits.
	Controller *Controller
	// Group is what requests to one origin share. Default: one group for the
	// whole program.
	Group *Group
	// Engine runs the sessions. Default: the engine that is compiled into the
	// program. A *wasm.Engine runs them in the module that browsers run; they
	// share what the engine knows then, so its transports should have one Group.
	Engine Engine
	// Resume makes the request that asks for the rest of an answer, where
	// Policy.Resume is "custom": from a copy of the first request, and from
	// what was received. An error ends the request as a cancel with that cause.
	Resume func(first *http.Request, from session.Resume) (*http.Request, error)
}

// RoundTrip opens req and gives the response once its output begins, or once it
// is clear that there is nothing to guard. It returns a [*retry.Error] if
// nothing can be given to the caller: the network failed, a clock ran out, the
// answer broke off.
//
// Where the provider explained a failure by itself, its response is returned
// with a nil error, as by any transport, so that SDKs can read it. That holds for
// what is permanent and for the last response when the engine gives up:
// [retry.ErrExhausted], [retry.ErrMaxElapsed] and [retry.ErrRetryAfterTooLong]
// are not seen then. [ClassifyResponse] judges such a response.
//
// A provider can explain itself inside a 200, too. If the first event of a
// stream is a permanent error, or the last attempt's, the response has status
// 200 and that event in its body. Whoever reads streams without an SDK has to
// look for the member "error", or use [Transport.Stream], where every failure is
// an error.
//
// The response is the attempt's own. For a guarded stream its Content-Length is
// gone, since a stream that was resumed has another. The body must be closed.
// It does not read ahead more than one buffer, a few kilobytes, of what is read
// from it.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	r, err := t.begin(req, false)
	if err != nil {
		return nil, err
	}
	r.start()
	for !r.ready() {
		r.next()
	}
	if r.err != nil && r.err != io.EOF && len(r.pending) == 0 {
		return nil, r.err
	}
	return r.response(), nil
}

// CloseIdleConnections passes on to Base, for [http.Client.CloseIdleConnections].
func (t *Transport) CloseIdleConnections() {
	if base, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

func (t *Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}

func (t *Transport) group() *Group {
	if t.Group == nil {
		return &everyone
	}
	return t.Group
}
