package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/transport"
)

var (
	errCaller = errors.New("the caller has enough")
	errHung   = errors.New("it does not end")
)

// wire is the provider's end, in a synctest bubble.
type wire struct {
	s     *Script
	began time.Time

	mu      sync.Mutex
	opened  []int64
	failed  []int64
	open    int
	resumed int
}

func (w *wire) ms() int64 { return time.Since(w.began).Milliseconds() }

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	body := []byte(nil)
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body) // of a string
		_ = req.Body.Close()
	}
	has := after(req.Header.Get("Last-Event-ID"), req.URL.RawQuery, string(body))
	w.mu.Lock()
	if has != "" {
		w.resumed++
	}
	n := len(w.opened)
	w.opened, w.failed = append(w.opened, w.ms()), append(w.failed, -1)
	w.mu.Unlock()
	a := w.s.attempt(n)
	if a == nil {
		a = &Attempt{Status: http.StatusTeapot}
	}
	if a.Mute {
		<-req.Context().Done()
		return nil, context.Cause(req.Context())
	}
	if err := sleep(req.Context(), a.AfterMs); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed[n] = w.ms()
	if a.Refused {
		return nil, fmt.Errorf("dial tcp 127.0.0.1:2: %w", syscall.ECONNREFUSED)
	}
	header := http.Header{}
	for name, value := range a.Headers {
		header.Set(name, value)
	}
	w.open++
	a = a.forRequest(has)
	return &http.Response{
		StatusCode: a.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, ContentLength: -1, Request: req,
		Body: &wireBody{ctx: req.Context(), w: w, a: a, due: time.Now()},
	}, nil
}

// sleep ends with the context, and then with its cause, as net/http does.
func sleep(ctx context.Context, ms int) error {
	if ms <= 0 {
		return context.Cause(ctx)
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(time.Duration(ms) * time.Millisecond):
		return nil
	}
}

type wireBody struct {
	ctx    context.Context
	w      *wire
	a      *Attempt
	piece  int
	rest   []byte
	closed bool
	due    time.Time // of the next piece: the provider sends, whether or not somebody reads
}

func (b *wireBody) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		if b.piece == len(b.a.Pieces) {
			switch b.a.End {
			case EndHang:
				<-b.ctx.Done()
				return 0, context.Cause(b.ctx)
			case EndReset:
				return 0, fmt.Errorf("read tcp 127.0.0.1:1->127.0.0.1:2: %w", syscall.ECONNRESET)
			}
			return 0, io.EOF
		}
		b.due = b.due.Add(time.Duration(b.a.Pieces[b.piece].AfterMs) * time.Millisecond)
		if err := sleep(b.ctx, int(time.Until(b.due).Milliseconds())); err != nil {
			return 0, err
		}
		b.rest = b.a.Pieces[b.piece].Bytes
		b.piece++
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, context.Cause(b.ctx)
}

func (b *wireBody) Close() error {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	if !b.closed {
		b.closed = true
		b.w.open--
	}
	return nil
}

// playInGo plays a script with a Transport. It is for a synctest bubble.
func playInGo(s *Script, engine transport.Engine, group *transport.Group) (r *Result, err error) {
	w := &wire{s: s, began: time.Now()}
	r = &Result{Seed: s.Seed}
	controller := &transport.Controller{}
	policy, err := json.Marshal(s.Policy)
	if err != nil {
		return nil, err
	}
	tr := &transport.Transport{
		Base: w, Group: group, Engine: engine, Controller: controller,
		OnRetry: func(_ context.Context, e retry.ChatStreamRetry) {
			r.Retries = append(r.Retries, Retry{e.Attempt, e.DelayMs})
		},
	}
	if err := json.Unmarshal(policy, &tr.Policy); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var timers []*time.Timer
	for _, act := range s.Acts {
		timers = append(timers, time.AfterFunc(time.Duration(act.AtMs)*time.Millisecond, func() {
			switch act.What {
			case "abort":
				cancel(errCaller)
			case "stop":
				controller.Stop()
			case "retryNow":
				controller.RetryNow()
			}
		}))
	}
	hung := time.AfterFunc(48*time.Hour, func() { cancel(errHung) })
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://api.example.com"+s.Path, strings.NewReader(s.Body))
	if err != nil {
		return nil, err
	}
	for name, value := range s.Headers {
		req.Header.Set(name, value)
	}
	if s.Client == "stream" {
		readEvents(s, r, tr, req)
	} else {
		readBody(s, r, tr, req)
	}
	r.Ms = w.ms()
	for _, t := range append(timers, hung) {
		t.Stop()
	}
	cancel(nil)
	time.Sleep(time.Second) // whoever is to let go has done so
	w.mu.Lock()
	defer w.mu.Unlock()
	r.Opened, r.Failed, r.Open, r.Resumed = w.opened, w.failed, w.open, w.resumed
	if left := len(controller.Snapshots()); left > 0 {
		return nil, fmt.Errorf("%d requests are left in the controller", left)
	}
	return r, nil
}

func readEvents(s *Script, r *Result, tr *transport.Transport, req *http.Request) {
	reads := 0
	r.End = "done"
	for e, err := range tr.Stream(req) {
		switch {
		case err != nil:
			r.note(req.Context(), err)
		case e.Type == retry.ChatStreamEventTypeReset:
			r.Events = nil
		case e.Type == retry.ChatStreamEventTypeMessage:
			r.Events = append(r.Events, Message{e.Name, strings.ToValidUTF8(e.Data, "\ufffd"), e.ID})
		}
		if s.Reads.enough(&reads) {
			r.End = "left"
			return
		}
	}
}

func readBody(s *Script, r *Result, tr *transport.Transport, req *http.Request) {
	resp, err := tr.RoundTrip(req)
	if err != nil {
		r.note(req.Context(), err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	r.Status = resp.StatusCode
	reads := 0
	buffer := make([]byte, 4096)
	for {
		n, err := resp.Body.Read(buffer)
		r.Bytes = append(r.Bytes, buffer[:n]...)
		switch {
		case err == io.EOF:
			r.End = "done"
			return
		case err != nil:
			r.note(req.Context(), err)
			return
		}
		if s.Reads.enough(&reads) {
			r.End = "left"
			return
		}
	}
}

// enough pauses between reads, and reports whether the consumer has enough.
func (c Reads) enough(reads *int) bool {
	*reads++
	pause := c.EveryMs
	if *reads == 1 {
		pause += c.PauseMs
	}
	if pause > 0 {
		time.Sleep(time.Duration(pause) * time.Millisecond)
	}
	return *reads == c.LeaveAfter
}

// note takes the error that a request ended with.
func (r *Result) note(ctx context.Context, err error) {
	r.End, r.Error = "error", err.Error()
	var failure *retry.Error
	if errors.As(err, &failure) {
		r.Kind = string(failure.Verdict.Kind)
	}
	if errors.Is(err, errCaller) {
		r.End = "aborted"
	} else if context.Cause(ctx) == errHung {
		r.End = "hung"
	}
}
