package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// peekBytes is how much of a body a session gets at a time.
const peekBytes = 32 << 10

// replay gives a request's body once per attempt.
type replay struct {
	first io.ReadCloser                 // the caller's, until it is sent
	get   func() (io.ReadCloser, error) // nil if there is no body, or only first
	once  bool                          // the body can be sent only once
	head  []byte                        // of such a body
}

// init prepares the body. One without GetBody is read into memory, up to limit
// bytes; above that it is sent as it comes, once.
func (b *replay) init(req *http.Request, limit int) error {
	b.first, b.get = req.Body, req.GetBody
	if b.first == nil || b.first == http.NoBody {
		b.get = nil
		return nil
	}
	if b.get == nil {
		// Closing is what ends a read from a pipe or a connection.
		first := b.first
		stop := context.AfterFunc(req.Context(), func() { _ = first.Close() })
		held, err := io.ReadAll(io.LimitReader(first, int64(max(limit, 0))+1))
		if !stop() {
			b.first = nil // it is closed already, or just now
			return canceled(req.Context())
		}
		if err != nil {
			b.close()
			return err
		}
		if len(held) > max(limit, 0) {
			b.once = true
			b.head = held
			b.first = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(bytes.NewReader(held), b.first), b.first}
			return nil
		}
		b.close()
		b.first = nil
		b.get = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(held)), nil }
	}
	return nil
}

// tell hands the body to the session in pieces, as far as it wants it.
func (b *replay) tell(to func([]byte) (more bool, err error)) error {
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
	piece := make([]byte, peekBytes)
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

// next is the body for one more attempt.
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

// close closes the caller's body if no attempt has done so.
func (b *replay) close() {
	if b.first != nil {
		_ = b.first.Close()
		b.first = nil
	}
}

// request is what the next attempt sends: a copy of the caller's request,
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
			return nil, errors.Join(errors.New("transport: no request to resume with"), err)
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

// refill gives req the caller's body again.
func (r *round) refill(req *http.Request) (err error) {
	req.Body, err = r.replay.next()
	req.GetBody = r.replay.get
	return err
}

// rewrite gives req the body that continues a partial answer.
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
