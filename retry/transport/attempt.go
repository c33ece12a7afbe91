package transport

import (
	"context"
	"io"
	"net/http"
	"time"
)

const (
	// bufferSize is how much of a body is read at once, and so how far a reader
	// may be ahead of its consumer.
	bufferSize = 8 << 10
	// maxEmptyReads is how many reads in a row may give nothing.
	maxEmptyReads = 100
)

// attempt is one request. Its goroutines end when its context does.
type attempt struct {
	number int
	began  time.Time
	ctx    context.Context
	cancel context.CancelFunc

	req    *http.Request // nil if it could not be made
	opened chan opened   // the response or the error, once
	resp   *http.Response

	chunks  chan chunk
	reading bool
	end     error // how the body ended, io.EOF if well
}

type opened struct {
	resp *http.Response
	err  error
}

// chunk is bytes of a body, good until the next chunk is received, or its end.
type chunk struct {
	bytes []byte
	err   error
}

func newAttempt(parent context.Context, number int) *attempt {
	a := &attempt{number: number, began: time.Now(), opened: make(chan opened), chunks: make(chan chunk)}
	a.ctx, a.cancel = context.WithCancel(parent)
	return a
}

// open sends the request. A response that comes too late is closed.
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

// read hands the body over in chunks, one buffer ahead of the consumer: so one
// that comes back late finds what has arrived, and need not ask the clock
// whether the stream is silent.
func (a *attempt) read(body io.ReadCloser) {
	defer a.cancel()
	defer func() { _ = body.Close() }()
	// While the consumer looks at one buffer, the other one is filled.
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

// drop gives the attempt up.
func (a *attempt) drop() {
	a.cancel()
	if a.resp != nil && !a.reading {
		_ = a.resp.Body.Close()
	}
}
