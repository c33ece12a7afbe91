package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry/session"
)

// replayed returns how many moves and how much time a session needs if a server
// ignores Last-Event-ID and sends all n events again, in one chunk.
func replayed(t *testing.T, n int) (moves int, took time.Duration) {
	t.Helper()
	all := withIDs(1, strings.Split(strings.Repeat("x,", n)+"x", ",")...)
	cfg := session.Config{
		Policy:  resumeSSE,
		Request: session.Request{URL: "https://example.com/events", Headers: map[string]string{"Accept": "text/event-stream"}},
	}
	s, err := session.NewSession(&cfg, nil)
	require.NoError(t, err)
	respond := func(attempt int) {
		s.Step(&session.Happened{
			What: session.OnResponse, Now: epoch, Attempt: attempt, Status: 200, Headers: map[string]string{"content-type": "text/event-stream"},
		})
	}
	s.Step(&session.Happened{What: session.OnStart, Now: epoch})
	respond(1)
	for _, event := range all[:n] {
		s.Chunk(1, epoch, []byte(event))
	}
	a := s.Step(&session.Happened{What: session.OnError, Now: epoch, Attempt: 1, Error: &classify.ErrorInfo{Message: "terminated"}})
	for a.Do != session.DoOpen {
		require.NotZero(t, a.TimerAt)
		a = s.Step(&session.Happened{What: session.OnTimer, Now: a.TimerAt})
	}
	respond(2)
	body := []byte(strings.Join(all, ""))
	begun := time.Now()
	out, _ := s.Chunk(2, epoch+120_000, body)
	took = time.Since(begun)
	require.Equal(t, len(all[n]), out, "only new events are delivered")
	return len(s.Moves()), took
}

func TestAReplayInOneChunkTakesLinearTimeAndFewMoves(t *testing.T) {
	few, short := replayed(t, 2500)
	many, long := replayed(t, 10_000)
	require.Equal(t, few, many)
	require.LessOrEqual(t, many, 3, "all dropped bytes are one move")
	require.Less(t, long, 40*max(short, time.Millisecond), "four times as many events; quadratic time would be sixteen times as much, before noise")
}

func TestAboveTheLimitOfHeldBytesAnAnswerIsPassedOnUnwatched(t *testing.T) {
	group := &session.Group{}
	ping := []byte(strings.Repeat(": ping\n\n", 1<<17)) // 1 MiB
	begin := func() *session.Session {
		cfg := session.Config{Request: session.Request{Method: "POST", URL: "https://api.openai.com/v1/chat/completions", Body: `{"stream":true}`}}
		s, err := session.NewSession(&cfg, group)
		require.NoError(t, err)
		s.Step(&session.Happened{What: session.OnStart, Now: epoch})
		s.Step(&session.Happened{
			What: session.OnResponse, Now: epoch, Attempt: 1, Status: 200, Headers: map[string]string{"content-type": "text/event-stream"},
		})
		return s
	}
	for range 4 {
		s := begin()
		for range 17 { // beyond the bound of one answer, what says nothing is dropped
			_, a := s.Chunk(1, epoch, ping)
			require.Nil(t, a)
		}
	}
	youngest := begin()
	var a *session.Answer
	held := 0
	for ; a == nil && held < 32; held++ {
		_, a = youngest.Chunk(1, epoch, ping)
	}
	require.NotNil(t, a)
	require.Equal(t, session.DoPass, a.Do)
	require.Equal(t, "too_much_held", a.Warning)
	require.Equal(t, held<<20, a.Bytes, "with all that was received")
	require.LessOrEqual(t, held, 8)
}
