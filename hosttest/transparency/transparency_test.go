package transparency

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/transport"
)

const (
	// late is how much later than without the engine anything may come.
	late = 50 * time.Millisecond
	// tries is how often the time of one case is taken again, alone, before it
	// is believed: other programs run here, too.
	tries = 4
	// patience is when a client gives up that waits in vain. No case takes as long.
	patience = 16 * time.Second
	// enough is how many requests are plainly too many.
	enough = 12
	atOnce = 16
)

var errGaveUp = errors.New("gave up: nothing came, or the request was repeated without end")

// seen is all that a client can see of what becomes of a request.
type seen struct {
	resp     map[string]any // nil if there was none
	err      string         // of the request or of the body
	kind     string         // of the verdict, if the engine says what failed
	detail   string
	bytes    []byte
	headers  time.Duration // when they came
	arrivals []arrival
	requests int

	messages []string // of Stream, behind the last reset
	resets   int
}

type arrival struct {
	size int // of the body so far
	at   time.Duration
}

func TestThroughTheTransportAsThroughNone(t *testing.T) {
	cases, err := Cases()
	require.NoError(t, err)
	var heavy, slow []*Case
	var running []run
	places := make(chan struct{}, atOnce)
	start := func(c *Case, name string, do func() (wrong, slow []string)) {
		r := run{c, name, make(chan result, 1)}
		running = append(running, r)
		go func() {
			places <- struct{}{}
			defer func() { <-places }()
			wrong, slow := do()
			r.result <- result{wrong, slow}
		}()
	}
	for i := range cases {
		c := &cases[i]
		switch {
		case c.On != nil && !slices.Contains(c.On, "go"):
			continue
		case c.Heavy:
			heavy = append(heavy, c)
		default:
			start(c, c.Name, func() (_, _ []string) { return throughTransport(c) })
		}
		if c.Stream != nil {
			start(c, c.Name+", as a stream", func() (_, _ []string) { return throughStream(c), nil })
		}
	}
	for _, r := range running {
		t.Run(r.name, func(t *testing.T) {
			got := <-r.result
			if len(got.slow) > 0 {
				slow = append(slow, r.c)
			}
			require.Empty(t, got.wrong)
		})
	}
	for _, c := range heavy {
		t.Run(c.Name, func(t *testing.T) {
			wrong, _ := throughTransport(c)
			require.Empty(t, wrong)
		})
	}
	t.Run("nothing comes late", func(t *testing.T) {
		for _, c := range slow {
			var found []string
			for range tries {
				if _, found = throughTransport(c); len(found) == 0 {
					break
				}
			}
			require.Empty(t, found, c.Name)
		}
	})
}

// run is a case on its way. Most of its time is waiting, so there are more at
// once than processors.
type run struct {
	c      *Case
	name   string
	result chan result
}

// result is what is wrong, and what came late.
type result struct{ wrong, slow []string }

// throughTransport runs a case through both clients at once. It gives what is
// wrong, and what came late.
func throughTransport(c *Case) (wrong, slow []string) {
	guarded, err := guard(c)
	if err != nil {
		return []string{err.Error()}, nil
	}
	ask := func() seen {
		return see(c, func(cancel context.CancelCauseFunc) http.RoundTripper {
			guarded.Base = &counting{cancel: cancel}
			return guarded
		})
	}
	if c.Expect.Requests > 0 {
		ours := ask()
		return misses(&ours, c.Expect, c), nil
	}
	answer := make(chan seen, 1)
	go func() {
		answer <- see(c, func(cancel context.CancelCauseFunc) http.RoundTripper { return &counting{cancel: cancel} })
	}()
	ours := ask()
	bare := <-answer
	if !c.Heavy {
		slow = delays(&bare, &ours, c)
	}
	return differences(&bare, &ours, c), slow
}

func throughStream(c *Case) []string {
	s, err := Open(c)
	if err != nil {
		return []string{err.Error()}
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := c.Request.make(ctx, s.URL)
	if err != nil {
		return []string{err.Error()}
	}
	guarded, err := guard(c)
	if err != nil {
		return []string{err.Error()}
	}
	guarded.Base = &counting{cancel: func(error) { cancel() }}
	var got seen
	for event, err := range guarded.Stream(req) {
		switch {
		case err != nil:
			got.fail(err)
		case event.Type == retry.ChatStreamEventTypeMessage:
			got.messages = append(got.messages, event.Data)
		case event.Type == retry.ChatStreamEventTypeReset:
			got.messages = nil
			got.resets++
		}
	}
	got.requests = s.Requests()
	return misses(&got, c.Stream, c)
}

var upper = regexp.MustCompile(`[A-Z]`)

// guard makes a transport with the options of the case, and quick waits.
func guard(c *Case) (*transport.Transport, error) {
	options := map[string]any{"initial_delay_ms": 10, "max_delay_ms": 20}
	if c.Options != nil {
		given := map[string]any{}
		if err := json.Unmarshal(c.Options, &given); err != nil {
			return nil, err
		}
		for name, value := range given {
			options[upper.ReplaceAllStringFunc(name, func(l string) string { return "_" + strings.ToLower(l) })] = value
		}
	}
	text, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	guarded := &transport.Transport{Group: &transport.Group{}}
	return guarded, json.Unmarshal(text, &guarded.Policy)
}

// counting passes requests on, and ends those that are repeated without end.
type counting struct {
	cancel context.CancelCauseFunc
	n      int
}

func (c *counting) RoundTrip(req *http.Request) (*http.Response, error) {
	if c.n++; c.n > enough {
		c.cancel(errGaveUp)
	}
	return http.DefaultTransport.RoundTrip(req)
}

// see sends the request of a case.
func see(c *Case, through func(context.CancelCauseFunc) http.RoundTripper) (got seen) {
	s, err := Open(c)
	if err != nil {
		return seen{err: err.Error()}
	}
	defer func() {
		got.requests = s.Requests()
		s.Close()
	}()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	defer time.AfterFunc(patience, func() { cancel(errGaveUp) }).Stop()
	whole, wait := 0, 0
	if len(c.Answers) > 0 {
		last := c.Answers[len(c.Answers)-1]
		whole, wait = len(join(last.Body)), last.Wait
	}
	abortSoon := func() {
		if c.Until > 0 {
			time.AfterFunc(time.Duration(c.Until)*time.Millisecond, func() { cancel(nil) })
		}
	}
	if wait > 0 {
		abortSoon()
	}
	req, err := c.Request.make(ctx, s.URL)
	if err != nil {
		return seen{err: err.Error()}
	}
	client := http.Client{Transport: through(cancel)}
	began := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		got.fail(err)
		return got
	}
	defer func() { _ = resp.Body.Close() }()
	got.headers = time.Since(began)
	got.resp = facts(resp, c)
	if whole == 0 {
		abortSoon()
	}
	buffer := make([]byte, 64<<10)
	for {
		n, err := resp.Body.Read(buffer)
		if n > 0 {
			got.bytes = append(got.bytes, buffer[:n]...)
			got.arrivals = append(got.arrivals, arrival{len(got.bytes), time.Since(began)})
			if len(got.bytes) == whole {
				abortSoon()
			}
		}
		if err == io.EOF {
			return got
		}
		if err != nil {
			got.fail(err)
			return got
		}
	}
}

// make makes the request.
func (r *Request) make(ctx context.Context, origin string) (*http.Request, error) {
	address := r.URL
	if address == "" {
		address = origin + r.Path
	}
	var body io.Reader
	contentType := ""
	switch {
	case r.Form != nil:
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for _, field := range r.Form {
			part := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf("form-data; name=%q", field[0])}}
			if len(field) > 2 {
				part.Set("Content-Disposition", part.Get("Content-Disposition")+fmt.Sprintf("; filename=%q", field[2]))
			}
			out, err := w.CreatePart(part)
			if err != nil {
				return nil, err
			}
			_, _ = io.WriteString(out, field[1])
		}
		_ = w.Close()
		body, contentType = &b, w.FormDataContentType()
	case r.OneShot:
		body = io.NopCloser(strings.NewReader(*r.Text)) // hides what it is, so that it cannot be read again
	case r.Text != nil:
		body = strings.NewReader(*r.Text)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, address, body)
	if err != nil {
		return nil, err
	}
	for name, value := range r.Headers {
		req.Header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req, nil
}

var port = regexp.MustCompile(`:\d{4,5}\b`)

func (s *seen) fail(err error) {
	var final *retry.Error
	if errors.As(err, &final) {
		s.kind = string(final.Verdict.Kind)
		s.detail = err.Error()
	}
	s.err = port.ReplaceAllString(err.Error(), "")
	switch {
	case errors.Is(err, errGaveUp):
		s.err = errGaveUp.Error()
	case errors.Is(err, context.Canceled):
		s.err = context.Canceled.Error() // the caller's own, in whatever words
	}
}

// facts are what must be the same. A guarded stream has no length of its own.
func facts(resp *http.Response, c *Case) map[string]any {
	header := maps.Clone(resp.Header)
	length := resp.ContentLength
	if c.Handled == "watched" {
		header.Del("Content-Length")
		length = 0
	}
	return map[string]any{
		"status": resp.Status, "code": resp.StatusCode, "protocol": resp.Proto, "headers": header, "length": length,
		"encoding": resp.TransferEncoding, "uncompressed": resp.Uncompressed, "close": resp.Close, "trailer": resp.Trailer,
		"address": resp.Request.URL.Path + "?" + resp.Request.URL.RawQuery, "method": resp.Request.Method,
	}
}

// differences are what differs though it must not.
func differences(bare, ours *seen, c *Case) []string {
	var all []string
	add := func(what string, left, right any) {
		if l, r := short(left), short(right); l != r {
			all = append(all, what+": bare "+l+", guarded "+r)
		}
	}
	add("error", bare.err, ours.err)
	add("requests", bare.requests, ours.requests)
	for name := range bare.resp {
		add(name, bare.resp[name], ours.resp[name])
	}
	if bare.resp == nil && ours.resp != nil {
		all = append(all, "there is a response")
	}
	if !bytes.Equal(bare.bytes, ours.bytes) {
		add("bytes", string(bare.bytes), string(ours.bytes))
	}
	return all
}

func short(value any) string {
	text := fmt.Sprintf("%q", fmt.Sprint(value))
	if len(text) > 400 {
		text = text[:400] + fmt.Sprintf("… (%d)", len(text))
	}
	return text
}

// delays are what came later than it may.
func delays(bare, ours *seen, c *Case) []string {
	var all []string
	held := heldUntil(bare, c)
	check := func(what string, at, oursAt time.Duration) {
		if by := oursAt - max(at, held); by > late {
			all = append(all, fmt.Sprintf("%s came at %v, %v late", what, oursAt, by))
		}
	}
	if bare.resp != nil && ours.resp != nil {
		check("the headers", bare.headers, ours.headers)
	}
	for _, a := range bare.arrivals {
		for _, mine := range ours.arrivals {
			if mine.size >= a.size {
				check(fmt.Sprintf("byte %d", a.size), a.at, mine.at)
				break
			}
		}
	}
	return all
}

// heldUntil is when the piece has come up to which the answer may be held back.
func heldUntil(bare *seen, c *Case) time.Duration {
	if c.Handled == "untouched" || len(c.Answers) == 0 {
		return 0
	}
	body := c.Answers[len(c.Answers)-1].Body
	size := len(join(body[:min(c.Held+1, len(body))]))
	if size == 0 {
		return 0
	}
	for _, a := range bare.arrivals {
		if a.size >= size {
			return a.at
		}
	}
	return patience
}

// misses are what is not as the table says, where it says something of its own.
func misses(got *seen, want *Expect, c *Case) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	kind := got.kind
	if kind == "" {
		kind = got.err
	}
	if kinds := want.Error; !slices.Contains(kinds, kind) && (len(kinds) > 0 || kind != "") {
		add("error: %q (%s), not %q", kind, got.err, kinds)
	}
	if !strings.Contains(got.detail, want.Detail) {
		add("the detail does not say %s: %q", want.Detail, got.detail)
	}
	if got.requests != want.Requests {
		add("requests: %d, not %d", got.requests, want.Requests)
	}
	if got.resets != want.Resets {
		add("resets: %d, not %d", got.resets, want.Resets)
	}
	status := want.Status
	if status == 0 {
		status = http.StatusOK
	}
	if got.resp != nil && got.resp["code"] != status {
		add("status: %v", got.resp["status"])
	}
	body := want.Body
	if want.Like != nil {
		body = c.Answers[*want.Like].Body
	}
	switch {
	case body == nil:
	case want == c.Stream:
		if wanted := messagesOf(string(join(body))); !slices.Equal(wanted, got.messages) {
			add("messages: %q, not %q", got.messages, wanted)
		}
	case !bytes.Equal(join(body), got.bytes):
		add("bytes: %q, not %q", got.bytes, join(body))
	}
	return all
}

// messagesOf is the data of the events of a body.
func messagesOf(body string) []string {
	var all []string
	body = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(body)
	for event := range strings.SplitSeq(body, "\n\n") {
		var data []string
		for line := range strings.SplitSeq(event, "\n") {
			if rest, ok := strings.CutPrefix(line, "data:"); ok {
				data = append(data, strings.TrimPrefix(rest, " "))
			}
		}
		if text := strings.Join(data, "\n"); text != "" {
			all = append(all, text)
		}
	}
	return all
}
