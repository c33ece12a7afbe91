package session_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// FuzzSession reports anything in any order: nothing panics, nothing happens after
// the end, and the bytes to deliver exist.
func FuzzSession(f *testing.F) {
	f.Add([]byte("\x00\x08\x10\x09\x00"), int64(0), uint8(0))
	f.Add([]byte("\x00\x08\x20\x21\x08\x09\x06\x08\x22"), int64(1000), uint8(1))
	f.Add([]byte("\x00\x08\x11\x12\x0a\x06\x08\x13\x09"), int64(700_000), uint8(2))
	f.Add([]byte("\x00\x08\x14\x15\x0a\x06\x08\x14\x15\x16"), int64(3), uint8(6))
	whats := []session.On{
		session.OnStart, session.OnAbort, session.OnStop, session.OnOnline, session.OnOffline, session.OnRetryNow, session.OnTimer, session.OnProbeLost,
		session.OnResponse, session.OnEnd, session.OnError, session.OnSuccess, session.OnFailed, "nonsense",
		session.OnManual, session.OnAutomatic, session.OnRecovered,
	}
	pieces := append(append(chat("Hello", " wor"), claude("Hello ", "world, and more of it")...), responses(true, "a", "b")...)
	pieces = append(pieces, withIDs(1, "a", "b", "c")...)
	pieces = append(pieces, `{"error":{"message":"Overloaded"}}`, "<html>", "data: {\"error\":\"x\"}\n\n", "\r", "\n", "data: [DONE]", "da", "\xEF\xBB\xBF")
	policies := []retry.Policy{
		{},
		{AfterCommit: retry.AfterCommitRestart, FirstByteTimeout: 100 * time.Millisecond, SilenceTimeout: 200 * time.Millisecond},
		{AfterCommit: retry.AfterCommitResume, MaxAttempts: 9},
		{AfterCommit: retry.AfterCommitResume, Resume: retry.ResumeContinue, Jitter: retry.JitterFull},
		{AfterCommit: retry.AfterCommitResume, Resume: retry.ResumeCustom, BudgetTokens: 3},
		{Preset: retry.PresetCoder, Lenient: true, MaxElapsed: 5 * time.Second},
		{Preset: retry.PresetMux, MaxRetryAfter: -1},
	}
	f.Fuzz(func(t *testing.T, script []byte, leap int64, how uint8) {
		group := &session.Group{}
		var sessions [2]*session.Session
		queues := map[*session.Session]*session.Queue{}
		for i := range sessions {
			cfg := session.Config{
				Policy: policies[int(how)%len(policies)], Seed: leap, CanReset: how&64 != 0, Recover: how&32 != 0, OpaqueErrors: how&128 != 0,
				Request: session.Request{URL: "https://x.example/v1/responses", Body: `{"stream":true}`, Headers: map[string]string{"accept": "text/event-stream"}},
			}
			sessions[i], _ = session.NewSession(&cfg, group)
			queues[sessions[i]] = &session.Queue{}
		}
		now := int64(epoch)
		statuses := []int{200, 200, 429, 500, 401, 204, 302, 0, 529}
		for i, c := range script {
			s := sessions[c>>7]
			c &= 0x7F
			before := s.Snapshot()
			over := before.State == session.StateFinished || before.State == session.StateFailed || before.State == session.StateStopped
			var a *session.Answer
			n := 0
			held := queues[s]
			if int(c) < len(whats) {
				a = s.Step(&session.Happened{
					What: whats[c], Now: now, Attempt: before.Attempt, Status: statuses[i%len(statuses)],
					Headers: map[string]string{"content-type": []string{"text/event-stream", "application/json"}[i%2], "retry-after": "1"},
					Error:   &classify.ErrorInfo{Message: "terminated"}, Failure: &classify.Failure{Status: 503},
					Request: []*session.Request{nil, {URL: "https://y.example/v1/messages"}}[i%2],
				})
				require.NotNil(t, a)
				n = a.Bytes
			} else if c == 0x7F {
				now += leap % 1_000_000
				continue
			} else {
				if before.State == session.StateOpening || before.State == session.StateStreaming {
					held.Add([]byte(pieces[int(c)%len(pieces)]))
				}
				n, a = s.Chunk(before.Attempt, now, []byte(pieces[int(c)%len(pieces)]))
			}
			require.Len(t, held.Take(n, s.Moves()), n)
			if a != nil && a.Do == session.DoOpen {
				held.Reset()
			}
			if a != nil && over {
				require.Equal(t, session.DoNothing, a.Do, "nothing follows the end")
			}
			if a != nil && a.Do == session.DoWait && s.Snapshot().WaitingFor != session.WaitingForPerson {
				require.NotZero(t, a.TimerAt)
			}
			s.Rewrite(`{"messages":[1]}`)
		}
	})
}
