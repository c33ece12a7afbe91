package session_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// Half a line of a broken attempt must not reach a consumer that gets the rest
// from the next one: its reader would join the two.
func TestHalfALineIsNotDeliveredBeforeAResume(t *testing.T) {
	for _, half := range []string{"d", "data", "data:", "data: {", ": pin", "\r", "\ndata"} {
		for _, end := range []session.On{session.OnEnd, session.OnError} {
			cfg := session.Config{
				CanReset: true,
				Request: session.Request{
					Method: "POST", URL: "https://api.openai.com/v1/chat/completions",
					Body: `{"stream":true,"messages":[{"role":"user","content":"x"}]}`,
				},
			}
			cfg.Policy.AfterCommit = retry.AfterCommitResume
			s, err := session.NewSession(&cfg, nil)
			require.NoError(t, err)
			now, out := int64(epoch), ""
			play := func(attempt int, body string) {
				s.Step(&session.Happened{
					What: session.OnResponse, Now: now, Attempt: attempt, Status: 200, Headers: map[string]string{"content-type": "text/event-stream"},
				})
				var queue session.Queue
				queue.Add([]byte(body))
				n, a := s.Chunk(attempt, now, []byte(body))
				if a != nil {
					n = a.Bytes
				}
				out += string(queue.Take(n, s.Moves()))
				a = s.Step(&session.Happened{What: end, Now: now, Attempt: attempt})
				out += string(queue.Take(a.Bytes, s.Moves()))
				require.Equal(t, session.DoWait, a.Do)
				now = a.TimerAt
				s.Step(&session.Happened{What: session.OnTimer, Now: now})
			}
			s.Step(&session.Happened{What: session.OnStart, Now: now})
			begin := chat("Once")[0] + chat("Once")[1]
			play(1, begin)
			play(2, half)
			require.Equal(t, begin, out, "%q, %s", half, end)
		}
	}
}
