package sse_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/internal/growth"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// seen is an event as tests compare it.
type seen struct {
	Type, Data, ID string
	HasID          bool
	Lines          int
	Bare, Cut      bool
	Oversize       bool
	Hash           uint64
	Facts          uint32
	Text, Counter  string
	End            int64
	Spans          string // the stream's bytes at the fields' places
}

// note copies e. body is the stream; a line feed that follows an event's last
// carriage return belongs to the event, even if it arrived after it.
func note(body string, e *sse.Event) seen {
	end := e.Bytes.To
	if end < int64(len(body)) && end > 0 && body[end-1] == '\r' && body[end] == '\n' {
		end++
	}
	at := func(s sse.Span) string { return body[s.From:s.To] }
	if data := e.DataOf(body[e.Bytes.From:e.Bytes.To]); !e.Cut && data != e.Data {
		panic("the data as it came is " + data + ", not " + e.Data)
	} else if e.Cut && e.CutAt >= 0 && !(strings.HasPrefix(data, e.Data[:e.CutAt]) && strings.HasSuffix(data, e.Data[e.CutAt:])) {
		panic("more is missing than at one place of " + e.Data)
	}
	return seen{
		strings.Clone(e.Type), strings.Clone(e.Data), strings.Clone(e.ID), e.HasID, e.Lines, e.Bare, e.Cut, e.Oversize, e.Hash,
		e.Facts, strings.Clone(string(e.Text)), strings.Clone(string(e.Counter)),
		end, at(e.TypeAt) + "|" + at(e.DataAt) + "|" + at(e.IDAt),
	}
}

// readAll passes a stream to a Reader in chunks, which the Reader must not keep:
// each is overwritten as soon as it was read.
func readAll(t testing.TB, r *sse.Reader, body string, chunks []string, each func(r *sse.Reader, e *sse.Event)) (events []seen, missing string) {
	t.Helper()
	var e sse.Event
	at := int64(0)
	take := func() {
		require.Equal(t, behindCR(body, at, e.Bytes.From), e.Bytes.From, "each byte belongs to one event")
		at = e.Bytes.To
		if each != nil {
			each(r, &e)
		}
		events = append(events, note(body, &e))
	}
	for _, chunk := range chunks {
		p := []byte(chunk)
		r.Feed(p)
		for r.Next(&e) {
			take()
			require.Equal(t, at, r.Whole())
		}
		at = behindCR(body, at, r.Whole())
		for i := range p {
			p[i] = '\n'
		}
	}
	require.Equal(t, int64(len(body)), r.Pos())
	missing, ok := r.Last(&e)
	require.Equal(t, at < int64(len(body)), ok)
	if ok {
		take()
	}
	require.Equal(t, int64(len(body)), at)
	_, ok = r.Last(&e)
	require.False(t, ok, "nothing is left")
	return events, missing
}

// behindCR returns at, or found if only the line feed of a CRLF is between them: one
// that arrived after its event.
func behindCR(body string, at, found int64) int64 {
	if found == at+1 && at > 0 && body[at-1:found] == "\r\n" {
		return found
	}
	return at
}

// said leaves out events without any field.
func said(events []seen) []seen {
	var out []seen
	for _, e := range events {
		if e.Lines > 0 || e.HasID || e.Type != "" {
			out = append(out, e)
		}
	}
	return out
}

// speaking leaves out events that a Framer regards as empty.
func speaking(events []seen) []seen {
	return slices.DeleteFunc(slices.Clone(events), func(e seen) bool { return e.Type == "" && e.Data == "" && !e.HasID })
}

func TestTheReaderFindsEveryEventHoweverTheStreamIsCut(t *testing.T) {
	for _, fixture := range fixtures(t) {
		t.Run(fixture.Name, func(t *testing.T) {
			body, want := fixture.want(t)
			whole, _ := readAll(t, &sse.Reader{Hashing: true}, body, []string{body}, nil)
			whole = said(whole)
			want = slices.DeleteFunc(want, func(e found) bool { return e.Event == sse.Event{} })
			dispatched := speaking(whole)
			require.Len(t, dispatched, len(want))
			for i, e := range dispatched {
				require.Equal(t, want[i].Event.Type, e.Type)
				require.Equal(t, want[i].Event.ID, e.ID)
				require.Equal(t, want[i].Event.HasID, e.HasID)
				if !e.Cut {
					require.Equal(t, want[i].Event.Data, e.Data)
				}
			}
			got, _ := readAll(t, &sse.Reader{Hashing: true}, body, pieces(body, 1), nil)
			require.Equal(t, whole, said(got), "byte by byte")
			step := max(1, len(body)/300)
			for cut := 1; cut < len(body); cut += step {
				got, _ := readAll(t, &sse.Reader{Hashing: true}, body, []string{body[:cut], body[cut:]}, nil)
				require.Equal(t, whole, said(got), "cut at %d", cut)
			}
		})
	}
}

func TestTheMissingEndCompletesALastEvent(t *testing.T) {
	for body, want := range map[string]string{
		"data: x":           "\n\n",
		"data: x\n":         "\n",
		"data: x\r":         "\n\r\n",
		"data: x\r\n":       "\n",
		"data: y\r\nevent":  "\n\n",
		"data: x\r\ndata: ": "\n\n",
		": comment":         "\n\n",
		"data: a\n\nda":     "\n\n",
		"data: a\r\ndata:b": "\n\n",
	} {
		for _, chunks := range [][]string{{body}, pieces(body, 1)} {
			events, missing := readAll(t, &sse.Reader{}, body, chunks, nil)
			require.Equal(t, want, missing, "%q", body)
			last := events[len(events)-1]
			whole, rest := readAll(t, &sse.Reader{}, body+missing+"data: after\n\n", []string{body + missing + "data: after\n\n"}, nil)
			require.Empty(t, rest)
			require.Equal(t, "after", whole[len(whole)-1].Data, "%q: nothing runs into the next event", body)
			require.Equal(t, last.Data, whole[len(whole)-2].Data, "%q", body)
		}
	}
	_, missing := readAll(t, &sse.Reader{}, "data: x\n\n", []string{"data: x\n\n"}, nil)
	require.Empty(t, missing)
}

// gemini returns an event with an image of n bytes before its finish reason.
func gemini(n int) string {
	return `data: {"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"` + strings.Repeat("iVBORw0KGgo\\/", n/12) +
		`"}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"totalTokenCount":9}}` + "\n\n"
}

func TestAnEventOfAnySizeKeepsWhatIsNeededToJudgeIt(t *testing.T) {
	long := strings.Repeat("Once upon a time \\\"there\\\" was ", 2000)
	for name, c := range map[string]struct{ body, path, want string }{
		"a finish reason behind an image": {gemini(18 << 20), "candidates", "STOP"},
		"a type before a long answer": {
			`data: {"type":"response.completed","response":{"output":[{"text":"` + long + `"}],"status":"completed"}}` + "\n\n", "type", "response.completed",
		},
		"a status behind a long answer": {
			`data: {"response":{"output":[{"text":"` + long + `"}],"status":"completed"},"type":"x"}` + "\n\n", "response.status", "completed",
		},
		"a type behind many numbers": {
			`data: {"a":{"b":{"c":[{"d":[` + strings.Repeat("0.125,", 1<<19) + `1]}]}},"type":"x"}` + "\n\n", "type", "x",
		},
		"a type behind many members": {
			`data: {"a":[` + strings.Repeat(`{"b":"c"},`, 1<<17) + `1],"type":"x"}` + "\n\n", "type", "x",
		},
	} {
		for _, size := range []int{1 << 10, 64<<10 + 1, len(c.body)} {
			events, missing := readAll(t, &sse.Reader{}, c.body, pieces(c.body, size), nil)
			require.Empty(t, missing, name)
			require.Len(t, events, 1)
			e := events[0]
			require.True(t, e.Cut)
			require.False(t, e.Oversize)
			require.LessOrEqual(t, len(e.Data), sse.MaxKept)
			require.True(t, json.Valid([]byte(e.Data)), "%s: %.300s", name, e.Data)
			v := jsonscan.Parse(e.Data).Get(c.path)
			if v.Kind() == jsonscan.Array {
				v = v.First().Get("finishReason")
			}
			require.Equal(t, c.want, v.Str(), name)
		}
	}
	body := gemini(4 << 20)
	events, missing := readAll(t, &sse.Reader{}, body[:3<<20], pieces(body[:3<<20], 1<<16), nil)
	require.Equal(t, "\n\n", missing)
	require.False(t, json.Valid([]byte(events[0].Data)), "cut off, it is not whole")
	body = `data: {` + strings.Repeat(`"a":1,`, 1<<15) + `"b":2}` + "\n\n"
	events, _ = readAll(t, &sse.Reader{}, body, pieces(body, 1<<12), nil)
	require.True(t, events[0].Oversize, "an event that does not fit is not judged by a part of it")
}

func TestEndlessLinesAndCommentsTakeBoundedMemoryAndLinearTime(t *testing.T) {
	chunk := []byte(strings.Repeat("x ,\\\t1\"", 1<<12))
	for _, start := range []string{": ", "data: ", "data: {\"a\":\"", "data: [1", "event: ", "id: ", "x", "data: x\n: ", "\uFEFF", "data: [[[[[[["} {
		growth.Linear(t, start, 8, func(chunks int) {
			var r sse.Reader
			var e sse.Event
			r.Feed([]byte(start))
			for range chunks {
				r.Feed(chunk)
				if r.Next(&e) {
					t.Errorf("%q ends", start)
				}
			}
		})
		var r sse.Reader
		var e sse.Event
		r.Feed([]byte(start))
		require.False(t, r.Next(&e))
		allocated := testing.AllocsPerRun(1, func() {
			for range 1 << 8 {
				r.Feed(chunk)
				require.False(t, r.Next(&e))
			}
		})
		require.Less(t, allocated, 100.0, "%q", start)
		_, ok := r.Last(&e)
		require.True(t, ok)
		require.LessOrEqual(t, len(e.Data)+len(e.Type)+len(e.ID), sse.MaxKept)
	}
}

func TestEndlessLinesOfDataTakeBoundedMemory(t *testing.T) {
	var r sse.Reader
	var e sse.Event
	chunk := []byte(strings.Repeat("data: x\n", 1<<12))
	for range 1 << 8 {
		r.Feed(chunk)
		require.False(t, r.Next(&e))
	}
	r.Feed([]byte("\n"))
	require.True(t, r.Next(&e))
	require.Equal(t, 1<<20, e.Lines)
	require.True(t, e.Cut)
	require.LessOrEqual(t, len(e.Data), sse.MaxKept)
}

// learn reads JSON as a protocol would: "t" is text, "n" is a counter, "x" is not
// read, and every other member matters.
func learn(r *sse.Reader, e *sse.Event) {
	if e.Known {
		return
	}
	marks := jsonscan.Marks{}
	var text jsonscan.Value
	sum := uint32(len(e.Type) + e.Lines)
	c := jsonscan.NewCursor(e.Data)
	c.Marks = &marks
	if c.Enter('{') {
		for c.Member() {
			switch c.Key {
			case "t":
				if text = c.Text(); !text.Empty() {
					sum += 1 << 16
				}
			case "n":
				e.Counter = c.Int()
			case "x":
				c.Skip()
			default:
				for _, b := range []byte(c.Key + string(c.Value())) {
					sum = sum*31 + uint32(b)
				}
			}
		}
	}
	if !c.End() {
		e.Facts, e.Counter = 1, ""
		return
	}
	e.Facts, e.Text = sum, text
	if text.Kind() != jsonscan.String || text.Empty() {
		e.Text, text = "", ""
	}
	if e.Counter.Kind() == jsonscan.Number {
		e.Counter = jsonscan.Value(strings.Clone(string(e.Counter)))
	} else {
		e.Counter = ""
	}
	r.Learn(e, &marks, sum, text, "")
}

func learnNothing(r *sse.Reader, e *sse.Event) {
	learn(r, e)
	r.Shapes.Forget()
}

func TestAnEventLikeAnEarlierOneMatchesItsShape(t *testing.T) {
	body := ""
	for i := range 50 {
		body += fmt.Sprintf("event: a\ndata: {\"id\":\"c\",\"n\":%d,\"t\":\"tok\\n%d\",\"x\":{\"y\":[%d,\"%d\"]}}\n\n", i*i, i, i, i)
		body += fmt.Sprintf("data: {\"id\":\"c\",\"r\":1,\"t\":%q}\r\n\r\n", strings.Repeat("z", i+1))
	}
	known := 0
	events, _ := readAll(t, &sse.Reader{}, body, []string{body}, func(r *sse.Reader, e *sse.Event) {
		if e.Known {
			known++
		}
		learn(r, e)
	})
	require.Equal(t, 98, known)
	require.Equal(t, `"tok\n49"`, events[98].Text)
	require.Equal(t, "2401", events[98].Counter)
	require.Equal(t, "a|"+events[98].Data+"|", events[98].Spans)
	want, _ := readAll(t, &sse.Reader{}, body, []string{body}, learnNothing)
	require.Equal(t, want, events)
}

func TestWhatMayNotVaryIsReadInFull(t *testing.T) {
	first := "event: a\ndata: {\"id\":\"c\",\"n\":1,\"t\":\"tok\",\"x\":\"y\"}\n\n"
	for name, next := range map[string]string{
		"another type":          "event: b\ndata: {\"id\":\"c\",\"n\":1,\"t\":\"tok\",\"x\":\"y\"}\n\n",
		"another value":         "event: a\ndata: {\"id\":\"d\",\"n\":1,\"t\":\"tok\",\"x\":\"y\"}\n\n",
		"text that is empty":    "event: a\ndata: {\"id\":\"c\",\"n\":1,\"t\":\"\",\"x\":\"y\"}\n\n",
		"no number":             "event: a\ndata: {\"id\":\"c\",\"n\":null,\"t\":\"tok\",\"x\":\"y\"}\n\n",
		"a number in quotes":    "event: a\ndata: {\"id\":\"c\",\"n\":\"1\",\"t\":\"tok\",\"x\":\"y\"}\n\n",
		"a line end in a text":  "event: a\ndata: {\"id\":\"c\",\"n\":1,\"t\":\"tok\ndata: \",\"x\":\"y\"}\n\n",
		"one behind a slash":    "event: a\ndata: {\"id\":\"c\",\"n\":1,\"t\":\"tok\\\ndata: \",\"x\":\"y\"}\n\n",
		"another member":        "event: a\ndata: {\"id\":\"c\",\"n\":1,\"t\":\"tok\",\"x\":\"y\",\"z\":1}\n\n",
		"no second line end":    "event: a\ndata: {\"id\":\"c\",\"n\":1,\"t\":\"tok\",\"x\":\"y\"}\ndata: {\"z\":1}\n\n",
		"a carriage return":     "event: a\ndata: {\"id\":\"c\",\"n\":1,\"t\":\"tok\",\"x\":\"y\"}\r\n\r\n",
		"a quote in a text":     "event: a\ndata: {\"id\":\"c\",\"n\":1,\"t\":\"t\"ok\",\"x\":\"y\"}\n\n",
		"half a number":         "event: a\ndata: {\"id\":\"c\",\"n\":,\"t\":\"tok\",\"x\":\"y\"}\n\n",
		"a line of its own":     "event: a\n: c\ndata: {\"id\":\"c\",\"n\":1,\"t\":\"tok\",\"x\":\"y\"}\n\n",
		"an end before the end": "event: a\ndata: {\"id\":\"c\",\"n\":1,\"t\":\"tok\",\"x\":\"y\"}",
	} {
		body := first + next
		known := 0
		got, _ := readAll(t, &sse.Reader{}, body, []string{body}, func(r *sse.Reader, e *sse.Event) {
			if e.Known {
				known++
			}
			learn(r, e)
		})
		require.Zero(t, known, name)
		want, _ := readAll(t, &sse.Reader{}, body, []string{body}, learnNothing)
		require.Equal(t, want, got, name)
	}
}

// FuzzReader checks that what is read depends neither on how a stream is cut nor on
// shapes, and agrees with the Framer.
func FuzzReader(f *testing.F) {
	for _, fixture := range fixtures(f) {
		body, _ := fixture.want(f)
		if len(body) < 2000 {
			f.Add([]byte(body), uint16(1), uint16(len(body)/2))
		}
	}
	f.Add([]byte("event: a\ndata: {\"id\":\"c\",\"n\":1,\"t\":\"tok\",\"x\":\"y\"}\n\nevent: a\ndata: {\"id\":\"c\",\"n\":22,\"t\":\"\\u0041\",\"x\":\"\"}\n\n"), uint16(7), uint16(60))
	f.Add([]byte("data: {\"t\":\"a\",\"x\":[1,2,{\"y\":\"z\"}]}\r\n\r\ndata: {\"t\":\"bb\",\"x\":[3,44,{\"y\":\"\"}]}\r\n\r\n"), uint16(3), uint16(9))
	f.Add([]byte(alike()), uint16(70), uint16(700))
	f.Fuzz(func(t *testing.T, raw []byte, size, at uint16) {
		body := string(raw)
		want, missing := readAll(t, &sse.Reader{Hashing: true}, body, []string{body}, learnNothing)
		same := func(chunks []string, each func(*sse.Reader, *sse.Event)) {
			got, lacks := readAll(t, &sse.Reader{Hashing: true}, body, chunks, each)
			require.Equal(t, said(want), said(got))
			require.Equal(t, missing, lacks)
		}
		cut := min(int(at), len(body))
		same([]string{body}, learn)
		same(pieces(body, int(size)+1), learn)
		same(pieces(body, int(size)+1), learnNothing)
		same([]string{body[:cut], body[cut:]}, learn)
		same([]string{body[:cut], body[cut:]}, learnNothing)
		framed, _ := frame(t, body)
		framed = slices.DeleteFunc(framed, func(e found) bool { return e.Event == sse.Event{} })
		want = speaking(want)
		require.Len(t, want, len(framed))
		for i, e := range framed {
			require.Equal(t, e.HasID, want[i].HasID)
			if len(e.Data) < 4<<10 && len(e.Type) <= 1<<10 {
				require.Equal(t, e.Type, want[i].Type)
				require.Equal(t, e.Data, want[i].Data)
			}
		}
	})
}

func benchmarkReader(b *testing.B, each func(*sse.Reader, *sse.Event)) {
	event := "data: " + fmt.Sprintf(`{"id":"c1","object":"chat.completion.chunk","created":1764000000,"model":"gpt-5","choices":[{"index":0,"t":%q,"finish_reason":null}]}`, " token") + "\n\n"
	event = strings.Replace(event, `"choices":[{`, `"x":1,`, 1)
	event = strings.Replace(event, `}]}`, `}`, 1)
	chunk := []byte(strings.Repeat(event, 16<<10/len(event)))
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	var r sse.Reader
	var e sse.Event
	for b.Loop() {
		r.Feed(chunk)
		for r.Next(&e) {
			each(&r, &e)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(16<<10/len(event)), "ns/event")
}

func BenchmarkReaderMatchesShapes(b *testing.B) { benchmarkReader(b, learn) }

func BenchmarkReaderReadsInFull(b *testing.B) {
	benchmarkReader(b, func(*sse.Reader, *sse.Event) {})
}
