package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
	"github.com/steadfetch/steadfetch/retry/transport"
)

type script struct {
	Name       string
	Network    []attempt
	Core       []step
	CancelInMs int `json:"cancel_in_ms"`
	Rewrite    string
	Want       want
}

type attempt struct {
	Status int
	Chunks []string
	Then   string
}

type step struct {
	On        session.On
	Chunk     *string
	Attempt   int
	Status    int
	Answer    *session.Answer
	Moves     []move
	TimerInMs int64 `json:"timer_in_ms"`
}

type move struct {
	Do        string
	N, Behind int
	Put       string
}

type want struct {
	Status   int
	Body     string
	Error    string
	Requests []request
	Dropped  []int
}

type request struct {
	Method, URL, Body string
	LastEventID       string `json:"last_event_id"`
}

func load(t *testing.T) []script {
	text, err := os.ReadFile("scripts.json")
	require.NoError(t, err)
	var file struct {
		About   string
		Scripts []script
	}
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&file))
	require.NotEmpty(t, file.Scripts)
	return file.Scripts
}

// core is a fake: it answers as the script says, and records calls that differ from it.
type core struct {
	script *script
	at     int
	moves  []session.Move
	wrong  []string
	closed int
}

func (c *core) Open(session.Config) (session.Machine, error) { return c, nil }

func (c *core) Body([]byte) (bool, error) { return false, nil }

func (c *core) Step(h *session.Happened) (*session.Answer, error) {
	return c.next(fmt.Sprintf("%s of attempt %d, status %d", h.What, h.Attempt, h.Status), h.Now, func(s *step) bool {
		return s.Chunk == nil && s.On == h.What && s.Attempt == h.Attempt && s.Status == h.Status
	}), nil
}

func (c *core) Chunk(attempt int, now int64, p []byte) (int, *session.Answer, error) {
	news := c.at < len(c.script.Core) && c.script.Core[c.at].Answer != nil
	a := c.next(fmt.Sprintf("chunk %q of attempt %d", p, attempt), now, func(s *step) bool {
		return s.Chunk != nil && *s.Chunk == string(p) && s.Attempt == attempt
	})
	if !news {
		return 0, nil, nil
	}
	return a.Bytes, a, nil
}

func (c *core) next(what string, now int64, matches func(*step) bool) *session.Answer {
	c.moves = nil
	if c.at == len(c.script.Core) || !matches(&c.script.Core[c.at]) {
		c.wrong = append(c.wrong, fmt.Sprintf("step %d: %s", c.at, what))
		return &session.Answer{Do: session.DoNothing}
	}
	s := &c.script.Core[c.at]
	c.at++
	if s.Answer == nil {
		return nil
	}
	for _, m := range s.Moves {
		kind := map[string]session.MoveKind{"release": session.MoveRelease, "drop": session.MoveDrop, "put": session.MovePut, "cut": session.MoveCut}[m.Do]
		c.moves = append(c.moves, session.Move{Do: kind, N: m.N + len(m.Put), Behind: m.Behind, Put: []byte(m.Put)})
	}
	a := *s.Answer
	if s.TimerInMs > 0 {
		a.TimerAt = now + s.TimerInMs
	}
	return &a
}

func (c *core) Moves() []session.Move               { return c.moves }
func (c *core) Snapshot() (session.Snapshot, error) { return session.Snapshot{}, nil }
func (c *core) Rewrite(string) (string, error)      { return c.script.Rewrite, nil }
func (c *core) Close() error                        { c.closed++; return nil }

var errRefused = errors.New("refused")

// network plays the attempts, and records the requests and the canceled attempts.
type network struct {
	mu       sync.Mutex
	attempts []attempt
	requests []request
	dropped  []int
}

func (n *network) RoundTrip(req *http.Request) (*http.Response, error) {
	text := ""
	if req.Body != nil {
		all, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		text = string(all)
	}
	n.mu.Lock()
	n.requests = append(n.requests, request{req.Method, req.URL.String(), text, req.Header.Get("Last-Event-ID")})
	number := len(n.requests)
	a := n.attempts[min(number, len(n.attempts))-1]
	n.mu.Unlock()
	if a.Status == 0 {
		if a.Then == "refuse" {
			return nil, errRefused
		}
		<-req.Context().Done()
		n.drop(number)
		return nil, context.Cause(req.Context())
	}
	return &http.Response{StatusCode: a.Status, Header: http.Header{}, Body: &body{network: n, number: number, attempt: a, ctx: req.Context()}, Request: req}, nil
}

func (n *network) drop(number int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Contains(n.dropped, number) {
		n.dropped = append(n.dropped, number)
	}
}

type body struct {
	network *network
	number  int
	attempt attempt
	ctx     context.Context
	ended   bool
}

func (b *body) Read(p []byte) (int, error) {
	if len(b.attempt.Chunks) > 0 {
		n := copy(p, b.attempt.Chunks[0])
		b.attempt.Chunks = b.attempt.Chunks[1:]
		return n, nil
	}
	b.ended = b.attempt.Then != "hang"
	switch b.attempt.Then {
	case "end":
		return 0, io.EOF
	case "break":
		return 0, errors.New("connection reset by peer")
	}
	<-b.ctx.Done()
	return 0, context.Cause(b.ctx)
}

func (b *body) Close() error {
	if !b.ended && b.attempt.Then == "hang" {
		b.network.drop(b.number)
	}
	return nil
}

var errLeft = errors.New("the caller left")

func TestTheTransportConforms(t *testing.T) {
	for _, s := range load(t) {
		t.Run(s.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &core{script: &s}
				n := &network{attempts: s.Network}
				tr := &transport.Transport{Engine: c, Base: n, Group: &transport.Group{}}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if s.CancelInMs > 0 {
					time.AfterFunc(time.Duration(s.CancelInMs)*time.Millisecond, func() { cancel(errLeft) })
				}
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://core.test/v1", strings.NewReader(`{"stream":true}`))
				require.NoError(t, err)
				resp, err := tr.RoundTrip(req)
				got := want{Requests: s.Want.Requests, Dropped: s.Want.Dropped}
				if err == nil {
					var text []byte
					text, err = io.ReadAll(resp.Body)
					got.Status, got.Body = resp.StatusCode, string(text)
					require.NoError(t, resp.Body.Close())
				}
				var failure *retry.Error
				switch {
				case err == nil:
				case errors.Is(err, errLeft):
					got.Error = "canceled"
				case errors.Is(err, errRefused) && !errors.As(err, &failure):
					got.Error = "refused"
				default:
					require.ErrorAs(t, err, &failure)
					got.Error = string(failure.Verdict.Kind)
				}
				synctest.Wait()
				require.Empty(t, c.wrong, "the core got calls that it should not get")
				require.Equal(t, len(s.Core), c.at, "the core did not get all calls")
				require.Equal(t, s.Want, got)
				if s.Want.Requests != nil {
					require.Equal(t, s.Want.Requests, n.requests)
				}
				require.Equal(t, s.Want.Dropped, n.dropped)
				require.Positive(t, c.closed, "the session was not freed")
			})
		})
	}
}
