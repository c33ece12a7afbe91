package transport

import (
	"strconv"
	"time"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry/session"
)

// AttemptEvent describes an attempt that has ended, with OpenTelemetry's names for
// its facts. It has all that a client span needs, made afterwards.
type AttemptEvent struct {
	// Attempt counts from 1.
	Attempt int
	// Start is when the request was opened, End when its outcome was known: for a
	// stream, when it ended.
	Start, End time.Time
	// Outcome is "retry" if another attempt follows, unless a cancel ends the wait;
	// "finish" if the caller has an answer or, from RoundTrip, the provider's own
	// response, whatever its status; "fail" if the request ended in an error. In
	// Stream every failure is an error. The attribute error.type is set for each
	// failure.
	Outcome string
	// Delay is the wait before the next attempt, 0 if there is none.
	Delay time.Duration
	// Attributes are values of type int or string; what is not known is left out.
	// Their names are those of the semantic conventions for HTTP and generative
	// AI: http.request.method, server.address, server.port,
	// http.request.resend_count, http.response.status_code, error.type (the
	// failure's kind) and gen_ai.provider.name.
	Attributes map[string]any
}

// reportAttempt calls OnAttempt if the current attempt ends with a.
func (r *round) reportAttempt(a *session.Answer) {
	if r.t.OnAttempt == nil || r.attempt == nil || a.Do == session.DoNothing || a.Do == session.DoRead {
		return
	}
	e := AttemptEvent{Attempt: r.attempt.number, Start: r.attempt.began, End: time.Now(), Outcome: "retry", Attributes: r.attributes()}
	kind := classify.Kind("")
	switch {
	case a.Retry != nil:
		kind = a.Retry.Kind
		e.Delay = time.Duration(a.Retry.DelayMs) * time.Millisecond
	case a.Last != nil:
		kind = a.Last.Kind
	case a.Verdict != nil:
		kind = a.Verdict.Kind
	}
	switch a.Do {
	case session.DoPass, session.DoLend, session.DoFinish:
		e.Outcome = "finish"
		if r.resets && a.Verdict != nil {
			e.Outcome = "fail"
		}
	case session.DoFail, session.DoRethrow:
		e.Outcome = "fail"
	}
	if kind != "" {
		e.Attributes["error.type"] = string(kind)
	}
	r.t.OnAttempt(r.req.Context(), e)
}

// attributes returns what is known of the current attempt, whatever its outcome.
func (r *round) attributes() map[string]any {
	req := r.req
	if r.attempt.req != nil {
		req = r.attempt.req // a resume may send it elsewhere
	}
	address := req.URL
	port, _ := strconv.Atoi(address.Port())
	if port == 0 && address.Scheme == "https" {
		port = 443
	} else if port == 0 {
		port = 80
	}
	all := map[string]any{
		"http.request.method": req.Method,
		"server.address":      address.Hostname(),
		"server.port":         port,
	}
	if req.Method == "" {
		all["http.request.method"] = "GET" // as in net/http
	}
	if again := r.attempt.number - 1; again > 0 {
		all["http.request.resend_count"] = again
	}
	if r.attempt.resp != nil {
		all["http.response.status_code"] = r.attempt.resp.StatusCode
	}
	if provider := classify.ProviderOf(address.String(), r.t.Provider); provider != "" {
		all["gen_ai.provider.name"] = provider
	}
	return all
}
