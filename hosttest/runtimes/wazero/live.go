package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
	"github.com/steadfetch/steadfetch/wasm"
)

const body = `{"model":"m","max_tokens":999,"stream":true,"messages":[{"role":"user","content":"Tell me."}]}`

// lived is what a consumer got of a stream.
type lived struct {
	Text    string                   `json:"text"`
	Retries []*retry.ChatStreamRetry `json:"retries"`
	Resets  int                      `json:"resets"`
}

// seen is something that happened to an attempt: a Happened, or bytes of its body.
type seen struct {
	happened session.Happened
	chunk    []byte
}

// survive streams an answer with a session in the module. It is a host as ABI.md
// describes it, with a goroutine per request and a channel for what happens.
func survive(ctx context.Context, engine *wasm.Engine, address string, canReset bool, textIn func([]byte) (string, error)) (*lived, error) {
	made, err := engine.NewSession(session.Config{
		Policy:   retry.Policy{InitialDelay: 50 * time.Millisecond},
		Request:  session.Request{Method: http.MethodPost, URL: address, Body: body},
		CanReset: canReset,
	})
	if err != nil {
		return nil, err
	}
	defer made.Close()
	guarded := &session.Holder{Machine: made}

	got := &lived{Retries: []*retry.ChatStreamRetry{}}
	var text strings.Builder
	happens := make(chan seen)
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	drop := func() {}
	defer func() { drop() }()
	timer := time.NewTimer(0)
	timer.Stop()

	var timerAt int64
	next := &seen{happened: session.Happened{What: session.OnStart}}
	for {
		answer, err := tell(guarded, next, timerAt)
		if err != nil {
			return nil, err
		}
		if answer.Reset {
			text.Reset()
			got.Resets++
		}
		text.Write(guarded.Bytes()[:answer.Bytes])
		if answer.Retry != nil {
			got.Retries = append(got.Retries, answer.Retry)
		}
		switch answer.Do {
		case session.DoOpen:
			drop()
			attempt, cancel := context.WithCancel(ctx)
			drop = cancel
			go open(attempt, address, answer.Attempt, happens)
		case session.DoWait:
			drop()
		case session.DoFinish:
			got.Text, err = textOf(text.String(), textIn)
			return got, err
		case session.DoPass, session.DoLend, session.DoFail:
			return nil, fmt.Errorf("%s: %+v", answer.Do, answer.Verdict)
		}
		timer.Stop()
		if timerAt = answer.TimerAt; timerAt > 0 {
			timer.Reset(time.Until(time.UnixMilli(timerAt)))
		}
		select {
		case event := <-happens:
			next = &event
		case <-timer.C:
			next = &seen{happened: session.Happened{What: session.OnTimer}}
		}
	}
}

// tell reports to the session. Bytes without an answer leave the timer unchanged.
func tell(guarded *session.Holder, s *seen, timerAt int64) (*session.Answer, error) {
	now := time.Now().UnixMilli()
	if s.chunk == nil {
		s.happened.Now = now
		return guarded.Step(&s.happened)
	}
	n, answer, err := guarded.Chunk(s.happened.Attempt, now, s.chunk)
	if err == nil && answer == nil {
		answer = &session.Answer{Do: session.DoNothing, Bytes: n, TimerAt: timerAt}
	}
	return answer, err
}

// open sends a request and reports what happens to it.
func open(ctx context.Context, address string, attempt int, happens chan<- seen) {
	send := func(s seen) {
		s.happened.Attempt = attempt
		select {
		case happens <- s:
		case <-ctx.Done():
		}
	}
	fail := func(err error) {
		send(seen{happened: session.Happened{What: session.OnError, Error: classify.FromError(err).Error}})
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		fail(err)
		return
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		fail(err)
		return
	}
	defer response.Body.Close()
	headers := map[string]string{}
	for name, values := range response.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	send(seen{happened: session.Happened{What: session.OnResponse, Status: response.StatusCode, Headers: headers}})
	for {
		chunk := make([]byte, 32<<10)
		n, err := response.Body.Read(chunk)
		if n > 0 {
			send(seen{chunk: chunk[:n]})
		}
		switch {
		case err == io.EOF:
			send(seen{happened: session.Happened{What: session.OnEnd}})
			return
		case err != nil:
			fail(err)
			return
		}
	}
}
