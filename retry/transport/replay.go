package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// pieceSize is how much of a body the session reads at a time, in bytes.
const pieceSize = 32 << 10

// replay supplies a request's body for each attempt.
type replay struct {
	first io.ReadCloser                 // the caller's body, until it is sent
	get   func() (io.ReadCloser, error) // returns the body again; nil if there is none, or only first
	once  bool                          // the body can be sent only once
	head  []byte                        // the beginning of such a body
}

// A body that pauses for so long is sent as it comes, once: its end may depend on
// the answer, as in a call that streams in both directions.
const pause = 100 * time.Millisecond

// init prepares the body. A body without GetBody is read into memory, if it is no
// longer than limit bytes and does not pause. Another one can be sent only once.
func (b *replay) init(req *http.Request, limit int) error {
	b.first, b.get = req.Body, req.GetBody
	if b.first == nil || b.first == http.NoBody {
		b.get = nil
		return nil
	}
	if b.get != nil {
		return nil
	}
	// Only Close ends a read that waits for a pipe or a connection.
	first := b.first
	stop := context.AfterFunc(req.Context(), func() { _ = first.Close() })
	held, rest, err := readUpTo(first, max(limit, 0))
	if !stop() {
		b.first = nil // it is closed, or being closed
		return canceled(req.Context())
	}
	if err != nil {
		b.close()
		return err
	}
	if rest != nil {
		b.once = true
		b.head = held
		b.first = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(held), rest), first}
		return nil
	}
	b.close()
	b.first = nil
	b.get = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(held)), nil }
	return nil
}

// readUpTo reads from r to its end, and returns all of it; or, if it is longer than
// limit bytes or pauses, what it has read and a reader of the rest.
func readUpTo(r io.Reader, limit int) (held []byte, rest io.Reader, err error) {
	for len(held) <= limit {
		next := readLater(r, make([]byte, min(pieceSize, limit+1-len(held))))
		select {
		case <-next.done:
		case <-time.After(pause):
			return held, io.MultiReader(next, r), nil
		}
		held = append(held, next.piece...)
		if next.err == io.EOF {
			return held, nil, nil
		}
		if next.err != nil {
			return held, nil, next.err
		}
	}
	return held, r, nil
}

// later is a read that goes on while others work. As a reader it gives what was read.
type later struct {
	done  chan struct{} // closed when piece and err are set
	piece []byte
	err   error
}

func readLater(r io.Reader, into []byte) *later {
	l := &later{done: make(chan struct{})}
	go func() {
		n, err := r.Read(into)
		l.piece, l.err = into[:n], err
		close(l.done)
	}()
	return l
}

func (l *later) Read(p []byte) (int, error) {
	<-l.done
	n := copy(p, l.piece)
	l.piece = l.piece[n:]
	if len(l.piece) > 0 {
		return n, nil
	}
	if l.err != nil {
		return n, l.err
	}
	return n, io.EOF
}

// feed passes the body to the session in pieces, until it wants no more.
func (b *replay) feed(to func([]byte) (more bool, err error)) error {
	if b.once {
		_, err := to(b.head)
		return err
	}
	if b.get == nil {
		return nil
	}
	body, err := b.get()
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	piece := make([]byte, pieceSize)
	for {
		n, err := body.Read(piece)
		if n > 0 {
			if more, err := to(piece[:n]); !more || err != nil {
				return err
			}
		}
		switch err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

// next returns the body for one more attempt.
func (b *replay) next() (io.ReadCloser, error) {
	if body := b.first; body != nil {
		b.first = nil
		return body, nil
	}
	if b.get == nil {
		return nil, nil
	}
	return b.get()
}

// close closes the caller's body, unless an attempt has taken it over.
func (b *replay) close() {
	if b.first != nil {
		_ = b.first.Close()
		b.first = nil
	}
}

// request returns what the next attempt sends: a copy of the caller's request,
// changed as resume says.
func (r *round) request(ctx context.Context, resume *session.Resume) (*http.Request, error) {
	req := r.req.Clone(ctx)
	if resume == nil {
		return req, r.refill(req)
	}
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if resume.Method != "" {
		req.Method = resume.Method
	}
	if resume.LastEventID != "" {
		req.Header.Set("Last-Event-ID", resume.LastEventID)
	}
	if resume.URL != "" {
		address, err := url.Parse(resume.URL)
		if err != nil {
			return nil, err
		}
		req.URL = address
	}
	switch {
	case resume.How == retry.ResumeCustom:
		if r.t.Resume == nil {
			return nil, errors.New("transport: Policy.Resume is custom, but Transport.Resume is nil")
		}
		if err := r.refill(req); err != nil {
			return nil, err
		}
		made, err := r.t.Resume(req, *resume)
		if err != nil || made == nil || made.URL == nil {
			return nil, errors.Join(errors.New("transport: Transport.Resume returned no request"), err)
		}
		return made.WithContext(ctx), nil
	case resume.NoBody:
		req.Body, req.GetBody, req.ContentLength, req.TransferEncoding = nil, nil, 0, nil
		req.Header.Del("Content-Type")
		req.Header.Del("Content-Length")
		return req, nil
	case resume.Rewrite:
		return req, r.rewrite(req)
	}
	return req, r.refill(req)
}

// refill sets the caller's body in req.
func (r *round) refill(req *http.Request) (err error) {
	req.Body, err = r.replay.next()
	req.GetBody = r.replay.get
	return err
}

// rewrite sets the body that continues a partial answer in req.
func (r *round) rewrite(req *http.Request) error {
	body, err := r.replay.next()
	if err != nil {
		return err
	}
	if body == nil {
		return errNoRewrite
	}
	defer func() { _ = body.Close() }()
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	rewritten, err := r.session.Rewrite(string(text))
	if err != nil {
		return errNoRewrite
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(rewritten)), nil }
	req.Body, _ = req.GetBody()
	req.ContentLength = int64(len(rewritten))
	req.Header.Del("Content-Length")
	return nil
}
