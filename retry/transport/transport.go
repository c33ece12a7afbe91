package transport

import (
	"context"
	"io"
	"net/http"

	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// Transport is an [http.RoundTripper] that retries. The zero value retries forever,
// after 1s -> 2s -> 4s … 60s, through [http.DefaultTransport].
//
// Its fields must not be changed while requests are in flight. It is safe for
// concurrent use. It is cheap, as connections belong to Base: a program that needs
// callbacks or a Controller per request can make a Transport per request.
//
// [http.Client.Timeout] is a deadline like any other: it limits all attempts, waits
// and the reading of the body together, and so a long healthy stream too. To limit
// only failing streams, use Policy.MaxElapsed and the policy's timeouts.
type Transport struct {
	// Base makes the requests, one per attempt. The request's context must also end
	// the reading of the body, as with http.Transport. Default:
	// http.DefaultTransport.
	Base http.RoundTripper
	// Policy says when to retry. With an invalid policy every request fails. Default:
	// retry forever (see [retry.Policy]).
	Policy retry.Policy
	// Provider names the provider ("anthropic", "openai", …) if the address does
	// not show it. [classify.ProviderOf] says which names there are. Default: what
	// the address shows.
	Provider string
	// OnRetry, if not nil, is called before each wait, with the request's context.
	// It is called by the goroutine that waits: in RoundTrip, in the body's Read, or
	// in Stream's loop.
	OnRetry func(context.Context, retry.ChatStreamRetry)
	// OnWarning, if not nil, is called once per request and rule, with the rule's name:
	// "sdk_retries_stacked" (the SDK retries too),
	// "restart_not_possible" (AfterCommitRestart without Stream), "empty_answer"
	// (an answer ended without output, and was delivered unchanged) or "too_much_held"
	// (more than 64 MiB were held for all answers, so this one is passed on unwatched).
	OnWarning func(rule string)
	// OnAttempt, if not nil, is called when an attempt has ended, whatever its
	// outcome, with the request's context, by the same goroutine as OnRetry.
	OnAttempt func(context.Context, AttemptEvent)
	// Controller, if not nil, shows the requests and can end their waits, or them.
	Controller *Controller
	// Group is shared by requests that a server's limits apply to together. Default:
	// one group for the whole program.
	Group *Group
	// Engine makes the sessions. Default: the engine compiled into the program. A
	// *wasm.Engine runs them in the module that browsers run. Its sessions share
	// limits inside the module, so all its transports should have the same Group.
	Engine Engine
	// Resume makes the request for the rest of an answer if Policy.Resume is
	// [retry.ResumeCustom]: from a copy of the first request and from what was
	// received. An error ends the request like a cancel with that cause.
	Resume func(first *http.Request, from session.Resume) (*http.Request, error)
}

// RoundTrip sends req and returns the response when its output begins, or when it is
// clear that there is nothing to guard. It returns a [*retry.Error] if there is no
// response to return: the network failed, a timeout passed, the answer broke off.
//
// If the provider itself explained a failure, RoundTrip returns its response with a
// nil error, like any transport, so that SDKs can read it. That is so for permanent
// failures, and for the last response when the engine gives up: there is no
// [retry.ErrExhausted], [retry.ErrMaxElapsed] or [retry.ErrRetryAfterTooLong] then.
// [ClassifyResponse] judges such a response.
//
// A provider can also explain a failure in a 200. If the first event of a stream is a
// permanent error, or the error of the last attempt, the response has status 200
// and that event in its body. Code that reads streams without an SDK must check for
// the member "error", or use [Transport.Stream], where every failure is an error.
//
// The response is that of the last attempt. A guarded stream has no Content-Length,
// since a resumed one has another length. The caller must close the body. The
// transport reads at most one buffer of 8 KiB ahead of it.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	r, err := t.newRound(req, false)
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

// CloseIdleConnections calls the method of Base, if it has one. It is for
// [http.Client.CloseIdleConnections].
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
		return &defaultGroup
	}
	return t.Group
}
