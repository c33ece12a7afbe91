package session_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

var overloaded = attempt{status: 529, chunks: []string{`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`}}

func TestAHealthyStreamGoesThroughByteForByteAndEventByEvent(t *testing.T) {
	for name, events := range map[string][]string{"openai": chat("Hel", "lo"), "anthropic": claude("Hel", "lo")} {
		h := newHost(t, session.Config{}, attempt{chunks: events})
		a := h.run()
		require.Equal(t, session.DoFinish, a.Do, name)
		require.Nil(t, a.Verdict)
		require.Equal(t, strings.Join(events, ""), h.got.String())
		require.Empty(t, h.retries)
	}
}

func TestEveryWayOfCuttingAStreamIntoChunksGivesTheSameBytes(t *testing.T) {
	whole := strings.Join(claude("Grüße", "日本 😀"), "")
	for cut := 1; cut < len(whole); cut++ {
		h := newHost(t, session.Config{}, attempt{chunks: []string{whole[:cut], whole[cut:]}})
		require.Equal(t, session.DoFinish, h.run().Do)
		require.Equal(t, whole, h.got.String())
	}
	h := newHost(t, session.Config{}, attempt{chunks: strings.Split(whole, "")})
	require.Equal(t, session.DoFinish, h.run().Do)
	require.Equal(t, whole, h.got.String())
}

func TestFailuresBeforeOutputAreInvisible(t *testing.T) {
	for name, bad := range map[string]attempt{
		"529":                  overloaded,
		"429 with Retry-After": {status: 429, headers: map[string]string{"retry-after": "3"}, chunks: []string{`{"error":{"type":"rate_limit_exceeded","message":"Rate limit exceeded"}}`}},
		"refused":              {then: "refuse"},
		"reset at once":        {then: "reset"},
		"reset after the role": {chunks: []string{chatRole()}, then: "reset"},
		"cut after the role":   {chunks: []string{chatRole()}},
		"half an event":        {chunks: []string{chatRole(), chatToken("x")[:40]}},
		"in-band error":        {chunks: []string{chatRole(), `data: {"error":{"message":"The server is overloaded","type":"server_error","code":"overloaded"}}` + "\n\n"}},
		"silence":              {chunks: []string{chatRole()}, then: "hang"},
		"no headers":           {then: "mute"},
		"HTML with 200":        {headers: map[string]string{"content-type": "text/html"}, chunks: []string{"<html><title>502 Bad Gateway</title></html>"}},
		"JSON error with 200":  {headers: map[string]string{"content-type": "application/json"}, chunks: []string{`{"error":{"message":"Overloaded","type":"overloaded_error"}}`}},
		"empty body":           {},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, session.Config{}, bad, attempt{chunks: chat("A", "B")})
			a := h.run()
			require.Equal(t, session.DoFinish, a.Do, "%+v", a.Verdict)
			require.Equal(t, strings.Join(chat("A", "B"), ""), h.got.String())
			require.Len(t, h.retries, 1)
			require.Equal(t, 1, h.retries[0].Attempt)
			if strings.Contains(name, "Retry-After") {
				require.Equal(t, []int64{3000}, h.gaps())
			}
		})
	}
}

func TestPermanentFailuresReachTheCallerUnchanged(t *testing.T) {
	for status, body := range map[int]string{
		401: `{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}`,
		400: `{"error":{"message":"bad request","type":"invalid_request_error"}}`,
		429: `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`,
	} {
		h := newHost(t, session.Config{}, attempt{status: status, chunks: []string{body[:5], body[5:]}})
		a := h.run()
		require.Equal(t, session.DoPass, a.Do)
		require.False(t, a.Verdict.Retryable)
		require.Equal(t, body, h.got.String())
		require.Equal(t, session.StateFailed, h.s.Snapshot().State)
	}
}

func TestDelaysDoubleUpToAMinuteAndRetriesNeverEnd(t *testing.T) {
	attempts := make([]attempt, 9)
	for i := range attempts {
		attempts[i] = overloaded
	}
	h := newHost(t, session.Config{}, append(attempts, attempt{chunks: chat("ok")})...)
	require.Equal(t, session.DoFinish, h.run().Do)
	require.Equal(t, []int64{1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000}, h.gaps())
	require.Equal(t, 9, h.retries[8].Attempt)
}

func TestAttemptsElapsedTimeAndRetryAfterAreLimited(t *testing.T) {
	h := newHost(t, session.Config{Policy: retry.Policy{MaxAttempts: 2}}, overloaded, overloaded)
	a := h.run()
	require.Equal(t, session.DoPass, a.Do, "the caller reads the provider's own words")
	require.Equal(t, classify.AttemptsExhausted, a.Verdict.Kind)
	require.Equal(t, classify.Overloaded, a.Last.Kind)
	stored := h.s.Snapshot()
	require.Equal(t, a.Last, stored.Last)
	again := newHost(t, session.Config{Restore: stored})
	a = again.run()
	require.Equal(t, []classify.Kind{classify.AttemptsExhausted, classify.Overloaded}, []classify.Kind{a.Verdict.Kind, a.Last.Kind})
	require.Equal(t, stored, again.s.Snapshot(), "restoring does not change the state")

	h = newHost(t, session.Config{Policy: retry.Policy{MaxElapsed: 3500 * time.Millisecond}}, overloaded, overloaded, overloaded)
	require.Equal(t, classify.MaxElapsedExceeded, h.run().Verdict.Kind)
	require.Equal(t, []int64{1000, 2000}, h.gaps(), "the wait of 4 s does not fit, so it is not started")

	late := attempt{status: 429, headers: map[string]string{"Retry-After": "601"}}
	h = newHost(t, session.Config{}, late)
	a = h.run()
	require.Equal(t, classify.RetryAfterTooLong, a.Verdict.Kind)
	require.Equal(t, int64(601_000), *a.Verdict.RetryAfterMs)
}

func TestAfterCommitAFailureFailsOrRestarts(t *testing.T) {
	cut := attempt{chunks: chat("A", "B")[:3]}
	h := newHost(t, session.Config{}, cut)
	a := h.run()
	require.Equal(t, session.DoFail, a.Do)
	require.Equal(t, classify.Truncated, a.Verdict.Kind)
	require.Equal(t, strings.Join(cut.chunks, ""), h.got.String(), "what was delivered stays")

	h = newHost(t, session.Config{CanReset: true}, cut, overloaded, attempt{chunks: chat("A", "B", "C")})
	require.Equal(t, session.DoFinish, h.run().Do)
	require.Equal(t, 1, h.resets)
	require.Equal(t, strings.Join(chat("A", "B", "C"), ""), h.got.String())
	require.Equal(t, []int64{1000, 2000}, h.gaps())
}

func TestAnInBandErrorInTheSameChunkAsOutputDoesNotSwallowTheOutput(t *testing.T) {
	whole := chatRole() + chatToken("A") + `data: {"error":{"message":"Overloaded","type":"overloaded_error"}}` + "\n\n"
	h := newHost(t, session.Config{}, attempt{chunks: []string{chatRole() + chatToken("A"), chatToken("B") + whole[len(chatRole()+chatToken("A")):]}})
	a := h.run()
	require.Equal(t, session.DoFail, a.Do)
	require.Equal(t, classify.Overloaded, a.Verdict.Kind)
	require.Equal(t, chatRole()+chatToken("A")+chatToken("B"), h.got.String())
}

func TestTheClocks(t *testing.T) {
	ping := "event: ping\ndata: {\"type\": \"ping\"}\n\n"
	pings := claude()[:2]
	for range 100 {
		pings = append(pings, ping)
	}
	for name, c := range map[string]struct {
		policy retry.Policy
		bad    attempt
		kind   classify.Kind
		gap    int64
	}{
		"first byte":                        {retry.Policy{FirstByteTimeout: 5 * time.Second}, attempt{then: "mute"}, classify.Timeout, 6000},
		"transport silence":                 {retry.Policy{SilenceTimeout: 7 * time.Second}, attempt{chunks: claude()[:2], then: "hang"}, classify.Silence, 8000},
		"content silence, hidden by pings":  {retry.Policy{ContentTimeout: 20 * time.Second, SilenceTimeout: 7 * time.Second}, attempt{chunks: pings, every: 1000}, classify.Silence, 2000 + 20_000 + 1000},
		"content silence, by default 10min": {retry.Policy{}, attempt{chunks: claude()[:2], then: "hang"}, classify.Silence, 601_000},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, session.Config{Policy: c.policy}, c.bad, attempt{chunks: claude("ok")})
			require.Equal(t, session.DoFinish, h.run().Do)
			require.Equal(t, strings.Join(claude("ok"), ""), h.got.String())
			require.Equal(t, c.kind, h.retries[0].Kind)
			require.Equal(t, []int64{c.gap}, h.gaps())
		})
	}
}

func TestASlowStreamIsNotDead(t *testing.T) {
	tokens := make([]string, 50)
	for i := range tokens {
		tokens[i] = fmt.Sprint(i)
	}
	h := newHost(t, session.Config{Policy: retry.Policy{FirstByteTimeout: 5 * time.Second, SilenceTimeout: 5 * time.Second, ContentTimeout: 5 * time.Second, MaxElapsed: 6 * time.Second}}, attempt{chunks: chat(tokens...), every: 4900})
	require.Equal(t, session.DoFinish, h.run().Do)
}

func TestTheEndMarkerEndsTheStreamEvenIfTheServerDoesNot(t *testing.T) {
	h := newHost(t, session.Config{}, attempt{chunks: chat("A"), then: "hang"})
	require.Equal(t, session.DoFinish, h.run().Do)
	require.Equal(t, int64(epoch+1000), h.now, "what follows the end marker is delivered, until a second of silence")

	// Usage and the marker may follow a finish reason, so there is time for them.
	h = newHost(t, session.Config{}, attempt{chunks: chat("A")[:3], then: "hang"})
	require.Equal(t, session.DoFinish, h.run().Do)
	require.Equal(t, int64(epoch+10_000), h.now)
}

func TestALastEventWithoutItsBlankLineCounts(t *testing.T) {
	events := claude("A")
	whole := strings.TrimRight(strings.Join(events, ""), "\n")
	h := newHost(t, session.Config{}, attempt{chunks: []string{whole}})
	require.Equal(t, session.DoFinish, h.run().Do)
	require.Equal(t, whole+"\n\n", h.got.String(), "with its blank line, since parsers drop an event without one")
}

func TestHalfAnEventIsNotDeliveredEvenIfItHasNoDataYet(t *testing.T) {
	for _, half := range []string{"event: message_stop\ndata: ", ": keep", "event: mess", "id"} {
		events := claude("A")
		before := events[: len(events)-2 : len(events)-2] // neither stop reason nor marker
		h := newHost(t, session.Config{}, attempt{chunks: append(before, half)})
		require.Equal(t, classify.Truncated, h.run().Verdict.Kind)
		require.Equal(t, strings.Join(before, ""), h.got.String(), half)
	}
}

func TestAnEmptyAnswerIsRetriedOnceAtOnceAndThenAccepted(t *testing.T) {
	h := newHost(t, session.Config{}, attempt{chunks: chat()}, attempt{chunks: chat()})
	a := h.run()
	require.Equal(t, session.DoFinish, a.Do)
	require.Equal(t, strings.Join(chat(), ""), h.got.String())
	require.Equal(t, "empty_answer", h.warning)
	require.Equal(t, []int64{0}, h.gaps())
	h = newHost(t, session.Config{}, attempt{chunks: []string{chatRole(), chatFinish("length"), "data: [DONE]\n\n"}})
	require.Equal(t, session.DoFinish, h.run().Do, "a length limit can leave an answer empty, which is not a failure")
}

func TestARefusalIsNotRetried(t *testing.T) {
	events := []string{chatRole(), chatFinish("content_filter"), "data: [DONE]\n\n"}
	h := newHost(t, session.Config{}, attempt{chunks: events})
	a := h.run()
	require.Equal(t, session.DoFinish, a.Do)
	require.Equal(t, classify.ContentPolicy, a.Verdict.Kind)
	require.Equal(t, strings.Join(events, ""), h.got.String())
}

func TestAPermanentErrorWithAGoodStatusIsAnErrorNotAnEmptyStream(t *testing.T) {
	h := newHost(t, session.Config{}, attempt{headers: map[string]string{"content-type": "application/json"}, chunks: []string{`{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}`}})
	a := h.run()
	require.Equal(t, session.DoFail, a.Do)
	require.Equal(t, classify.Auth, a.Verdict.Kind)
	require.Empty(t, h.got.String())
}

func TestThePolicyDecidesWhetherAWaitIsTooLongForEveryTemporaryFailure(t *testing.T) {
	for _, status := range []int{429, 503, 529} {
		late := attempt{status: status, headers: map[string]string{"retry-after": "3600"}}
		h := newHost(t, session.Config{}, late)
		require.Equal(t, classify.RetryAfterTooLong, h.run().Verdict.Kind)
		h = newHost(t, session.Config{Policy: retry.Policy{MaxRetryAfter: -1}}, late, attempt{chunks: chat("A")})
		require.Equal(t, session.DoFinish, h.run().Do)
		require.Equal(t, []int64{3_600_000}, h.gaps())
	}
}

func TestBodiesThatAreNotStreamsPassUnchanged(t *testing.T) {
	h := newHost(t, session.Config{}, attempt{headers: map[string]string{"content-type": "image/png"}, chunks: []string{"x"}})
	a := h.run()
	require.Equal(t, session.DoPass, a.Do)
	require.Zero(t, a.Bytes)

	answer := `{"id":"c1","choices":[{"message":{"content":"hi"}}]}`
	h = newHost(t, session.Config{}, attempt{headers: map[string]string{"content-type": "application/json"}, chunks: []string{answer[:9], answer[9:]}})
	require.Equal(t, session.DoPass, h.run().Do)
	require.Equal(t, answer, h.got.String())
}

func TestCancelStopAndRetryNowActAtOnceInAnyState(t *testing.T) {
	for _, what := range []session.On{session.OnAbort, session.OnStop} {
		h := newHost(t, session.Config{}, overloaded)
		h.at = func(*host, int64) (session.Happened, bool) { return session.Happened{What: what}, true }
		a := h.run()
		require.Equal(t, session.DoFail, a.Do)
		require.Equal(t, map[session.On]classify.Kind{session.OnAbort: classify.Canceled, session.OnStop: classify.StoppedByUser}[what], a.Verdict.Kind)
		require.Equal(t, session.DoNothing, h.step(session.Happened{What: session.OnTimer}).Do, "nothing follows the end")
	}
	pressed := false
	h := newHost(t, session.Config{Policy: retry.Policy{MaxAttempts: 2}}, overloaded, overloaded, attempt{chunks: chat("A")})
	h.at = func(*host, int64) (session.Happened, bool) {
		if pressed {
			return session.Happened{}, false
		}
		pressed = true
		return session.Happened{What: session.OnRetryNow}, true
	}
	require.Equal(t, session.DoFinish, h.run().Do, "pressing Retry now restarts the count")
	require.Equal(t, []int64{0, 1000}, h.gaps())
}

func TestStaleEventsOfAnAbandonedAttemptAreIgnored(t *testing.T) {
	h := newHost(t, session.Config{Policy: retry.Policy{FirstByteTimeout: time.Second}}, attempt{then: "mute"}, attempt{chunks: chat("A")})
	h.at = func(h *host, _ int64) (session.Happened, bool) {
		before := h.s.Snapshot()
		for _, what := range []session.On{session.OnResponse, session.OnEnd, session.OnError, session.OnSuccess, session.OnFailed} {
			a := h.s.Step(&session.Happened{What: what, Attempt: 1, Now: h.now, Status: 401})
			require.Equal(t, session.DoNothing, a.Do)
		}
		n, news := h.s.Chunk(1, h.now, []byte("data: x\n\n"))
		require.Zero(t, n)
		require.Nil(t, news)
		require.Equal(t, before, h.s.Snapshot())
		return session.Happened{}, false
	}
	require.Equal(t, session.DoFinish, h.run().Do)
}

func TestOfflineExtendsTheWaitAndOnlineEndsIt(t *testing.T) {
	h := newHost(t, session.Config{Offline: true}, attempt{then: "refuse"}, attempt{chunks: chat("A")})
	h.at = func(h *host, until int64) (session.Happened, bool) {
		require.Equal(t, int64(epoch+60_000), until, "the flag alone is not trusted for longer than a minute")
		require.Equal(t, session.WaitingForConnection, h.s.Snapshot().WaitingFor)
		require.Zero(t, h.s.Snapshot().Failures, "no attempt is used up")
		h.now += 10_000
		return session.Happened{What: session.OnOnline}, true
	}
	require.Equal(t, session.DoFinish, h.run().Do)
	require.Equal(t, []int64{10_000}, h.gaps())
}

func TestAfterTheHostSleptAStreamGetsTimeBeforeItCountsAsSilent(t *testing.T) {
	h := newHost(t, session.Config{Policy: retry.Policy{SilenceTimeout: 5 * time.Second}}, attempt{})
	h.step(session.Happened{What: session.OnStart})
	h.step(session.Happened{What: session.OnResponse, Attempt: 1, Status: 200, Headers: map[string]string{"content-type": "text/event-stream"}})
	h.s.Chunk(1, h.now, []byte(chatRole()+chatToken("A")))
	h.now += 60 * 60 * 1000 // asleep for an hour
	a := h.step(session.Happened{What: session.OnTimer})
	require.Equal(t, session.DoNothing, a.Do)
	require.Equal(t, h.now+5000, a.TimerAt)
	n, _ := h.s.Chunk(1, h.now, []byte(chatToken("B")))
	require.NotZero(t, n, "what the socket kept in the meantime still counts")
}

func TestTheClockMayJumpBack(t *testing.T) {
	h := newHost(t, session.Config{}, overloaded, attempt{chunks: chat("A")})
	h.at = func(h *host, until int64) (session.Happened, bool) {
		if h.now == epoch {
			h.now -= 3_600_000
			return session.Happened{What: session.OnTimer}, true
		}
		return session.Happened{}, false
	}
	require.Equal(t, session.DoFinish, h.run().Do)
	require.Equal(t, int64(epoch-3_600_000+1000), h.now)
}

// crowd is a number of sessions of one group, on a clock that starts at epoch.
type crowd struct {
	t     *testing.T
	group *session.Group
	all   []*session.Session
}

const chatURL = "https://api.openai.com/v1/chat/completions"

func newCrowd(t *testing.T, policies ...retry.Policy) *crowd {
	c := &crowd{t: t, group: &session.Group{}}
	for i, policy := range policies {
		s, err := session.NewSession(&session.Config{
			ID: i, Policy: policy, Request: session.Request{Method: "POST", URL: chatURL, Body: `{"stream":true}`},
		}, c.group)
		require.NoError(t, err)
		c.all = append(c.all, s)
	}
	return c
}

func (c *crowd) step(i int, now int64, h session.Happened) *session.Answer {
	h.Now = epoch + now
	return c.all[i].Step(&h)
}

func (c *crowd) do(i int, now int64, what session.On) *session.Answer {
	return c.step(i, now, session.Happened{What: what})
}

// limited lets session i meet a limit; the server asks for a wait in seconds.
func (c *crowd) limited(i int, now int64, attempt int, wish string) *session.Answer {
	h := session.Happened{What: session.OnResponse, Attempt: attempt, Status: 429}
	if wish != "" {
		h.Headers = map[string]string{"retry-after": wish}
	}
	c.step(i, now, h)
	return c.step(i, now, session.Happened{What: session.OnEnd, Attempt: attempt})
}

func (c *crowd) passes(i int, now int64, attempt int) *session.Answer {
	return c.step(i, now, session.Happened{What: session.OnResponse, Attempt: attempt, Status: 200, Headers: map[string]string{"content-type": "text/event-stream"}})
}

func TestAfterALimitOneGoesFirstAndOnlyThoseWhoseTurnItIsAreWoken(t *testing.T) {
	c := newCrowd(t, make([]retry.Policy, 7)...)
	require.Equal(t, session.DoOpen, c.do(0, 0, session.OnStart).Do)
	a := c.limited(0, 0, 1, "3")
	require.Equal(t, session.DoWait, a.Do)
	require.Equal(t, &session.Shared{Bucket: "fd2cecf46c6ec4a4", Until: epoch + 3000}, a.Share)
	require.Empty(t, a.Wake)
	for i := 1; i < 7; i++ {
		a = c.do(i, 1000, session.OnStart)
		require.Equal(t, session.DoWait, a.Do, "a request that comes in the meantime waits too")
		require.Equal(t, 0, a.Retry.Attempt, "there is an event, but no failure")
		require.Equal(t, classify.RateLimit, a.Retry.Kind)
		require.Equal(t, int64(epoch+3000), a.Retry.RetryingAt.UnixMilli())
		require.Equal(t, i-1, a.Retry.Before)
		require.Equal(t, session.WaitingForCooldown, c.all[i].Snapshot().WaitingFor)
		require.Equal(t, i == 1, a.TimerAt == epoch+3000, "one of them has a timer for the end of the cool-down")
	}
	a = c.do(1, 3000, session.OnTimer)
	require.Equal(t, session.DoOpen, a.Do)
	require.True(t, a.Probe)
	require.Empty(t, a.Wake, "one goes first")
	require.Equal(t, 1, c.all[3].Snapshot().Retry.Before)
	require.Equal(t, session.DoWait, c.do(0, 3000, session.OnTimer).Do, "it comes again, after those who wait")
	require.Equal(t, 5, c.all[0].Snapshot().Retry.Before)
	a = c.passes(1, 3100, 1)
	require.Equal(t, &session.Shared{Bucket: "fd2cecf46c6ec4a4"}, a.Share)
	require.Equal(t, []int{2, 3}, a.Wake)
	for _, i := range a.Wake {
		a = c.do(i, 3100, session.OnTimer)
		require.Equal(t, session.DoOpen, a.Do)
		require.False(t, a.Probe)
	}
	require.Equal(t, []int{4, 5}, c.passes(2, 3200, 1).Wake)
	require.Equal(t, []int{6, 0}, c.passes(3, 3200, 1).Wake)
}

func TestARequestThatWaitsInLineKeepsItsOwnLimits(t *testing.T) {
	c := newCrowd(t, retry.Policy{}, retry.Policy{MaxElapsed: 2 * time.Second}, retry.Policy{MaxRetryAfter: -1}, retry.Policy{}, retry.Policy{MaxRetryAfter: -1, MaxElapsed: time.Hour})
	c.do(0, 0, session.OnStart)
	c.limited(0, 0, 1, "8")
	a := c.do(1, 0, session.OnStart)
	require.Equal(t, session.DoFail, a.Do, "the wait cannot fit")
	require.Equal(t, classify.MaxElapsedExceeded, a.Verdict.Kind)
	for i := 2; i < 5; i++ {
		require.Equal(t, session.DoWait, c.do(i, 0, session.OnStart).Do)
	}
	require.Equal(t, session.DoOpen, c.do(2, 8000, session.OnTimer).Do)
	a = c.limited(2, 8100, 1, "86400")
	require.Equal(t, session.DoWait, a.Do, "a policy that allows a day waits")
	require.ElementsMatch(t, []int{3, 4}, a.Wake)
	for i, kind := range map[int]classify.Kind{3: classify.RetryAfterTooLong, 4: classify.MaxElapsedExceeded} {
		a = c.do(i, 8100, session.OnTimer)
		require.Equal(t, session.DoFail, a.Do, "a policy that does not allow it fails")
		require.Equal(t, kind, a.Verdict.Kind)
		require.Equal(t, int64(86_400_000), *a.Verdict.RetryAfterMs)
	}
}

func TestTimeSpentInTheLineCountsForMaxElapsed(t *testing.T) {
	c := newCrowd(t, retry.Policy{}, retry.Policy{}, retry.Policy{MaxElapsed: 5 * time.Second})
	c.do(0, 0, session.OnStart)
	c.limited(0, 0, 1, "1")
	c.do(1, 0, session.OnStart)
	require.Equal(t, int64(epoch+5000), c.do(2, 0, session.OnStart).TimerAt)
	require.Equal(t, session.DoOpen, c.do(1, 1000, session.OnTimer).Do)
	a := c.do(2, 5000, session.OnTimer) // the first one has no headers yet
	require.Equal(t, classify.MaxElapsedExceeded, a.Verdict.Kind)
}

func TestARequestThatWaitsInLineCanBeAbortedAndStopped(t *testing.T) {
	for what, kind := range map[session.On]classify.Kind{session.OnAbort: classify.Canceled, session.OnStop: classify.StoppedByUser} {
		c := newCrowd(t, make([]retry.Policy, 3)...)
		c.do(0, 0, session.OnStart)
		c.limited(0, 0, 1, "1")
		c.do(1, 0, session.OnStart)
		c.do(2, 0, session.OnStart)
		a := c.do(1, 500, what)
		require.Equal(t, kind, a.Verdict.Kind)
		require.Equal(t, []int{2}, a.Wake, "another one must set a timer")
		require.Equal(t, int64(epoch+1000), c.do(2, 500, session.OnTimer).TimerAt)
	}
}

func TestRetryNowEndsTheCooldownNotTheWindow(t *testing.T) {
	c := newCrowd(t, make([]retry.Policy, 4)...)
	c.do(0, 0, session.OnStart)
	c.limited(0, 0, 1, "60")
	for i := 1; i < 4; i++ {
		c.do(i, 0, session.OnStart)
	}
	a := c.do(3, 1000, session.OnRetryNow)
	require.Equal(t, []int{1}, a.Wake, "first come, first served")
	require.Equal(t, session.DoOpen, c.do(1, 1000, session.OnTimer).Do)
	require.Equal(t, session.DoNothing, c.do(2, 1000, session.OnRetryNow).Do)
	require.Equal(t, []int{2, 3}, c.passes(1, 1100, 1).Wake)
}

func TestARequestWithoutHeadersKeepsItsTurnForHalfAMinute(t *testing.T) {
	c := newCrowd(t, make([]retry.Policy, 3)...)
	c.do(0, 0, session.OnStart)
	c.limited(0, 0, 1, "1")
	c.do(1, 0, session.OnStart)
	c.do(2, 0, session.OnStart)
	require.Equal(t, session.DoOpen, c.do(1, 1000, session.OnTimer).Do)
	require.Equal(t, int64(epoch+31_000), c.do(1, 16_000, session.OnTimer).TimerAt)
	require.Equal(t, []int{2}, c.do(1, 31_000, session.OnTimer).Wake)
}

func TestALimitInTheMiddleOfAStreamCountsToo(t *testing.T) {
	c := newCrowd(t, make([]retry.Policy, 2)...)
	c.do(0, 0, session.OnStart)
	c.passes(0, 0, 1)
	_, a := c.all[0].Chunk(1, epoch, []byte("data: {\"error\":{\"type\":\"rate_limit_exceeded\",\"message\":\"Rate limit reached. Please try again in 7s.\"}}\n\n"))
	require.Equal(t, session.DoWait, a.Do)
	require.Equal(t, int64(epoch+7000), a.Share.Until)
	require.Equal(t, session.DoWait, c.do(1, 100, session.OnStart).Do)
}

func TestAnotherTabGoesFirst(t *testing.T) {
	c := newCrowd(t, make([]retry.Policy, 3)...)
	c.do(0, 0, session.OnStart)
	c.limited(0, 0, 1, "1")
	c.do(1, 0, session.OnStart)
	c.do(2, 0, session.OnStart)
	require.True(t, c.do(1, 1000, session.OnTimer).Probe)
	a := c.step(1, 1000, session.Happened{What: session.OnProbeLost, Attempt: 1})
	require.Equal(t, session.DoWait, a.Do)
	require.Equal(t, int64(epoch+6000), a.TimerAt, "in case that tab is gone")
	through := session.Shared{Bucket: "fd2cecf46c6ec4a4"}
	c.group.Hear(&through)
	require.Equal(t, []int{1}, through.Wake)
	require.Equal(t, session.DoOpen, c.do(1, 1100, session.OnTimer).Do)

	c = newCrowd(t, make([]retry.Policy, 2)...)
	c.do(0, 0, session.OnStart)
	c.limited(0, 0, 1, "1")
	c.do(1, 0, session.OnStart)
	c.do(1, 1000, session.OnTimer)
	c.group.Hear(&through)
	a = c.step(1, 1000, session.Happened{What: session.OnProbeLost, Attempt: 1})
	require.Equal(t, session.DoOpen, a.Do, "that tab was let through before the lock was refused")
}

func TestBucketsWithSessionsOrACooldownAreKept(t *testing.T) {
	group := &session.Group{}
	open := func(url string) *session.Session {
		s, err := session.NewSession(&session.Config{Request: session.Request{Method: "POST", URL: url, Body: `{"stream":true}`}}, group)
		require.NoError(t, err)
		s.Step(&session.Happened{What: session.OnStart, Now: epoch})
		return s
	}
	limited := open(chatURL)
	limited.Step(&session.Happened{What: session.OnResponse, Now: epoch, Attempt: 1, Status: 429, Headers: map[string]string{"retry-after": "60"}})
	limited.Step(&session.Happened{What: session.OnEnd, Now: epoch, Attempt: 1})
	limited.Step(&session.Happened{What: session.OnAbort, Now: epoch}) // the cool-down is all that is left
	for i := range 20_000 {
		open(fmt.Sprintf("https://%d.example/v1/chat/completions", i)).Step(&session.Happened{What: session.OnAbort, Now: epoch})
	}
	require.Equal(t, session.StateWaiting, open(chatURL).Snapshot().State)
}

func TestAnAttemptThatIsNotAFetchEndsItsTurnToo(t *testing.T) {
	c := newCrowd(t, retry.Policy{}, retry.Policy{}, retry.Policy{})
	c.do(0, 0, session.OnStart)
	c.step(0, 0, session.Happened{What: session.OnFailed, Attempt: 1, Failure: &classify.Failure{Status: 429, Headers: map[string]string{"retry-after": "1"}}})
	c.do(1, 0, session.OnStart)
	c.do(2, 0, session.OnStart)
	require.Equal(t, session.DoOpen, c.do(1, 1000, session.OnTimer).Do)
	require.Equal(t, []int{2}, c.step(1, 1100, session.Happened{What: session.OnSuccess, Attempt: 1}).Wake)
}

func TestAnOpaqueBrowserFailureIsNotRetriedForever(t *testing.T) {
	refused := attempt{then: "refuse"}
	h := newHost(t, session.Config{OpaqueErrors: true}, refused, refused, refused, refused, refused)
	a := h.run()
	require.Equal(t, classify.NetworkOrCORS, a.Verdict.Kind)
	require.Equal(t, session.DoFail, a.Do)
	require.Len(t, h.opened, 5)
	h = newHost(t, session.Config{OpaqueErrors: true}, overloaded, refused, refused, refused, refused, refused, refused, attempt{chunks: chat("A")})
	require.Equal(t, session.DoFinish, h.run().Do, "an origin that answered once has no CORS problem")
}

func TestTheBudgetStopsRetriesBelowHalf(t *testing.T) {
	group := &session.Group{}
	cfg := session.Config{Policy: retry.Policy{BudgetTokens: 4, NoCooldown: true}, Request: session.Request{URL: "https://a.example/v1/chat/completions", Body: `{"stream":true}`}}
	s, _ := session.NewSession(&cfg, group)
	h := &host{t: t, s: s, now: epoch, attempts: []attempt{overloaded, overloaded}}
	a := h.run()
	require.Equal(t, classify.AttemptsExhausted, a.Verdict.Kind)
	require.Len(t, h.opened, 2)
}

func TestAStateCanBeStoredAndRestored(t *testing.T) {
	h := newHost(t, session.Config{}, overloaded)
	var stored *session.Snapshot
	h.at = func(h *host, _ int64) (session.Happened, bool) {
		stored = h.s.Snapshot()
		return session.Happened{What: session.OnStop}, true
	}
	h.run()
	require.Equal(t, session.StateWaiting, stored.State)
	next := newHost(t, session.Config{Restore: stored}, overloaded, attempt{chunks: chat("A")})
	require.Equal(t, session.DoFinish, next.run().Do)
	require.Equal(t, []int64{epoch + 1000, epoch + 3000}, next.opened)
	require.Equal(t, 2, next.retries[1].Attempt)
}

func TestAnSDKThatRetriesByItselfCausesAWarning(t *testing.T) {
	h := newHost(t, session.Config{Request: session.Request{URL: "https://api.openai.com/v1/chat/completions", Headers: map[string]string{"X-Stainless-Retry-Count": "1"}, Body: `{"stream":true}`}}, attempt{chunks: chat("A")})
	h.run()
	require.Equal(t, "sdk_retries_stacked", h.warning)
}

func TestJitterStaysWithinItsBoundsAndNeverShortensTheServersWait(t *testing.T) {
	for seed := range int64(200) {
		for jitter, least := range map[retry.Jitter]int64{retry.JitterFull: 0, retry.JitterEqual: 500} {
			h := newHost(t, session.Config{Seed: seed, Policy: retry.Policy{Jitter: jitter}}, overloaded, attempt{chunks: chat("A")})
			h.run()
			require.GreaterOrEqual(t, h.gaps()[0], least)
			require.LessOrEqual(t, h.gaps()[0], int64(1000))
			h = newHost(t, session.Config{Seed: seed, Policy: retry.Policy{Jitter: jitter}}, attempt{status: 429, headers: map[string]string{"retry-after": "10"}}, attempt{chunks: chat("A")})
			h.run()
			require.GreaterOrEqual(t, h.gaps()[0], int64(10_000))
			require.LessOrEqual(t, h.gaps()[0], int64(11_000))
		}
	}
}

func TestHalfAnEventAfterACompleteAnswerIsNotDelivered(t *testing.T) {
	whole := events(
		`{"type":"message_start","message":{"id":"m"}}`, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}`,
		`{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`,
	)
	for half, stays := range map[string]bool{
		"event: message_stop\ndata: {\"type\"": false, "event: message_stop\ndata:": false, "event: message_stop\ndata: ": false,
		"event: mess": true, ": a comment": true, // no parser takes these for an event
	} {
		h := newHost(t, session.Config{CanReset: true, Request: atMessages}, attempt{chunks: append(whole[:len(whole):len(whole)], half)})
		require.Equal(t, session.DoFinish, h.run().Do)
		want := strings.Join(whole, "")
		if stays {
			want += half
		}
		require.Equal(t, want, h.got.String())
	}
}

func TestAnAnswerAsADocumentReplacesABrokenStream(t *testing.T) {
	document := `{"id":"c1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"All of it"},"finish_reason":"stop"}]}`
	h := newHost(t, session.Config{CanReset: true},
		attempt{chunks: chat("A", "B")[:2], then: "reset"},
		attempt{headers: map[string]string{"content-type": "application/json"}, chunks: []string{document[:30], document[30:]}})
	require.Equal(t, session.DoFinish, h.run().Do)
	require.True(t, h.lent.Reset)
	require.Equal(t, document[:30], h.got.String(), "what was held is delivered; the caller reads the rest")
	require.Len(t, h.opened, 2)
}
