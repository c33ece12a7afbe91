package sse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/internal/sse"
)

// alike is a stream in which most events match a shape, with others between them.
func alike() (body string) {
	for i := range 12 {
		body += fmt.Sprintf("event: a\ndata: {\"id\":\"c\",\"n\":%d,\"t\":\"tok\\n%d\",\"x\":[%d]}\n\n", i*i, i, i)
		body += fmt.Sprintf("id: %d\ndata: {\"id\":\"c\",\"t\":%q}\r\n\r\n", i, strings.Repeat("z", i+1))
		switch i % 4 {
		case 1:
			body += ": ping\n\n"
		case 2:
			body += "data: {\"id\":\"other\"}\n\n\n\n"
		case 3:
			body += "data: {\"id\":\"c\",\r\rdata: \"t\":\"two lines\"}\n\n"
		}
	}
	return body
}

func TestAnEventThatIsCutIsKnownBySightToo(t *testing.T) {
	body := alike()
	known := func(chunks []string) (n int, events []seen) {
		events, _ = readAll(t, &sse.Reader{Hashing: true}, body, chunks, func(r *sse.Reader, e *sse.Event) {
			if e.Known {
				n++
			}
			learn(r, e)
		})
		return n, events
	}
	whole, _ := known([]string{body})
	require.Equal(t, 24, whole)
	want, _ := readAll(t, &sse.Reader{Hashing: true}, body, []string{body}, learnNothing)
	for at := range len(body) {
		n, events := known([]string{body[:at], body[at:]})
		require.Equal(t, said(want), said(events), "cut at %d", at)
		// All shapes were learnt by then, and a carriage return does not end the event already.
		if at > len(body)/2 && !strings.HasSuffix(body[:at], "\r\n\r") {
			require.Equal(t, whole, n, "cut at %d", at)
		}
		_, events = known([]string{body[:at], body[at:min(at+9, len(body))], "", body[min(at+9, len(body)):]})
		require.Equal(t, said(want), said(events), "cut at %d and 9 behind it", at)
	}
}

func TestWhatIsKeptOfACutEventIsReadAtTheEnd(t *testing.T) {
	event := "data: {\"id\":\"c\",\"t\":\"tok\"}\n\n"
	for at := 1; at < len(event); at++ {
		var r sse.Reader
		var e sse.Event
		r.Feed([]byte(event))
		require.True(t, r.Next(&e))
		learn(&r, &e)
		r.Feed([]byte(event[:at]))
		require.False(t, r.Next(&e))
		require.False(t, r.Next(&e), "nothing has come")
		require.Equal(t, int64(len(event)), r.Whole())
		require.Equal(t, int64(len(event)+at), r.Pos())
		missing, ok := r.Last(&e)
		require.True(t, ok)
		require.True(t, strings.HasSuffix(event[:at]+missing, "\n\n"))
		require.Equal(t, event[6:max(6, min(at, len(event)-2))], e.Data)
	}
}
