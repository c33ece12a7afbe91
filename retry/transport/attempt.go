package transport

import (
	"context"
	"io"
	"net/http"
	"time"
)

const (
	// bufferSize is how much of a body is read at once, in bytes, and so how far the
	// reader can be ahead of its consumer.
	bufferSize = 8 << 10
	// maxEmptyReads is how many reads in a row may return nothing (as in bufio).
	maxEmptyReads = 100
)

// attempt is one request. Its goroutines end when its context does.
type attempt struct {
	number int
	began  time.Time
	ctx    context.Context
	cancel context.CancelFunc

	req    *http.Request // nil until it is made, or if it could not be
	opened chan opened   // the response or the error, once
	resp   *http.Response

	chunks  chan chunk
	reading bool
	end     error // how the body ended; io.EOF if without an error
}

type opened struct {
	resp *http.Response
	err  error
}

// chunk is bytes of a body, valid until the next chunk is received, or its end.
type chunk struct {
	bytes []byte
	err   error
}

func newAttempt(parent context.Context, number int) *attempt {
	a := &attempt{number: number, began: time.Now(), opened: make(chan opened), chunks: make(chan chunk)}
	a.ctx, a.cancel = context.WithCancel(parent)
	return a
}

// open sends the request. It closes a response that comes after the attempt ended.
func (a *attempt) open(send func(*http.Request) (*http.Response, error), req *http.Request) {
	resp, err := send(req)
	select {
	case a.opened <- opened{resp, err}:
	case <-a.ctx.Done():
		if err == nil {
			_ = resp.Body.Close()
		}
	}
}

// read sends the body to chunks, one buffer ahead of the consumer. So a consumer that
// comes back late finds what has arrived before any clock decides that the stream
// is silent.
func (a *attempt) read(body io.ReadCloser) {
	defer a.cancel()
	defer func() { _ = body.Close() }()
	// While the consumer uses one buffer, the other one is filled.
	var buffers [2][]byte
	empty := 0
	for i := 0; ; i ^= 1 {
		if buffers[i] == nil {
			buffers[i] = make([]byte, bufferSize)
		}
		n, err := body.Read(buffers[i])
		if n > 0 {
			empty = 0
			select {
			case a.chunks <- chunk{bytes: buffers[i][:n]}:
			case <-a.ctx.Done():
				return
			}
		} else if empty++; err == nil && empty > maxEmptyReads {
			err = io.ErrNoProgress
		}
		if err != nil {
			select {
			case a.chunks <- chunk{err: err}:
			case <-a.ctx.Done():
			}
			return
		}
	}
}

// drop abandons the attempt.
func (a *attempt) drop() {
	a.cancel()
	if a.resp != nil && !a.reading {
		_ = a.resp.Body.Close()
	}
}
