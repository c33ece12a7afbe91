package chattest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
)

// quick registers a run with a short text and no pause between tokens.
func quick(srv *chattest.Server, faults ...chattest.Fault) *chattest.Run {
	return srv.NewRun(chattest.Run{Text: "Größe zählt nicht, 世界 auch nicht.", TokenDelayMs: -1, Faults: faults})
}

func TestAStatusHasTheProtocolsOwnErrorBody(t *testing.T) {
	srv := chattest.New(t)
	shapes := map[string][2]string{ // where the type and the message are
		"anthropic":        {"error.type", "error.message"},
		"openai chat":      {"error.type", "error.message"},
		"openai responses": {"error.type", "error.message"},
		"gemini":           {"error.status", "error.message"},
		"sse":              {"error.type", "error.message"},
		"ai sdk":           {"error.type", "error.message"},
	}
	eachRoute(t, func(t *testing.T, r route) {
		for _, status := range []int{400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504, 529} {
			run := quick(srv, chattest.Fault{Status: status}, chattest.Fault{
				Status: status, ErrorType: "some_type", Message: "Some <words> – ü", Headers: map[string]string{"Retry-After": "7", "Cache-Control": ""},
			})
			for _, words := range [][2]string{{"", ""}, {"some_type", "Some <words> – ü"}} {
				res := post(t, run, r.path, r.body)
				require.NoError(t, res.err)
				require.Equal(t, status, res.status)
				require.Equal(t, "application/json", res.header.Get("Content-Type"))
				require.True(t, json.Valid(res.body))
				errorType, _ := dig(res.body, shapes[r.name][0]).(string)
				message, _ := dig(res.body, shapes[r.name][1]).(string)
				require.NotEmpty(t, errorType)
				require.NotEmpty(t, message)
				if words[0] != "" {
					require.Equal(t, words, [2]string{errorType, message})
					require.Equal(t, "7", res.header.Get("Retry-After"))
					require.Empty(t, res.header.Values("Cache-Control"))
				}
			}
			require.Equal(t, "Größe zählt nicht, 世界 auch nicht.", r.text(post(t, run, r.path, r.body).events()), "after the faults it succeeds")
		}
	})
}

func TestTheBuildersHaveTheValuesOfTheProviders(t *testing.T) {
	srv := chattest.New(t)
	for _, c := range []struct {
		response chattest.ErrorResponse
		status   int
		body     string
	}{
		{chattest.AnthropicOverloadedResponse(), 529, `{"error":{"type":"overloaded_error","message":"Overloaded"}}`},
		{chattest.AnthropicRateLimitResponse(), 429, `{"error":{"type":"rate_limit_error","message":"Rate limited"}}`},
		{chattest.AnthropicErrorResponse(400, "a", "b<c>"), 400, `{"error":{"type":"a","message":"b<c>"}}`},
		{chattest.OpenAIRateLimitResponse(), 429, `{"error":{"type":"rate_limit_exceeded","message":"Rate limit exceeded"}}`},
		{chattest.OpenAIServerErrorResponse(), 500, `{"error":{"type":"server_error","message":"Internal server error"}}`},
		{chattest.OpenAIErrorResponse(418, "a", "b"), 418, `{"error":{"type":"a","message":"b"}}`},
		{chattest.ErrorResponse{Type: "a", Message: "b"}, 500, `{"error":{"type":"a","message":"b"}}`},
	} {
		viaRun := post(t, quick(srv, c.response.Fault()), "/v1/messages", "{}")
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		plain := &http.Server{Handler: c.response, ReadHeaderTimeout: time.Minute}
		served := make(chan struct{})
		go func() { defer close(served); _ = plain.Serve(l) }()
		viaHandler := do(t, http.MethodPost, "http://"+l.Addr().String(), "{}", nil)
		require.NoError(t, plain.Close())
		<-served
		for _, res := range []response{viaRun, viaHandler} {
			require.NoError(t, res.err)
			require.Equal(t, c.status, res.status)
			require.Equal(t, "application/json", res.header.Get("Content-Type"))
			require.Equal(t, c.body, string(res.body))
		}
	}
}

func TestAnswersThatAreNotWhatWasRequested(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		ask := func(f chattest.Fault) response {
			res := post(t, quick(srv, f), r.path, r.body)
			require.NoError(t, res.err)
			return res
		}
		res := ask(chattest.Fault{Kind: chattest.HTML})
		require.Equal(t, 502, res.status)
		require.Equal(t, "text/html", res.header.Get("Content-Type"))
		require.Contains(t, string(res.body), "502 Bad Gateway")

		res = ask(chattest.Fault{Kind: chattest.HTML, Status: 200, Body: "<!doctype html><p>Sign in</p>"})
		require.Equal(t, 200, res.status)
		require.Equal(t, "<!doctype html><p>Sign in</p>", string(res.body))

		res = ask(chattest.Fault{Kind: chattest.JSONError})
		require.Equal(t, 200, res.status)
		require.Equal(t, "application/json", res.header.Get("Content-Type"))
		require.NotNil(t, dig(res.body, "error.message"))

		res = ask(chattest.Fault{Kind: chattest.JSONAnswer})
		require.Equal(t, 200, res.status)
		require.Equal(t, "Größe zählt nicht, 世界 auch nicht.", dig(res.body, r.whole))

		res = ask(chattest.Fault{Kind: chattest.HugeError, Status: 503})
		require.Equal(t, 503, res.status)
		require.Len(t, res.body, 4<<20)
		require.True(t, json.Valid(res.body))
		require.Len(t, ask(chattest.Fault{Kind: chattest.HugeError, Size: 100_000}).body, 100_000)

		res = ask(chattest.Fault{Kind: chattest.EmptyBody})
		require.Equal(t, 200, res.status)
		require.Empty(t, res.body)
		require.Equal(t, "0", res.header.Get("Content-Length"))

		res = ask(chattest.Fault{ContentType: "text/plain"})
		require.Equal(t, "text/plain", res.header.Get("Content-Type"))
		require.True(t, r.ended(res.events()))

		run := quick(srv, chattest.Fault{Kind: chattest.Redirect})
		res = post(t, run, r.path, r.body)
		require.Equal(t, 200, res.status)
		require.True(t, r.ended(res.events()))
		log := idle(t, run)
		require.Len(t, log, 2)
		require.Equal(t, 307, log[0].Status)
		require.Equal(t, log[0].Body, log[1].Body, "307 sends the body again")
		require.Equal(t, log[0].Path, log[1].Path)
	})
}

func TestAnInBandErrorStrikesAtItsPlace(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		healthy := post(t, quick(srv), r.path, r.body).events()
		places := append(placesOf(r, healthy), place{chattest.Fault{At: chattest.InLastEvent}, len(healthy) - 1})
		for _, c := range places {
			c.fault.Kind, c.fault.Message = chattest.InBand, "Something broke"
			res := post(t, quick(srv, c.fault), r.path, r.body)
			require.NoError(t, res.err, "the end is clean")
			require.Equal(t, 200, res.status)
			events := res.events()
			require.Len(t, events, c.events+1, "%+v", c.fault)
			require.True(t, r.failed(events[c.events]), "%+v", events[c.events])
			require.Contains(t, events[c.events].data, "Something broke")
		}
	})
}

// place is a place in an answer, and how many events come before it.
type place struct {
	fault  chattest.Fault
	events int
}

func placesOf(r route, healthy []sse) []place {
	first, tokens := -1, 0
	for i, e := range healthy {
		if r.output(e) != "" {
			tokens++
			if first < 0 {
				first = i
			}
		}
	}
	return []place{
		{chattest.Fault{At: chattest.FirstEvent}, 0},
		{chattest.Fault{At: chattest.BeforeOutput}, first},
		{chattest.Fault{}, first},
		{chattest.Fault{AtToken: 1}, first + 1},
		{chattest.Fault{AtToken: 3}, first + 3},
		{chattest.Fault{AtToken: 1000}, first + tokens},
		{chattest.Fault{At: chattest.BeforeEnd}, first + tokens},
	}
}

func TestAnInBandErrorHasTheFaultsContents(t *testing.T) {
	srv := chattest.New(t)
	for _, c := range []struct {
		route int
		fault chattest.Fault
		want  map[string]any
	}{
		{0, chattest.Fault{}, map[string]any{"type": "error", "error.type": "overloaded_error", "error.message": "Overloaded"}},
		{0, chattest.Fault{Status: 429}, map[string]any{"error.type": "rate_limit_error"}},
		{1, chattest.Fault{}, map[string]any{"error.type": "server_error", "error.code": nil}},
		{1, chattest.Fault{ErrorType: "insufficient_quota", ErrorCode: "insufficient_quota"}, map[string]any{"error.code": "insufficient_quota"}},
		{2, chattest.Fault{}, map[string]any{"type": "response.failed", "response.status": "failed", "response.error.code": "server_error"}},
		{2, chattest.Fault{ErrorEvent: true, Status: 429}, map[string]any{"type": "error", "code": "rate_limit_exceeded", "sequence_number": 4.}},
		{3, chattest.Fault{}, map[string]any{"error.code": 503., "error.status": "UNAVAILABLE"}},
		{3, chattest.Fault{Status: 429}, map[string]any{"error.code": 429., "error.status": "RESOURCE_EXHAUSTED"}},
		{5, chattest.Fault{Message: "No"}, map[string]any{"type": "error", "errorText": "No"}},
		{1, chattest.Fault{Body: `{"error":"just a string"}`}, map[string]any{"error": "just a string"}},
	} {
		r := routes[c.route]
		c.fault.Kind = chattest.InBand
		events := post(t, quick(srv, c.fault), r.path, r.body).events()
		for path, want := range c.want {
			require.Equal(t, want, dig([]byte(events[len(events)-1].data), path), "%s %s", r.name, path)
		}
	}
}

func TestACutHappensAtItsPlaceAndInItsWay(t *testing.T) {
	srv := chattest.New(t)
	for kind, check := range map[chattest.Kind]func(*testing.T, error){
		chattest.EOF:   func(t *testing.T, err error) { require.NoError(t, err) },
		chattest.Drop:  func(t *testing.T, err error) { require.ErrorIs(t, err, io.ErrUnexpectedEOF) },
		chattest.Reset: func(t *testing.T, err error) { require.ErrorIs(t, err, syscall.ECONNRESET) },
	} {
		t.Run(string(kind), func(t *testing.T) {
			eachRoute(t, func(t *testing.T, r route) {
				t.Parallel()
				healthy := post(t, quick(srv), r.path, r.body)
				for _, c := range placesOf(r, healthy.events()) {
					c.fault.Kind = kind
					run := quick(srv, c.fault)
					res := post(t, run, r.path, r.body)
					check(t, res.err)
					require.Len(t, res.events(), c.events, "%+v", c.fault)
					log := idle(t, run)
					require.EqualValues(t, len(res.body), log[0].BytesSent)
					require.Equal(t, res.body, []byte(string(log[0].Sent)))
					require.False(t, log[0].ClientGone, "it was the server that left")
				}
			})
		})
	}
}

func TestACutBeforeTheHeaders(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		for _, c := range []struct {
			fault chattest.Fault
			want  error
		}{
			{chattest.Fault{Kind: chattest.Reset, At: chattest.BeforeHeader}, syscall.ECONNRESET},
			{chattest.Fault{Kind: chattest.Drop, At: chattest.BeforeHeader}, io.EOF},
			{chattest.Fault{Kind: chattest.EOF, At: chattest.BeforeHeader}, io.EOF},
			{chattest.Fault{Kind: chattest.Reset, At: chattest.Connect}, syscall.ECONNRESET},
		} {
			run := quick(srv, c.fault)
			res := post(t, run, r.path, r.body)
			require.ErrorIs(t, res.err, c.want)
			log := idle(t, run)
			require.Zero(t, log[0].Status)
			require.Equal(t, c.fault.At == chattest.Connect, log[0].Body == "")
			require.NoError(t, post(t, run, r.path, r.body).err)
		}
	})
}

func TestHalfAnEventAndHalfACharacterAreReallyHalf(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		healthy := quick(srv)
		whole := string(post(t, healthy, r.path, r.body).body)
		for _, kind := range []chattest.Kind{chattest.EOF, chattest.Drop, chattest.Reset} {
			cut := func(f chattest.Fault) string {
				f.Kind = kind
				return string(post(t, quick(srv, f), r.path, r.body).body)
			}
			body := cut(chattest.Fault{Half: chattest.HalfEvent, AtToken: 2})
			events, _ := readEvents([]byte(body))
			require.Equal(t, "Größe zählt", r.text(events))
			require.NotRegexp(t, `(\n\n|\r\n\r\n)$`, body, "a fragment follows")

			body = cut(chattest.Fault{Half: chattest.HalfChar})
			require.False(t, utf8.ValidString(body))
			require.True(t, utf8.ValidString(body[:len(body)-1]))
			require.Equal(t, "ö"[0], body[len(body)-1])
			events, _ = readEvents([]byte(body))
			require.Empty(t, r.text(events))

			// The word "nicht," has none, so it is sent whole.
			body = cut(chattest.Fault{Half: chattest.HalfChar, AtToken: 2})
			require.Equal(t, "世"[0], body[len(body)-1])
			events, _ = readEvents([]byte(body))
			require.Equal(t, "Größe zählt nicht,", strings.TrimSuffix(r.text(events), " "))

			body = cut(chattest.Fault{At: chattest.InLastEvent})
			require.Less(t, len(body), len(whole)+40) // ids differ, but not in length
			events, _ = readEvents([]byte(body))
			healthyEvents, _ := readEvents([]byte(whole))
			require.Len(t, events, len(healthyEvents)-1)
			require.Equal(t, "Größe zählt nicht, 世界 auch nicht.", r.text(events))
			require.NotRegexp(t, `\n\n$`, body)
		}
	})
}

func TestAJSONAnswerIsCutInTheMiddle(t *testing.T) {
	srv := chattest.New(t)
	r := routes[0]
	body := strings.Replace(r.body, `"stream":true,`, "", 1)
	res := post(t, quick(srv, chattest.Fault{Kind: chattest.EOF}), r.path, body)
	require.NoError(t, res.err)
	require.NotEmpty(t, res.body)
	require.False(t, json.Valid(res.body))

	res = post(t, quick(srv, chattest.Fault{Kind: chattest.Reset, Half: chattest.HalfChar}), r.path, body)
	require.ErrorIs(t, res.err, syscall.ECONNRESET)
	require.False(t, utf8.Valid(res.body))

	res = post(t, quick(srv, chattest.Fault{Kind: chattest.InBand}), r.path, body)
	require.Equal(t, 200, res.status)
	require.Equal(t, "overloaded_error", dig(res.body, "error.type"))

	res = post(t, quick(srv, chattest.Fault{Kind: chattest.Stall, ForMs: 20}), r.path, body)
	require.True(t, json.Valid(res.body), "the other half comes after the stall")
	require.Equal(t, 200, res.status)

	res = post(t, quick(srv, chattest.Fault{Kind: chattest.Drop, At: chattest.FirstEvent}), r.path, body)
	require.ErrorIs(t, res.err, io.ErrUnexpectedEOF)
	require.Empty(t, res.body)
}

func TestAStallKeepsTheConnectionOpenUntilTheClientLeaves(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		run := quick(srv, chattest.Fault{Kind: chattest.Stall, AtToken: 2})
		healthy := post(t, quick(srv), r.path, r.body)
		n := 0
		for _, c := range placesOf(r, healthy.events()) {
			if c.fault.AtToken == 1 {
				n = c.events + 1
			}
		}
		next, leave := stream(t, run, r.path, r.body)
		var got []byte
		for events := 0; events < n; {
			got = append(got, next(1)...)
			e, _ := readEvents(got)
			events = len(e)
		}
		require.False(t, run.Requests()[0].Done)
		leave()
		log := idle(t, run)
		require.True(t, log[0].Done)
		require.True(t, log[0].ClientGone)
		events, _ := readEvents(log[0].Sent)
		require.Equal(t, "Größe zählt", r.text(events), "nothing more was sent")
	})
}

func TestAStallBeforeTheHeadersIsSilent(t *testing.T) {
	srv := chattest.New(t)
	run := quick(srv, chattest.Fault{Kind: chattest.Stall, At: chattest.BeforeHeader}, chattest.Fault{Kind: chattest.Stall, At: chattest.BeforeHeader, ForMs: 30})
	conn := dial(t, run, "POST", "/v1/messages", routes[0].body)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err := conn.Read(make([]byte, 1))
	require.ErrorContains(t, err, "i/o timeout")
	require.NoError(t, conn.Close())
	log := idle(t, run)
	require.True(t, log[0].ClientGone)
	require.Zero(t, log[0].BytesSent)

	res := post(t, run, "/v1/messages", routes[0].body)
	require.True(t, routes[0].ended(res.events()), "this stall ends")
	log = idle(t, run)
	require.GreaterOrEqual(t, log[1].DoneMs-log[1].AtMs, 30.)
}

// dial sends a request on a connection from which the test reads directly.
func dial(t *testing.T, run *chattest.Run, method, path, body string) net.Conn {
	t.Helper()
	address, prefix, _ := strings.Cut(strings.TrimPrefix(run.URL(), "http://"), "/")
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	q, err := http.NewRequest(method, "http://"+address+"/"+prefix+path, strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, q.Write(conn))
	return conn
}

func TestAStallWithPingsKeepsTheConnectionBusy(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		run := quick(srv, chattest.Fault{Kind: chattest.Stall, PingMs: 5, ForMs: 200}) // many more than are wanted, since a machine may be busy
		res := post(t, run, r.path, r.body)
		require.NoError(t, res.err)
		events, comments := readEvents(res.body)
		require.Equal(t, "Größe zählt nicht, 世界 auch nicht.", r.text(events), "after the stall the answer continues")
		require.True(t, r.ended(events))
		pings := comments
		for _, e := range events {
			if e.name == "ping" {
				pings++
			}
		}
		require.GreaterOrEqual(t, pings, 3)
		log := idle(t, run)
		require.GreaterOrEqual(t, log[0].DoneMs-log[0].AtMs, 200.)
	})
}

func TestAStallInTheMiddleOfAnEventSendsTheRestLater(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		for _, f := range []chattest.Fault{
			{Half: chattest.HalfEvent, AtToken: 1}, {Half: chattest.HalfChar}, {At: chattest.InLastEvent}, {At: chattest.FirstEvent}, {At: chattest.BeforeEnd},
		} {
			f.Kind, f.ForMs = chattest.Stall, 1
			res := post(t, quick(srv, f), r.path, r.body)
			require.NoError(t, res.err)
			require.Equal(t, "Größe zählt nicht, 世界 auch nicht.", r.text(res.events()))
			require.True(t, r.ended(res.events()))
		}
	})
}

func TestClosingTheServerEndsStalls(t *testing.T) {
	srv := chattest.New(t)
	run := quick(srv, chattest.Fault{Kind: chattest.Stall, Times: -1})
	_, leave := stream(t, run, "/v1/messages", routes[0].body)
	defer leave()
	srv.Close()
	log := run.Requests()
	require.True(t, log[0].Done)
	require.False(t, log[0].ClientGone)
	srv.Close() // a second time does nothing
}

func TestModifiersChangeTheBytesButNotTheAnswer(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		for name, f := range map[string]chattest.Fault{
			"lf":       {LineEnding: chattest.LF},
			"crlf":     {LineEnding: chattest.CRLF},
			"cr":       {LineEnding: chattest.CR},
			"bom":      {BOM: true},
			"comments": {Comments: true},
			"bytes":    {ChunkBytes: 1},
			"threes":   {ChunkBytes: 3},
			"all":      {LineEnding: chattest.CR, BOM: true, Comments: true, ChunkBytes: 7, TokenDelayMs: 1},
		} {
			t.Run(name, func(t *testing.T) {
				res := post(t, quick(srv, f), r.path, r.body)
				require.NoError(t, res.err)
				events, comments := readEvents(res.body)
				require.Equal(t, "Größe zählt nicht, 世界 auch nicht.", r.text(events))
				require.True(t, r.ended(events))
				require.Equal(t, f.BOM, bytes.HasPrefix(res.body, []byte{0xef, 0xbb, 0xbf}))
				require.Equal(t, f.Comments, comments > 0)
				crlf := strings.Count(string(res.body), "\r\n")
				lf, cr := strings.Count(string(res.body), "\n")-crlf, strings.Count(string(res.body), "\r")-crlf
				switch {
				case f.LineEnding == chattest.CR:
					require.Zero(t, crlf+lf)
				case f.LineEnding == chattest.CRLF || f.LineEnding == "" && r.name == "gemini":
					require.Zero(t, lf+cr)
				default:
					require.Zero(t, crlf+cr)
				}
			})
		}
	})
}

func TestChunksAreReallyThatSmall(t *testing.T) {
	srv := chattest.New(t)
	conn := dial(t, quick(srv, chattest.Fault{ChunkBytes: 3}), "POST", "/v1/messages", routes[0].body)
	raw, err := io.ReadAll(conn)
	require.NoError(t, err)
	_, body, _ := strings.Cut(string(raw), "\r\n\r\n")
	chunks := 0
	for {
		size, rest, ok := strings.Cut(body, "\r\n")
		require.True(t, ok)
		if size == "0" {
			require.Equal(t, "\r\n", rest)
			break
		}
		require.Contains(t, []string{"1", "2", "3"}, size)
		body = rest[int(size[0]-'0')+2:]
		chunks++
	}
	require.Greater(t, chunks, 100)
}

func TestASlowDripTakesItsTime(t *testing.T) {
	srv := chattest.New(t)
	run := srv.NewRun(chattest.Run{Text: "ü", TokenDelayMs: -1, Faults: []chattest.Fault{{DripMs: 1}, {DripMs: 10, ChunkBytes: 20}}})
	res := post(t, run, "/sse", "{}")
	require.Equal(t, "ü", routes[4].text(res.events()))
	post(t, run, "/sse", "{}")
	log := idle(t, run)
	for i, least := range []float64{float64(len(res.body)), float64(len(res.body)/20) * 10} {
		require.GreaterOrEqual(t, log[i].DoneMs-log[i].AtMs, least)
	}
}

func TestGzipIsFlushedAfterEachEvent(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		run := quick(srv, chattest.Fault{Gzip: true}, chattest.Fault{Gzip: true, Kind: chattest.Stall, AtToken: 1}, chattest.Fault{Gzip: true, Kind: chattest.Drop, AtToken: 2}, chattest.Fault{Gzip: true, Status: 500})
		res := post(t, run, r.path, r.body)
		require.Equal(t, "gzip", res.header.Get("Content-Encoding"))
		plain, err := gunzip(res.body)
		require.NoError(t, err)
		events, _ := readEvents(plain)
		require.True(t, r.ended(events))
		log := idle(t, run)
		require.Equal(t, plain, log[0].Sent)
		require.EqualValues(t, len(res.body), log[0].BytesSent)

		// Everything sent before the stall can be read during it.
		conn := dial(t, run, "POST", r.path, r.body)
		reader, err := http.ReadResponse(newReader(conn), nil)
		require.NoError(t, err)
		z, err := gzip.NewReader(reader.Body)
		require.NoError(t, err)
		var got []byte
		for one := make([]byte, 1); !strings.Contains(string(got), "Größe"); got = append(got, one...) {
			_, err := io.ReadFull(z, one)
			require.NoError(t, err)
		}
		require.NoError(t, conn.Close())
		idle(t, run)

		res = post(t, run, r.path, r.body)
		require.ErrorIs(t, res.err, io.ErrUnexpectedEOF)
		plain, err = gunzip(res.body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		events, _ = readEvents(plain)
		require.Equal(t, "Größe zählt", r.text(events))

		res = post(t, run, r.path, r.body)
		plain, err = gunzip(res.body)
		require.NoError(t, err)
		require.True(t, json.Valid(plain))
	})
}

func gunzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func TestIrregularEnds(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		healthy := post(t, quick(srv), r.path, r.body)
		ask := func(f chattest.Fault) response {
			res := post(t, quick(srv, f), r.path, r.body)
			require.NoError(t, res.err)
			return res
		}
		res := ask(chattest.Fault{NoEndMarker: true})
		require.Equal(t, "Größe zählt nicht, 世界 auch nicht.", r.text(res.events()))
		require.False(t, r.ended(res.events()))
		require.NotContains(t, string(res.body), "[DONE]")

		res = ask(chattest.Fault{NoDone: true})
		done := r.name == "openai chat" || r.name == "ai sdk"
		require.Equal(t, !done, len(res.events()) == len(healthy.events()))
		require.Equal(t, !done, r.ended(res.events()))

		res = ask(chattest.Fault{NoFinalBlank: true})
		require.Len(t, res.events(), len(healthy.events())-1)
		require.True(t, r.ended(readAnyway(res.body, "\n")))
		require.True(t, strings.HasSuffix(string(res.body), "\n"))

		res = ask(chattest.Fault{NoFinalNewline: true})
		require.Len(t, res.events(), len(healthy.events())-1)
		require.True(t, r.ended(readAnyway(res.body, "\n\n")))
		require.NotRegexp(t, `[\r\n]$`, string(res.body))

		res = ask(chattest.Fault{EmptyOutput: true})
		require.Empty(t, r.text(res.events()))
		require.True(t, r.ended(res.events()))
		require.Equal(t, 200, res.status)
	})
}

// readAnyway reads a stream after appending what is missing at its end.
func readAnyway(body []byte, missing string) []sse {
	events, _ := readEvents(append(append([]byte(nil), body...), missing...))
	return events
}

func TestAServerThatNeverClosesAfterTheEnd(t *testing.T) {
	srv := chattest.New(t)
	eachRoute(t, func(t *testing.T, r route) {
		run := quick(srv, chattest.Fault{HangAfterEnd: true})
		next, leave := stream(t, run, r.path, r.body)
		var got []byte
		for {
			got = append(got, next(1)...)
			if events, _ := readEvents(got); len(events) > 0 && got[len(got)-1] == '\n' && r.ended(events) {
				break
			}
		}
		require.False(t, run.Requests()[0].Done)
		leave()
		require.True(t, idle(t, run)[0].ClientGone)
	})
}

func TestFinishesAreWrittenInEachProtocol(t *testing.T) {
	srv := chattest.New(t)
	for _, c := range []struct {
		route  int
		finish chattest.Finish
		path   string
		want   string
	}{
		{0, chattest.FinishLength, "delta.stop_reason", "max_tokens"},
		{0, chattest.FinishRefusal, "delta.stop_reason", "refusal"},
		{0, chattest.FinishContentFilter, "delta.stop_reason", "refusal"},
		{1, chattest.FinishLength, "choices.0.finish_reason", "length"},
		{1, chattest.FinishContentFilter, "choices.0.finish_reason", "content_filter"},
		{1, chattest.FinishRefusal, "choices.0.delta.refusal", "Größe"},
		{2, chattest.FinishLength, "response.incomplete_details.reason", "max_output_tokens"},
		{2, chattest.FinishContentFilter, "response.incomplete_details.reason", "content_filter"},
		{2, chattest.FinishRefusal, "refusal", "Größe zählt nicht, 世界 auch nicht."},
		{3, chattest.FinishLength, "candidates.0.finishReason", "MAX_TOKENS"},
		{3, chattest.FinishContentFilter, "candidates.0.finishReason", "SAFETY"},
		{3, chattest.FinishRefusal, "candidates.0.finishReason", "PROHIBITED_CONTENT"},
		{5, chattest.FinishLength, "finishReason", "length"},
		{5, chattest.FinishContentFilter, "finishReason", "content-filter"},
	} {
		r := routes[c.route]
		res := post(t, quick(srv, chattest.Fault{Finish: c.finish}), r.path, r.body)
		require.True(t, r.ended(res.events()))
		var values []string
		for _, e := range res.events() {
			values = append(values, e.text(c.path))
		}
		require.Contains(t, values, c.want, "%s %s", r.name, c.finish)
	}
}

func TestADelayIsBeforeTheHeaders(t *testing.T) {
	srv := chattest.New(t)
	run := quick(srv, chattest.Fault{DelayMs: 30}, chattest.Fault{DelayMs: 30, Status: 500}, chattest.Fault{DelayMs: 30, Kind: chattest.Reset, At: chattest.BeforeHeader})
	for range 3 {
		began := time.Now()
		post(t, run, "/v1/messages", routes[0].body)
		require.GreaterOrEqual(t, time.Since(began), 30*time.Millisecond)
	}
}

func TestAnswersThatBreakDoNotAnnounceAClose(t *testing.T) {
	srv := chattest.New(t)
	for _, c := range []struct {
		fault chattest.Fault
		close bool
	}{
		{chattest.Fault{}, true},
		{chattest.Fault{Status: 429}, true},
		{chattest.Fault{Kind: chattest.EOF}, true},
		{chattest.Fault{Kind: chattest.Reset}, false},
		{chattest.Fault{Kind: chattest.Drop}, false},
		{chattest.Fault{Kind: chattest.Drop, Headers: map[string]string{"connection": "close"}}, true},
	} {
		conn := dial(t, quick(srv, c.fault), "POST", "/v1/messages", routes[0].body)
		raw, _ := io.ReadAll(conn)
		head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
		require.Equal(t, c.close, strings.Contains(head, "\r\nConnection: close"), "%+v", c.fault)
	}
}
