package transport

import (
	"context"
	"io"
	"net/http"
)

// response returns what RoundTrip returns to its caller.
func (r *round) response() *http.Response {
	resp := r.resp
	resp.Request = r.req
	switch {
	case r.passed && !r.attempt.reading:
		// Nothing was read: the body is passed on. At its end the context must be freed.
		passed := passedBody{resp.Body, r.cancel}
		resp.Body = passed
		if w, ok := passed.ReadCloser.(io.Writer); ok {
			resp.Body = passedConn{passed, w} // 101 Switching Protocols
		}
	case r.passed:
		resp.Body = &body{r}
	default:
		resp.Body = &body{r}
		resp.ContentLength = -1
		resp.Header.Del("Content-Length")
	}
	return resp
}

// passedBody is a body that is not guarded. At its end it frees its request's context.
type passedBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b passedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.cancel(nil)
	}
	return n, err
}

func (b passedBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// passedConn is a passedBody that can also be written to.
type passedConn struct {
	passedBody
	io.Writer
}

// body is the body of a guarded response. Reading it drives the round.
type body struct{ r *round }

func (b *body) Read(p []byte) (int, error) {
	r := b.r
	r.mu.Lock()
	n, err := r.read(p)
	r.mu.Unlock()
	if r.closed.Load() {
		r.close() // Close found the lock taken, so it left this to Read
	}
	return n, err
}

// Close ends the request. It may be called while a Read waits, and also from a
// callback that this Read calls.
func (b *body) Close() error {
	b.r.close()
	return nil
}

// read reads pending bytes, or drives the round until there are some.
func (r *round) read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if r.closed.Load() {
			return 0, http.ErrBodyReadAfterClose
		}
		switch {
		case r.err == nil && r.ctx.Err() != nil:
			r.pending = nil
			r.abort()
		case r.err != nil && len(r.pending) > 0 && r.req.Context().Err() != nil:
			// The round had ended before the cancel. One that has not ended must be
			// ended by abort, or it would never be freed.
			r.pending, r.err = nil, canceled(r.req.Context())
		case len(r.pending) > 0:
			n := copy(p, r.pending)
			r.pending = r.pending[n:]
			return n, nil
		case r.err != nil:
			return 0, r.err
		default:
			r.next()
		}
	}
}

// close ends the round in any state.
func (r *round) close() {
	r.closed.Store(true)
	r.cancel(errClosed)
	if !r.mu.TryLock() {
		return
	}
	defer r.mu.Unlock()
	r.pending = nil
	if r.err == nil {
		r.abort()
	}
}
