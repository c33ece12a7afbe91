package sse_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/vectors"
	"github.com/steadfetch/steadfetch/internal/growth"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// fixture is a body and what is in it.
type fixture struct {
	Name   string     `json:"name"`
	Events []fixEvent `json:"events"`
	Final  *fixEvent  `json:"final"`
}

type fixEvent struct {
	Bytes *vectors.Text `json:"bytes"`
	Type  string        `json:"type"`
	Data  *vectors.Text `json:"data"`
	ID    *string       `json:"id"`
	Bare  bool          `json:"bare"`
}

func fixtures(t testing.TB) []fixture {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/stream/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var all []fixture
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var file struct {
			About string
			Cases []fixture
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		require.NoError(t, dec.Decode(&file), path)
		all = append(all, file.Cases...)
	}
	return all
}

func text(t testing.TB, text *vectors.Text) string {
	t.Helper()
	p, err := text.Bytes(nil)
	require.NoError(t, err)
	return string(p)
}

// found is an event as a test compares it, with its bytes.
type found struct {
	sse.Event
	raw string
}

func (f fixture) want(t testing.TB) (body string, events []found) {
	t.Helper()
	list := f.Events
	if f.Final != nil {
		list = append(list[:len(list):len(list)], *f.Final)
	}
	for _, e := range list {
		want := found{raw: text(t, e.Bytes), Event: sse.Event{Type: e.Type, Data: text(t, e.Data), Bare: e.Bare}}
		if e.ID != nil {
			want.ID, want.HasID = *e.ID, true
		}
		body += want.raw
		events = append(events, want)
	}
	return body, events
}

// frame passes chunks to a Framer as a session does, and returns the events and all
// bytes that were passed on. It takes what is ready after every second chunk.
func frame(t testing.TB, chunks ...string) (events []found, bytes string) {
	t.Helper()
	var f sse.Framer
	var e sse.Event
	var out strings.Builder
	note := func() {
		events = append(events, found{clone(e), string(f.Last())})
		require.LessOrEqual(t, f.Whole(), len(f.Ready()))
	}
	for i, chunk := range chunks {
		f.Write([]byte(chunk))
		for f.Next(&e) {
			note()
		}
		if i%2 == 1 {
			out.Write(f.Ready())
			f.Take(len(f.Ready()))
		}
	}
	if f.Final(&e) {
		note()
	}
	require.False(t, f.Final(&e), "nothing is left")
	out.Write(f.Ready())
	require.Equal(t, len(f.Ready()), len(f.Held()))
	return events, out.String()
}

func clone(e sse.Event) sse.Event {
	e.Type, e.Data, e.ID = strings.Clone(e.Type), strings.Clone(e.Data), strings.Clone(e.ID)
	return e
}

// facts returns the events without their bytes: a line feed that follows a carriage
// return in another chunk belongs to the next event, or is an empty event. Empty
// events are left out.
func facts(events []found) []sse.Event {
	var out []sse.Event
	for _, e := range events {
		if e.Event != (sse.Event{}) {
			out = append(out, e.Event)
		}
	}
	return out
}

func TestTheFramerFindsEveryEventHoweverTheBodyIsCut(t *testing.T) {
	for _, fixture := range fixtures(t) {
		t.Run(fixture.Name, func(t *testing.T) {
			body, want := fixture.want(t)
			got, out := frame(t, body)
			require.Equal(t, want, got)
			require.Equal(t, body, out)

			got, out = frame(t, pieces(body, 1)...)
			require.Equal(t, facts(want), facts(got), "byte by byte")
			require.Equal(t, body, out)

			step := max(1, len(body)/500) // all places of a short body, many of a long one
			for cut := 1; cut < len(body); cut += step {
				got, out = frame(t, body[:cut], body[cut:])
				require.Equal(t, facts(want), facts(got), "cut at %d", cut)
				require.Equal(t, body, out)
			}
		})
	}
}

// pieces cuts s into pieces of n bytes.
func pieces(s string, n int) []string {
	var list []string
	for len(s) > n {
		list = append(list, s[:n])
		s = s[n:]
	}
	return append(list, s)
}

func TestReplacedAndDroppedEventsLeaveTheOthersAsTheyAre(t *testing.T) {
	body := "data: one\n\ndata: two\n\ndata: three\n\ndata: fo"
	for name, c := range map[string]struct {
		with string
		want string
	}{
		"dropped": {"", "data: one\n\ndata: three\n\n"},
		"shorter": {"data: 2\n\n", "data: one\n\ndata: 2\n\ndata: three\n\n"},
		"longer":  {"data: two and a half\n\n", "data: one\n\ndata: two and a half\n\ndata: three\n\n"},
	} {
		for _, chunks := range [][]string{{body}, pieces(body, 1), pieces(body, 7)} {
			var f sse.Framer
			var e sse.Event
			var seen []string
			for _, chunk := range chunks {
				f.Write([]byte(chunk))
				for f.Next(&e) {
					seen = append(seen, strings.Clone(e.Data))
					if e.Data == "two" {
						f.Replace([]byte(c.with))
					}
				}
			}
			require.Equal(t, []string{"one", "two", "three"}, seen, name)
			require.Equal(t, c.want, string(f.Ready()), name)
			require.Equal(t, c.want+"data: fo", string(f.Held()), name)
			require.True(t, f.Final(&e))
			require.Equal(t, "fo", e.Data)
		}
	}
}

func TestAFramerIsLikeNewAfterReset(t *testing.T) {
	for _, before := range []string{"", "data: x", "data: x\n\n", "data: x\r", "\uFEFFdata: x\n\nda", "data: x\r\n\r"} {
		var f sse.Framer
		var e sse.Event
		f.Write([]byte(before))
		for f.Next(&e) {
		}
		f.Reset()
		require.Empty(t, f.Held())
		f.Write([]byte("\uFEFFdata: new\n\n"))
		require.True(t, f.Next(&e), "%q", before)
		require.Equal(t, sse.Event{Data: "new"}, e, "%q", before)
	}
}

func TestAllMakesAnUnfinishedEventReady(t *testing.T) {
	var f sse.Framer
	var e sse.Event
	f.Write([]byte("data: one\n\ndata: tw"))
	require.True(t, f.Next(&e))
	f.All()
	require.Equal(t, "data: one\n\ndata: tw", string(f.Ready()))
	require.False(t, f.Final(&e))
}

func TestAnEventThatIsTooLargeIsPassedOnInPieces(t *testing.T) {
	before, after := "data: before\n\n", "data: after\n\n"
	for _, end := range []string{"\n\n", "\r\n\r\n", "\r\r"} {
		large := "event: big\ndata: " + strings.Repeat("x", sse.MaxEvent+1<<20) + end
		body := before + large + after
		for _, size := range []int{1 << 20, 64<<10 + 1, len(body)} {
			events, out := frame(t, pieces(body, size)...)
			require.True(t, out == body, "the bytes are the same")
			require.Equal(t, "before", events[0].Data)
			last := events[len(events)-1]
			require.Equal(t, "after", last.Data, "end %q, size %d", end, size)
			for _, e := range events[1 : len(events)-1] {
				if size != len(body) { // in one chunk it is an ordinary event
					require.True(t, e.Oversize)
					require.False(t, e.Empty())
					require.Empty(t, e.Data)
				}
			}
		}
	}
}

func TestTheEndOfAnEventThatIsTooLargeIsFoundWhereverItIsCut(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\n\r\n", "\r\r"} {
		body := "data: " + strings.Repeat("x", sse.MaxEvent) + end + "data: after\n\n"
		for cut := len(body) - len(end+"data: after\n\n") - 2; cut < len(body); cut++ {
			events, out := frame(t, body[:cut], body[cut:])
			require.True(t, out == body)
			require.Equal(t, "after", events[len(events)-1].Data, "end %q, %d bytes before it", end, len(body)-cut-len("data: after\n\n"))
		}
	}
}

func TestALongEventInSmallChunksTakesLinearTime(t *testing.T) {
	growth.Linear(t, "a long event", 64<<10, func(size int) {
		body := "data: " + strings.Repeat("x", size) + "\n\n"
		chunks := pieces(body, 1<<10)
		var f sse.Framer
		var e sse.Event
		for i, chunk := range chunks {
			f.Write([]byte(chunk))
			if f.Next(&e) != (i == len(chunks)-1) {
				t.Error("it ends too early, or not at all")
			}
		}
		require.Len(t, e.Data, size)
	})
}

func TestManySmallEventsTakeLinearTime(t *testing.T) {
	growth.Linear(t, "small events", 10_000, func(size int) {
		body := strings.Repeat("data: x\n\n", size)
		events := 0
		var f sse.Framer
		var e sse.Event
		for _, chunk := range []string{body[:len(body)/2], body[len(body)/2:]} {
			f.Write([]byte(chunk))
			for f.Next(&e) {
				events++
			}
			f.Take(len(f.Ready()))
		}
		require.Equal(t, size, events)
	})
}

func FuzzFramer(f *testing.F) {
	for _, fixture := range fixtures(f) {
		body, _ := fixture.want(f)
		if len(body) < 2000 {
			f.Add([]byte(body), uint16(1), uint16(len(body)/2))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, size, at uint16) {
		body := string(raw)
		want, out := frame(t, body)
		require.Equal(t, body, out, "the output is the input")
		joined := ""
		for _, e := range want {
			joined += e.raw
		}
		require.Equal(t, body, joined, "each byte belongs to one event")
		got, out := frame(t, pieces(body, int(size)+1)...)
		require.Equal(t, facts(want), facts(got))
		require.Equal(t, body, out)
		cut := min(int(at), len(body))
		got, out = frame(t, body[:cut], body[cut:])
		require.Equal(t, facts(want), facts(got))
		require.Equal(t, body, out)
	})
}

func BenchmarkFramer(b *testing.B) {
	event := "data: " + fmt.Sprintf(`{"id":"c1","choices":[{"index":0,"delta":{"content":%q},"finish_reason":null}]}`, " token") + "\n\n"
	chunk := []byte(strings.Repeat(event, 16<<10/len(event)))
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	var f sse.Framer
	var e sse.Event
	for b.Loop() {
		f.Write(chunk)
		for f.Next(&e) {
		}
		f.Take(len(f.Ready()))
	}
}
