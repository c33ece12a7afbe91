package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/transport"
)

// answer is the provider's answer in these tests, about 12 tokens.
const answer = "Größe zählt: 日本語 and 🚀, one word after the other, to the very end 👩‍💻."

// protocols are the ways to ask for it, and the path to the text in an event.
var protocols = []struct {
	name, path, body string
	text             []string
}{
	{"anthropic", "/v1/messages", `{"model":"claude-x","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}`, []string{"delta", "text"}},
	{"openai-chat", "/v1/chat/completions", `{"model":"gpt-x","stream":true,"messages":[{"role":"user","content":"hi"}]}`, []string{"choices", "delta", "content"}},
	{"openai-responses", "/v1/responses", `{"model":"gpt-x","stream":true,"background":true,"input":[{"role":"user","content":"hi"}]}`, []string{"delta"}},
	{"gemini", "/v1beta/models/gemini-x:streamGenerateContent?alt=sse", `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, []string{"candidates", "content", "parts", "text"}},
}

// textOf returns the text in an event's data, at a path of member names; of an array
// it takes the first element.
func textOf(data string, path []string) string {
	var at any
	if json.Unmarshal([]byte(data), &at) != nil {
		return ""
	}
	for _, name := range path {
		if list, ok := at.([]any); ok {
			if len(list) == 0 {
				return ""
			}
			at = list[0]
		}
		members, _ := at.(map[string]any)
		if at = members[name]; at == nil {
			return ""
		}
	}
	if list, ok := at.([]any); ok && len(list) > 0 {
		at = list[0]
	}
	if members, ok := at.(map[string]any); ok {
		at = members["text"]
	}
	text, _ := at.(string)
	return text
}

// The places in an answer where a fault can happen.
const (
	beforeOutput = "before output"
	firstToken   = "after the first token"
	midAnswer    = "in mid-answer"
	lastEvent    = "in the last event"
	everywhere   = "everywhere" // it shapes the whole answer
)

var places = []string{beforeOutput, firstToken, midAnswer, lastEvent}

// The expected outcome of a request. After a colon, the kind or the status follows.
const (
	recovered = "recovered" // the exact answer, by a later attempt
	complete  = "complete"  // the exact answer, by the first attempt
	failed    = "error:"    // the client got an error
	passed    = "passed:"   // the client got the provider's own response
)

type faultCase struct {
	name  string
	fault chattest.Fault
	// kind is the verdict's. If it differs between protocols, it is a list in their
	// order.
	kind      string
	permanent bool
	// whole says that the fault does not break the answer: the outcome is complete.
	whole  bool
	placed bool  // it strikes at each of the places
	stalls bool  // the policy needs clocks
	wait   int64 // ms that the provider asked for
}

var faultCases = []faultCase{
	{name: "in-band error", fault: chattest.Fault{Kind: chattest.InBand}, placed: true, kind: "overloaded server server overloaded"},
	{name: "in-band rate limit", fault: chattest.Fault{Kind: chattest.InBand, Status: 429}, placed: true, kind: "rate_limit"},
	{name: "in-band bad request", fault: chattest.Fault{Kind: chattest.InBand, Status: 400}, placed: true, kind: "invalid_request", permanent: true},
	{name: "end of file", fault: chattest.Fault{Kind: chattest.EOF}, placed: true, kind: "truncated"},
	{name: "half an event", fault: chattest.Fault{Kind: chattest.EOF, Half: chattest.HalfEvent}, placed: true, kind: "truncated"},
	{name: "half a character", fault: chattest.Fault{Kind: chattest.EOF, Half: chattest.HalfChar}, placed: true, kind: "truncated"},
	{name: "drop", fault: chattest.Fault{Kind: chattest.Drop}, placed: true, kind: "network"},
	{name: "reset", fault: chattest.Fault{Kind: chattest.Reset}, placed: true, kind: "network"},
	{name: "reset in an event", fault: chattest.Fault{Kind: chattest.Reset, Half: chattest.HalfEvent}, placed: true, kind: "network"},
	{name: "stall", fault: chattest.Fault{Kind: chattest.Stall}, placed: true, stalls: true, kind: "silence"},
	{name: "stall behind pings", fault: chattest.Fault{Kind: chattest.Stall, PingMs: 50}, placed: true, stalls: true, kind: "silence"},

	{name: "429 with Retry-After", fault: chattest.Fault{Status: 429, Headers: map[string]string{"retry-after-ms": "120"}}, wait: 120},
	{name: "408", fault: chattest.Fault{Status: 408}},
	{name: "500", fault: chattest.Fault{Status: 500}},
	{name: "503", fault: chattest.Fault{Status: 503}},
	{name: "524", fault: chattest.Fault{Status: 524}},
	{name: "529", fault: chattest.AnthropicOverloadedResponse().Fault()},
	{name: "HTML 502", fault: chattest.Fault{Kind: chattest.HTML}},
	{name: "HTML 502 as 200", fault: chattest.Fault{Kind: chattest.Status, Status: 200, ContentType: "text/html", Body: "<html><head><title>502 Bad Gateway</title></head></html>"}},
	{name: "JSON error with 200", fault: chattest.Fault{Kind: chattest.JSONError}},
	{name: "huge error", fault: chattest.Fault{Kind: chattest.HugeError, Size: 1 << 20}},
	{name: "empty body", fault: chattest.Fault{Kind: chattest.EmptyBody}},
	{name: "empty answer", fault: chattest.Fault{EmptyOutput: true}},
	{name: "reset on connecting", fault: chattest.Fault{Kind: chattest.Reset, At: chattest.Connect}},
	{name: "reset before the headers", fault: chattest.Fault{Kind: chattest.Reset, At: chattest.BeforeHeader}},
	{name: "drop before the headers", fault: chattest.Fault{Kind: chattest.Drop, At: chattest.BeforeHeader}},
	{name: "stall before the headers", fault: chattest.Fault{Kind: chattest.Stall, At: chattest.BeforeHeader}, stalls: true},
	{name: "stall before any event", fault: chattest.Fault{Kind: chattest.Stall, At: chattest.FirstEvent}, stalls: true},
	{name: "end before any event", fault: chattest.Fault{Kind: chattest.EOF, At: chattest.FirstEvent}},

	{name: "HTML of another site", fault: chattest.Fault{Kind: chattest.HTML, Status: 200}, permanent: true, kind: "invalid_request"},
	{name: "400", fault: chattest.Fault{Status: 400}, permanent: true, kind: "invalid_request"},
	{name: "401", fault: chattest.Fault{Status: 401}, permanent: true, kind: "auth"},
	{name: "403", fault: chattest.Fault{Status: 403}, permanent: true, kind: "permission"},
	{name: "404", fault: chattest.Fault{Status: 404}, permanent: true, kind: "invalid_request model_not_found"},
	{name: "insufficient quota", fault: chattest.OpenAIErrorResponse(429, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details.").Fault(), permanent: true, kind: "quota"},

	{name: "slow drip", fault: chattest.Fault{DripMs: 1, ChunkBytes: 50}, whole: true},
	{name: "chunks of one byte", fault: chattest.Fault{ChunkBytes: 1}, whole: true},
	{name: "gzip", fault: chattest.Fault{Gzip: true}, whole: true},
	{name: "wrong content type", fault: chattest.Fault{ContentType: "text/plain"}, whole: true},
	{name: "redirect", fault: chattest.Fault{Kind: chattest.Redirect}, whole: true},
	{name: "CR", fault: chattest.Fault{LineEnding: chattest.CR}, whole: true},
	{name: "CRLF, BOM and comments", fault: chattest.Fault{LineEnding: chattest.CRLF, BOM: true, Comments: true}, whole: true},
	{name: "no [DONE]", fault: chattest.Fault{NoDone: true}, whole: true},
	{name: "no last blank line", fault: chattest.Fault{NoFinalBlank: true}, whole: true},
	{name: "no last line end", fault: chattest.Fault{NoFinalNewline: true}, whole: true},
	{name: "never closes", fault: chattest.Fault{HangAfterEnd: true}, whole: true},
	{name: "a short stall", fault: chattest.Fault{Kind: chattest.Stall, AtToken: 3, ForMs: 100}, whole: true},
	{name: "length", fault: chattest.Fault{Finish: chattest.FinishLength}, whole: true},
	{name: "JSON answer", fault: chattest.Fault{Kind: chattest.JSONAnswer}, whole: true},
	{name: "content filter", fault: chattest.Fault{Finish: chattest.FinishContentFilter}, permanent: true, kind: "content_policy"},
	{name: "no end marker", fault: chattest.Fault{NoEndMarker: true}, kind: "truncated"},
}

func (c *faultCase) kindFor(protocol int) string {
	kinds := strings.Fields(c.kind)
	return kinds[min(protocol, len(kinds)-1)]
}

// saysWhy reports whether an event before the last has the finish reason.
func saysWhy(protocol string) bool { return protocol == "anthropic" || protocol == "openai-chat" }

// want returns the expected outcome of the request.
func (c *cell) want() string {
	client, protocol, place := c.client, c.protocol, c.place
	switch {
	case c.whole:
		return complete
	case place == lastEvent && saysWhy(protocols[protocol].name):
		return complete // only the marker was lost
	case c.fault.NoEndMarker || c.fault.Finish != "":
		place = lastEvent
	}
	if c.fault.Finish != "" && client != "go-stream" {
		return complete // the client sees the finish reason
	}
	committed := place == firstToken || place == midAnswer || place == lastEvent
	switch {
	case c.permanent && !committed && client != "go-stream":
		switch c.fault.Kind {
		case chattest.InBand:
			return passed + "200"
		case chattest.HTML: // which the client would take for an empty stream
			return failed + c.kindFor(protocol)
		}
		return fmt.Sprint(passed, c.fault.Status)
	case c.permanent, committed && client == "go-transport":
		return failed + c.kindFor(protocol)
	}
	return recovered
}

// TestFaults is the Go part of the table of faults: each fault, in each protocol and
// place, with each client of this package.
//
//   - go-transport: a RoundTripper with the default policy.
//   - go-resume: one that resumes after output.
//   - go-stream: Stream, whose consumer can drop what it has.
//
// With STEADFETCH_FAULTS_OUT set, one line of JSON per cell is added to that file.
func TestFaults(t *testing.T) {
	srv := chattest.New(t)
	var all []*cell
	for _, client := range []string{"go-transport", "go-resume", "go-stream"} {
		for protocol := range protocols {
			for i := range faultCases {
				c := &faultCases[i]
				at := []string{beforeOutput}
				switch {
				case c.placed:
					at = places
				case c.whole, c.fault.NoEndMarker, c.fault.Finish != "":
					at = []string{everywhere}
				}
				for _, place := range at {
					all = append(all, &cell{faultCase: c, client: client, protocol: protocol, place: place})
				}
			}
		}
	}
	// They mostly wait, so many run at once.
	slots := make(chan struct{}, 32)
	var wg sync.WaitGroup
	for _, c := range all {
		slots <- struct{}{}
		wg.Go(func() {
			c.got, c.err = c.meet(srv)
			if (c.placed || c.stalls) && (c.err != nil || c.got != c.want()) {
				c.got, c.err = c.meet(srv) // a busy machine can bring together what was sent apart, and apart what was sent together
			}
			<-slots
		})
	}
	wg.Wait()
	for _, c := range all {
		t.Run(strings.Join([]string{c.client, protocols[c.protocol].name, c.name, c.place}, "/"), func(t *testing.T) {
			require.NoError(t, c.err)
			require.Equal(t, c.want(), c.got)
		})
	}
	report(t, all)
}

// cell is one cell of the table.
type cell struct {
	*faultCase
	client   string
	protocol int
	place    string
	got      string
	err      error
}

// meet sends one request into the fault and returns the outcome. The error is a wrong
// result, whatever the outcome.
func (c *cell) meet(srv *chattest.Server) (outcome string, err error) {
	fault := c.fault
	switch c.place {
	case beforeOutput:
	case firstToken:
		fault.AtToken = 1
	case midAnswer:
		fault.AtToken = 6
	case lastEvent:
		fault.At = chattest.InLastEvent
	}
	if c.placed {
		// The place is only right if the events arrive one by one: output that arrives
		// together with the failure is not delivered, so a retry is invisible.
		fault.ChunkBytes, fault.DripMs = 1<<20, 15
		if c.place == firstToken {
			fault.DripMs = 120 // so also on a busy machine, and few events are to come
		}
	}
	run := srv.NewRun(chattest.Run{Text: answer, TokenDelayMs: -1, Faults: []chattest.Fault{fault}})
	p := protocols[c.protocol]
	base := &http.Transport{DisableKeepAlives: true}
	tr := &transport.Transport{Base: base, Group: &transport.Group{}}
	tr.Policy = retry.Policy{InitialDelay: time.Millisecond}
	if c.stalls {
		tr.Policy.SilenceTimeout, tr.Policy.ContentTimeout = time.Second, 1500*time.Millisecond
	}
	if c.client == "go-resume" {
		tr.Policy.AfterCommit = retry.AfterCommitResume
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, run.URL()+p.path, strings.NewReader(p.body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")

	var text, raw strings.Builder
	var failure error
	status := 0
	if c.client == "go-stream" {
		for event, err := range tr.Stream(req) {
			switch {
			case err != nil:
				failure = err
			case event.Type == retry.ChatStreamEventTypeReset:
				text.Reset()
			case event.Type == retry.ChatStreamEventTypeMessage && !textEnds(event.Name):
				text.WriteString(textOf(event.Data, p.text))
			}
		}
	} else {
		resp, err := (&http.Client{Transport: tr}).Do(req)
		failure = err
		if err == nil {
			status = resp.StatusCode
			body, err := io.ReadAll(resp.Body)
			failure = err
			raw.Write(body)
			_ = resp.Body.Close()
			text.WriteString(textIn(string(body), p.text))
		}
	}
	if err := run.WaitIdle(ctx); err != nil {
		return "", err
	}
	requests := run.Requests()
	last := requests[len(requests)-1]
	if fault.Kind == chattest.Redirect {
		requests = requests[1:]
	}
	if c.wait > 0 && len(requests) > 1 && int64(requests[1].AtMs-requests[0].AtMs) < c.wait {
		return "", fmt.Errorf("came back after %.1f ms", requests[1].AtMs-requests[0].AtMs)
	}

	var verdict *retry.Error
	switch {
	case errors.As(failure, &verdict):
		outcome = failed + string(verdict.Verdict.Kind)
		if !strings.HasPrefix(answer, text.String()) {
			return outcome, fmt.Errorf("text %q before the error", &text)
		}
	case failure != nil:
		return fmt.Sprint("went wrong: ", failure), failure
	case status >= 400 || c.permanent && c.client != "go-stream" && text.String() != answer:
		outcome = fmt.Sprint(passed, status)
		if raw.String() != string(last.Sent) {
			return outcome, fmt.Errorf("passed %d bytes of %d", raw.Len(), len(last.Sent))
		}
	default:
		outcome = complete
		if len(requests) > 1 {
			outcome = recovered
		}
		if fault.Kind != chattest.JSONAnswer && text.String() != answer {
			return outcome, fmt.Errorf("text %q", &text)
		}
		// A client that did not resume has all bytes of one attempt, except an event
		// that broke after the answer was complete. A last event gets the blank line
		// that it lacks.
		sent := string(last.Sent)
		if fault.NoFinalNewline {
			sent += "\n"
		}
		if fault.NoFinalBlank || fault.NoFinalNewline {
			sent += "\n"
		}
		if c.client == "go-transport" && raw.String() != sent && !(c.place == lastEvent && strings.HasPrefix(sent, raw.String())) {
			return outcome, fmt.Errorf("%d bytes of %d", raw.Len(), len(sent))
		}
	}
	if len(requests) > 2 || len(requests) == 2 && outcome != recovered {
		return outcome, fmt.Errorf("%d requests", len(requests))
	}
	return outcome, nil
}

// textEnds reports whether an event of this name repeats the whole text.
func textEnds(name string) bool { return strings.HasSuffix(name, ".done") }

// textIn returns the text of a whole stream.
func textIn(body string, path []string) string {
	var b strings.Builder
	body = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\ufeff", "").Replace(body)
	for _, event := range strings.Split(body, "\n\n") {
		var name, data string
		for _, line := range strings.Split(event, "\n") {
			if value, ok := strings.CutPrefix(line, "event: "); ok {
				name = value
			} else if value, ok := strings.CutPrefix(line, "data: "); ok {
				data = value
			}
		}
		if !textEnds(name) {
			b.WriteString(textOf(data, path))
		}
	}
	return b.String()
}

// report adds the cells to the table.
func report(t *testing.T, all []*cell) {
	path := os.Getenv("STEADFETCH_FAULTS_OUT")
	if path == "" {
		return
	}
	out, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	lines := json.NewEncoder(out)
	for _, c := range all {
		require.NoError(t, lines.Encode(struct {
			Client   string `json:"client"`
			Protocol string `json:"protocol"`
			Fault    string `json:"fault"`
			Position string `json:"position"`
			Outcome  string `json:"outcome"`
			OK       bool   `json:"ok"`
		}{c.client, protocols[c.protocol].name, c.name, c.place, c.got, c.err == nil && c.got == c.want()}))
	}
	require.NoError(t, out.Close())
}
