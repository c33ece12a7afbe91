package session_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// sane is a host that does what a session says, whatever happens to it. It checks
// what must hold in every script.
type sane struct {
	t      *testing.T
	s      *session.Session
	held   session.Queue
	now    int64 // by the wall clock, which may jump back
	real   int64 // since the beginning, which does not
	last   *session.Answer
	over   bool
	opened int
	// The last failure: when it was, what the server asked for, and whether a
	// person has overridden that.
	failedAt, asked int64
	pressed         bool
	failures        int // as the last retry event had it
	in, out         int // bytes
	onlySuspected   bool
	everPressed     bool
}

func (h *sane) act(a *session.Answer) {
	h.t.Helper()
	if h.over {
		require.Equal(h.t, session.DoNothing, a.Do, "nothing follows the end")
		require.Zero(h.t, a.Bytes)
		return
	}
	out := h.held.Take(a.Bytes, h.s.Moves())
	require.Len(h.t, out, a.Bytes)
	h.out += len(out)
	if a.TimerAt > 0 {
		require.Less(h.t, a.TimerAt-h.now, int64(1<<31), "longer than a host's timer can be")
	}
	if a.Retry != nil && a.Retry.Attempt > 0 && a.Retry.Attempt != h.failures {
		require.True(h.t, h.pressed || a.Retry.Attempt == h.failures+1, "attempts only rise: %d after %d", a.Retry.Attempt, h.failures)
		h.failures = a.Retry.Attempt
	}
	switch a.Do {
	case session.DoOpen:
		h.opened++
		require.True(h.t, h.last == nil || a.Attempt == h.last.Attempt+1, "attempt %d", a.Attempt)
		if !h.pressed {
			require.GreaterOrEqual(h.t, h.real, h.failedAt+h.asked, "sooner than the server asked")
		}
		h.pressed, h.asked = false, 0
		h.held.Reset()
		if h.onlySuspected && !h.everPressed {
			require.LessOrEqual(h.t, h.opened, 5, "a suspicion is retried without end")
		}
	case session.DoWait:
		require.True(h.t, a.TimerAt > 0 || h.s.Snapshot().WaitingFor == session.WaitingForPerson, "it waits for nothing")
	case session.DoPass, session.DoFinish, session.DoFail, session.DoRethrow:
		h.over = true
	}
	if a.Do != session.DoNothing {
		h.last = a
	}
	state := h.s.Snapshot()
	require.GreaterOrEqual(h.t, state.Attempt, 0)
	require.Equal(h.t, h.over, state.State == session.StateFinished || state.State == session.StateFailed || state.State == session.StateStopped)
}

// pass lets time pass, or sets the clock back.
func (h *sane) pass(ms int64) {
	h.now += ms
	h.real += max(ms, 0)
}

func (h *sane) step(what session.Happened) *session.Answer {
	before := h.s.Snapshot()
	what.Now, what.Attempt = h.now, before.Attempt
	a := h.s.Step(&what)
	require.NotNil(h.t, a)
	if a.Do == session.DoWait && before.State != session.StateWaiting {
		h.failedAt = h.real
	}
	h.act(a)
	return a
}

func (h *sane) chunk(p string) {
	if !h.over {
		h.held.Add([]byte(p))
		h.in += len(p)
	}
	n, a := h.s.Chunk(h.s.Snapshot().Attempt, h.now, []byte(p))
	if a == nil {
		a = &session.Answer{Do: session.DoNothing, Bytes: n}
	} else if a.Do == session.DoWait {
		h.failedAt = h.real
	}
	h.act(a)
}

// FuzzInvariants reports what can happen to a session in a well-formed order, on a
// clock of its own, and checks the design's invariants.
func FuzzInvariants(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09"), uint16(0))
	f.Add([]byte("\x10\x20\x30\x40\x50\x60\x70\x80\x90\xA0\xB0\xC0\xD0\xE0\xF0"), uint16(1))
	f.Add([]byte("\x02\x01\x02\x01\x02\x01\x02\x01\x02\x01\x02\x01\x02\x01"), uint16(0x102))
	f.Add([]byte("\x00\x13\x00\x13\x00\x13\x00\x13\x00\x13\x00\x13\x00\x13\x00\x13\x00\x13"), uint16(0x303))
	policies := []retry.Policy{
		{},
		{FirstByteTimeout: time.Minute, SilenceTimeout: 30 * time.Second},
		{AfterCommit: retry.AfterCommitResume, Jitter: retry.JitterEqual},
		{MaxAttempts: 7, MaxElapsed: time.Hour},
		{Preset: retry.PresetMux},
		{MaxRetryAfter: -1, NoCooldown: true},
	}
	requests := []session.Request{atChat, atMessages, atAsk}
	bodies := [][]string{chat("Hello", " world"), claude("Hello", " world"), withIDs(1, "a", "b", "c")}
	f.Fuzz(func(t *testing.T, script []byte, how uint16) {
		if len(script) > 4096 {
			return
		}
		cfg := session.Config{
			Policy: policies[int(how)%len(policies)], CanReset: how&0x100 != 0, Request: requests[int(how>>4)%len(requests)], Seed: int64(how),
			Recover: how&0x400 != 0, OpaqueErrors: how&0x800 != 0,
		}
		s, err := session.NewSession(&cfg, nil)
		require.NoError(t, err)
		h := &sane{t: t, s: s, now: epoch, onlySuspected: how&0x200 != 0}
		body := bodies[int(how>>4)%len(bodies)]
		at := 0
		h.step(session.Happened{What: session.OnStart})
		for _, c := range script {
			choice, more := c&0x0F, int(c>>4)
			switch choice { // to anybody, at any time
			case 12:
				if more == 0 {
					h.cancel()
				}
				continue
			case 13:
				if s.Snapshot().State == session.StateWaiting { // else there is nothing to press
					h.pressed, h.everPressed, h.failures = true, true, 0
				}
				h.step(session.Happened{What: session.OnRetryNow})
				continue
			case 14:
				h.step(session.Happened{What: []session.On{session.OnOffline, session.OnOnline, session.OnManual, session.OnAutomatic}[more%4]})
				continue
			case 15:
				h.pass([]int64{0, 1, 500, 20_000, 700_000, -3000}[more%6])
				h.step(session.Happened{What: session.OnTimer})
				continue
			}
			switch state := s.Snapshot(); {
			case h.over:
				h.step(session.Happened{What: session.OnEnd})
			case state.State == session.StateWaiting:
				if more%4 == 0 {
					h.step(session.Happened{What: session.OnTimer}) // too early
				} else if h.last.TimerAt > 0 {
					h.pass(max(0, h.last.TimerAt-h.now))
					h.step(session.Happened{What: session.OnTimer})
				}
			case h.last != nil && h.last.Do == session.DoRecover:
				if more%2 == 1 {
					h.asked = 0 // it was asked of another request
				}
				h.step(session.Happened{What: session.OnRecovered, Request: []*session.Request{nil, &atChat}[more%2]})
			case h.last != nil && h.last.Do == session.DoOpen:
				at = 0
				h.opening(choice, more)
			default:
				h.reading(choice, more, body, &at)
			}
		}
		require.LessOrEqual(t, h.out, h.in+1024*h.opened, "more came out than went in")
		h.cancel()
		require.True(t, h.over)
	})
}

// cancel checks that the caller's cancel wins at once.
func (h *sane) cancel() {
	was := h.over
	a := h.step(session.Happened{What: session.OnAbort})
	require.True(h.t, h.over)
	if !was {
		require.Equal(h.t, session.DoFail, a.Do)
		require.Equal(h.t, classify.Canceled, a.Verdict.Kind)
	}
}

// opening is how a request that was sent can turn out.
func (h *sane) opening(choice byte, more int) {
	events := map[string]string{"content-type": "text/event-stream"}
	status := []int{429, 503, 529, 500, 502}[more%5]
	switch {
	case choice < 6 || h.onlySuspected:
		h.step(session.Happened{What: session.OnResponse, Status: 200, Headers: events})
	case choice < 8:
		h.step(session.Happened{What: session.OnError, Error: &classify.ErrorInfo{Name: "TypeError", Message: "fetch failed"}})
	default:
		wish := []string{"", "1", "7", "300"}[more%4]
		seconds := []int64{0, 1, 7, 300}[more%4]
		headers := map[string]string{"content-type": "application/json"}
		if wish != "" {
			headers["retry-after"] = wish
		}
		h.asked = seconds * 1000
		if a := h.step(session.Happened{What: session.OnResponse, Status: status, Headers: headers}); a.Do == session.DoRead {
			h.step(session.Happened{What: session.OnEnd})
		}
	}
}

// reading is how a body can turn out.
func (h *sane) reading(choice byte, more int, body []string, at *int) {
	switch {
	case choice < 6:
		if *at == len(body) || h.onlySuspected && *at == len(body)-2 { // which lacks its end
			h.step(session.Happened{What: session.OnEnd})
			return
		}
		piece := body[*at]
		*at++
		if cut := more * len(piece) / 16; cut > 0 {
			h.chunk(piece[:cut])
			piece = piece[cut:]
		}
		h.chunk(piece)
	case choice == 6:
		h.chunk([]string{": ping\n\n", "\r", "\n", "event: ping\ndata: {\"type\":\"ping\"}\n\n"}[more%4])
	case choice == 7 && !h.onlySuspected:
		h.chunk("data: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n")
	case choice == 8 && !h.onlySuspected:
		h.step(session.Happened{What: session.OnError, Error: &classify.ErrorInfo{Name: "TypeError", Message: "terminated"}})
	case choice == 9:
		h.step(session.Happened{What: session.OnEnd})
	default:
		if h.last != nil && h.last.TimerAt > 0 && more%2 == 0 {
			h.pass(700_000) // the answer is silent
		} else {
			h.pass(100)
		}
		h.step(session.Happened{What: session.OnTimer})
	}
}
