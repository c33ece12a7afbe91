package wasm

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

const epoch = 1_000_000_000_000

func newTestEngine(t *testing.T) *Engine {
	t.Helper()
	e, err := NewEngine(context.Background())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

func newTestSession(t *testing.T, e *Engine, p retry.Policy) *session.Holder {
	t.Helper()
	s, err := e.NewSession(session.Config{Policy: p, Request: session.Request{
		Method: "POST", URL: "https://api.openai.com/v1/chat/completions", Body: `{"stream":true,"messages":[{"role":"user","content":"hi"}]}`,
	}})
	require.NoError(t, err)
	return &session.Holder{Machine: s}
}

const (
	role  = `data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n"
	hello = `data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}]}` + "\n\n"
	done  = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n" + "data: [DONE]\n\n"
)

func TestTheEngineAgreesWithTheGoPackages(t *testing.T) {
	e := newTestEngine(t)
	for _, f := range []classify.Failure{
		{},
		{Phase: classify.PhaseResponse, Status: 529, Body: `{"error":{"type":"overloaded_error","message":"Overloaded"}}`, Provider: "anthropic"},
		{Phase: classify.PhaseResponse, Status: 429, Headers: map[string]string{"Retry-After": "7"}, URL: "https://api.openai.com/v1/responses"},
		{Phase: classify.PhaseConnect, Error: &classify.ErrorInfo{Name: "TypeError", Message: "fetch failed", Cause: &classify.ErrorInfo{Code: "ECONNRESET"}}},
	} {
		v, err := e.Classify(f)
		require.NoError(t, err)
		require.Equal(t, classify.Classify(f), v)
	}
	for _, attempt := range []int{-1 << 40, -1, 0, 1, 5, 6, 100, 1 << 40} {
		d, err := e.Delay(attempt)
		require.NoError(t, err)
		require.Equal(t, retry.Delay(attempt), d)
	}
	p, err := e.Policy(retry.Policy{Preset: retry.PresetCoder, ContentTimeout: -1})
	require.NoError(t, err)
	require.Equal(t, 25, p.MaxAttempts)
	require.Negative(t, p.ContentTimeout, "off stays off as JSON")
	require.Equal(t, time.Second, p.InitialDelay)
	var refused *RefusedError
	_, err = e.Policy(retry.Policy{Jitter: "some"})
	require.ErrorAs(t, err, &refused)
	require.NotEmpty(t, refused.Reason)
	require.Equal(t, "wasm: refused: "+refused.Reason, err.Error())
	_, err = e.NewSession(session.Config{Policy: retry.Policy{Preset: "best"}})
	require.ErrorAs(t, err, &refused)
}

func TestASessionInTheModuleGoesThroughARetry(t *testing.T) {
	e := newTestEngine(t)
	s := newTestSession(t, e, retry.Policy{})
	step := func(h session.Happened) *session.Answer {
		a, err := s.Step(&h)
		require.NoError(t, err)
		return a
	}
	stream := map[string]string{"content-type": "text/event-stream"}
	require.Equal(t, session.DoOpen, step(session.Happened{What: session.OnStart, Now: epoch}).Do)
	require.Equal(t, session.DoRead, step(session.Happened{What: session.OnResponse, Now: epoch, Attempt: 1, Status: 200, Headers: stream}).Do)
	n, a, err := s.Chunk(1, epoch+10, []byte(role))
	require.NoError(t, err)
	require.Zero(t, n)
	require.Nil(t, a)
	a = step(session.Happened{What: session.OnError, Now: epoch + 20, Attempt: 1, Error: &classify.ErrorInfo{Message: "terminated"}})
	require.Equal(t, session.DoWait, a.Do)
	require.Equal(t, int64(epoch+1020), a.TimerAt)
	require.Equal(t, time.UnixMilli(epoch+1020).UTC(), a.Retry.RetryingAt.UTC())
	snapshot, err := s.Snapshot()
	require.NoError(t, err)
	require.Equal(t, session.StateWaiting, snapshot.State)
	require.Equal(t, a.Retry, snapshot.Retry)

	require.Equal(t, session.DoOpen, step(session.Happened{What: session.OnTimer, Now: epoch + 1020}).Do)
	step(session.Happened{What: session.OnResponse, Now: epoch + 1030, Attempt: 2, Status: 200, Headers: stream})
	n, a, err = s.Chunk(2, epoch+1040, []byte(role+hello+hello[:20]))
	require.NoError(t, err)
	require.True(t, a.Committed)
	require.Equal(t, len(role+hello), n)
	require.Equal(t, role+hello, string(s.Bytes()))
	n, a, err = s.Chunk(2, epoch+1050, []byte(hello[20:]))
	require.NoError(t, err)
	require.Nil(t, a)
	require.Equal(t, len(hello), n)
	require.Equal(t, hello, string(s.Bytes()))
	_, a, err = s.Chunk(2, epoch+1060, []byte(done))
	require.NoError(t, err)
	require.Equal(t, session.DoNothing, a.Do, "more may follow the end marker")
	require.Equal(t, int64(epoch+2060), a.TimerAt)
	require.Equal(t, done, string(s.Bytes()))
	require.Equal(t, session.DoFinish, step(session.Happened{What: session.OnEnd, Now: epoch + 1070, Attempt: 2}).Do)

	_, err = s.Rewrite("no request at all")
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, err = s.Snapshot()
	require.ErrorIs(t, err, ErrClosed)
}

func TestTooLongChunksAndInputsAreRefused(t *testing.T) {
	e := newTestEngine(t)
	s := newTestSession(t, e, retry.Policy{})
	_, _, err := s.Chunk(1, epoch, make([]byte, MaxChunk+1))
	require.Error(t, err)
	var refused *RefusedError
	_, err = e.Classify(classify.Failure{Body: strings.Repeat("x", 17<<20)})
	require.ErrorAs(t, err, &refused)
	_, err = s.Rewrite(strings.Repeat("x", 17<<20))
	require.ErrorAs(t, err, &refused)
	_, err = e.Classify(classify.Failure{Body: strings.Repeat("x", 15<<20)})
	require.NoError(t, err)
}

// spoil makes every pointer in the instance's memory invalid.
func spoil(t *testing.T, e *Engine) {
	t.Helper()
	memory := e.inst.module.Memory()
	require.True(t, memory.Write(0, bytes.Repeat([]byte{0xFF}, int(memory.Size()))))
}

func TestAnInstanceThatTrappedIsReplacedAndItsSessionsFail(t *testing.T) {
	e := newTestEngine(t)
	for range 3 {
		first, second := newTestSession(t, e, retry.Policy{}), newTestSession(t, e, retry.Policy{})
		_, err := first.Step(&session.Happened{What: session.OnStart, Now: epoch})
		require.NoError(t, err)
		spoil(t, e)
		_, err = first.Step(&session.Happened{What: session.OnTimer, Now: epoch})
		require.ErrorIs(t, err, ErrTrapped)
		_, err = second.Step(&session.Happened{What: session.OnStart, Now: epoch})
		require.ErrorIs(t, err, ErrTrapped, "it is in the same instance")
		_, _, err = first.Chunk(1, epoch, []byte("data: x\n\n"))
		require.ErrorIs(t, err, ErrTrapped)
		_, err = first.Snapshot()
		require.ErrorIs(t, err, ErrTrapped)

		third := newTestSession(t, e, retry.Policy{})
		a, err := third.Step(&session.Happened{What: session.OnStart, Now: epoch})
		require.NoError(t, err)
		require.Equal(t, session.DoOpen, a.Do)
		require.NoError(t, first.Close(), "a session that is lost can still be closed")
		_, err = first.Snapshot()
		require.ErrorIs(t, err, ErrClosed)
		_, err = third.Snapshot()
		require.NoError(t, err, "closing it did not affect a session of the new instance")
		require.NoError(t, third.Close())
	}
	spoil(t, e)
	_, err := e.Classify(classify.Failure{Status: 429, Body: "x"})
	require.ErrorIs(t, err, ErrTrapped)
	v, err := e.Classify(classify.Failure{Status: 429, Body: "x"})
	require.NoError(t, err)
	require.True(t, v.Retryable)
}

// foreign returns a module with a memory, an empty _initialize, and an abi_version
// that returns 1, or traps if traps is set.
func foreign(traps bool) []byte {
	version := []byte{4, 0, 0x41, 1, 0x0B} // i32.const 1; end
	if traps {
		version = []byte{3, 0, 0x00, 0x0B} // unreachable; end
	}
	m := []byte{0, 'a', 's', 'm', 1, 0, 0, 0}
	m = append(m, 1, 8, 2, 0x60, 0, 0, 0x60, 0, 1, 0x7F) // types: () → (), () → i32
	m = append(m, 3, 3, 2, 0, 1)                         // functions 0 and 1
	m = append(m, 5, 3, 1, 0, 1)                         // a page of memory
	exports := []byte{3}
	for _, export := range []struct {
		name     string
		kind, at byte
	}{{"memory", 2, 0}, {"_initialize", 0, 0}, {"abi_version", 0, 1}} {
		exports = append(append(append(exports, byte(len(export.name))), export.name...), export.kind, export.at)
	}
	m = append(append(m, 7, byte(len(exports))), exports...)
	return append(append(m, 10, byte(1+3+len(version)), 2, 2, 0, 0x0B), version...)
}

func TestAModuleOfAnotherVersionIsRefused(t *testing.T) {
	_, err := newEngine(context.Background(), foreign(false))
	require.ErrorIs(t, err, ErrVersion)
	_, err = newEngine(context.Background(), foreign(true))
	require.ErrorIs(t, err, ErrTrapped)
	_, err = newEngine(context.Background(), []byte("no module"))
	require.Error(t, err)
}

func TestAClosedEngineReturnsErrClosed(t *testing.T) {
	e, err := NewEngine(context.Background())
	require.NoError(t, err)
	s := newTestSession(t, e, retry.Policy{})
	require.NoError(t, e.Close())
	require.NoError(t, e.Close())
	_, err = e.Classify(classify.Failure{})
	require.ErrorIs(t, err, ErrClosed)
	_, err = s.Snapshot()
	require.ErrorIs(t, err, ErrClosed)
	require.NoError(t, s.Close())
}

func TestManyGoroutinesCanUseOneEngine(t *testing.T) {
	e := newTestEngine(t)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for round := range 20 {
				s, err := e.NewSession(session.Config{Request: session.Request{Method: "POST", URL: fmt.Sprintf("https://%d.example/v1/chat/completions", worker), Body: `{"stream":true}`}})
				if err != nil {
					t.Error(err)
					return
				}
				now := int64(epoch + round*1000)
				held := session.Holder{Machine: s}
				_, _ = held.Step(&session.Happened{What: session.OnStart, Now: now})
				_, _ = held.Step(&session.Happened{What: session.OnResponse, Now: now, Attempt: 1, Status: 200, Headers: map[string]string{"content-type": "text/event-stream"}})
				_, _, _ = held.Chunk(1, now, []byte(role+hello))
				if got := string(held.Bytes()); got != role+hello {
					t.Errorf("%d: %q", worker, got)
				}
				if v, err := e.Classify(classify.Failure{Status: 400 + worker}); err != nil || v.Status != 400+worker {
					t.Errorf("%d: %v %v", worker, v, err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkClassify(b *testing.B) {
	e, err := NewEngine(context.Background())
	require.NoError(b, err)
	defer e.Close()
	f := classify.Failure{Phase: classify.PhaseResponse, Status: 529, Body: `{"error":{"type":"overloaded_error","message":"Overloaded"}}`}
	for b.Loop() {
		if _, err := e.Classify(f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewEngine(b *testing.B) {
	for b.Loop() {
		e, err := NewEngine(context.Background())
		require.NoError(b, err)
		_ = e.Close()
	}
}
