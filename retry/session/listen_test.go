package session_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
	"github.com/steadfetch/steadfetch/retry/session"
)

// listened is an event as a consumer gets it.
type listened struct{ typ, data, id, text, reasoning string }

// consume plays a body to a session as stream() does: it takes the events from the
// session if Listened reports true, else from a reader of its own.
func consume(t *testing.T, chunks []string) (body string, events []listened, own int) {
	t.Helper()
	cfg := session.Config{
		CanReset: true,
		Request:  session.Request{Method: "POST", URL: "https://api.openai.com/v1/chat/completions", Body: `{"stream":true}`},
	}
	s, err := session.NewSession(&cfg, nil)
	require.NoError(t, err)
	var told []listened
	of := func(e *sse.Event) listened {
		said := protocol.Say(e.Type, e.Data)
		return listened{strings.Clone(e.Type), strings.Clone(e.Data), strings.Clone(e.ID), strings.Clone(said.Text.String()), strings.Clone(said.Reasoning.String())}
	}
	s.Listen(func(e *sse.Event, _ int64) {
		if text, reasoning, ok := protocol.Hear(e); ok {
			said := protocol.Say(e.Type, e.Data)
			require.Equal(t, said.Text.String(), text.Str())
			require.Equal(t, said.Reasoning.String(), reasoning.Str())
		}
		if e.Lines > 0 && !e.Bare {
			told = append(told, of(e))
		}
	})
	var queue session.Queue
	var reader sse.Reader
	var e sse.Event
	read := func() {
		if e.Lines > 0 && !e.Bare {
			events = append(events, of(&e))
		}
	}
	take := func(n int) {
		out := queue.Take(n, s.Moves())
		body += string(out)
		if s.Listened() {
			own++
			events = append(events, told...)
			return
		}
		p := []byte(string(out))
		reader.Feed(p)
		for reader.Next(&e) {
			read()
		}
	}
	s.Step(&session.Happened{What: session.OnStart, Now: epoch})
	now := int64(epoch)
	for attempt := 1; ; attempt++ {
		s.Step(&session.Happened{
			What: session.OnResponse, Now: now, Attempt: attempt, Status: 200, Headers: map[string]string{"content-type": "text/event-stream"},
		})
		var over *session.Answer
		for _, chunk := range chunks {
			told = told[:0]
			p := []byte(chunk)
			queue.Add(p)
			n, a := s.Chunk(attempt, now, p)
			if a != nil && a.Do != session.DoNothing {
				over = a
				break
			}
			take(n)
		}
		if over == nil || over.Do != session.DoWait || len(body) > 0 {
			return body, events, own
		}
		queue, now = session.Queue{}, over.TimerAt
		s.Step(&session.Happened{What: session.OnTimer, Now: now})
	}
}

// plain reads a body with only a reader.
func plain(body string) (events []listened) {
	var r sse.Reader
	var e sse.Event
	r.Feed([]byte(body))
	for r.Next(&e) {
		if e.Lines > 0 && !e.Bare {
			said := protocol.Say(e.Type, e.Data)
			events = append(events, listened{strings.Clone(e.Type), strings.Clone(e.Data), strings.Clone(e.ID), strings.Clone(said.Text.String()), strings.Clone(said.Reasoning.String())})
		}
	}
	return events
}

func TestAListenerReceivesTheEventsThatAReaderOfItsOwnWouldFind(t *testing.T) {
	long := append(chat(strings.Split("A stream may pause, yet every word counts.", " ")...), chat("and", "again")...)
	body := strings.Join(long, "")
	for cut := 1; cut < len(body); cut++ {
		got, events, _ := consume(t, []string{body[:cut], body[cut:]})
		require.Equal(t, plain(got), events, "cut at %d", cut)
	}
	_, _, own := consume(t, long)
	require.Positive(t, own, "an event a chunk needs no other reader")
}

func TestAnAnswerWithNothingInItIsToldOfToItsLastEvent(t *testing.T) {
	// The first answer is retried. The second is delivered unchanged, with all that
	// was held.
	for _, answer := range [][]string{chat(), claude(), responses(false)} {
		for cut := range answer {
			chunks := []string{strings.Join(answer[:cut], ""), strings.Join(answer[cut:], "")}
			got, events, _ := consume(t, chunks)
			require.Equal(t, strings.Join(chunks, ""), got)
			require.Equal(t, plain(got), events)
		}
	}
}

func FuzzASessionTellsAConsumerOfTheEventsThatItsOwnReaderWouldFind(f *testing.F) {
	for _, body := range [][]string{chat("Hello", " world", "!"), claude("Hello ", "world"), responses(true, "a", "b"), withIDs(1, "a", "b", "c")} {
		f.Add(strings.Join(body, ""), uint16(40), uint16(100))
	}
	f.Fuzz(func(t *testing.T, body string, size, at uint16) {
		cut := min(int(at), len(body))
		rest := body[cut:]
		chunks := []string{body[:cut]}
		for n := int(size) + 1; len(rest) > 0; rest = rest[min(n, len(rest)):] {
			chunks = append(chunks, rest[:min(n, len(rest))])
		}
		got, events, _ := consume(t, chunks)
		require.Equal(t, plain(got), events)
	})
}
