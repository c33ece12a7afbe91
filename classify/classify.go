package classify

import (
	"strings"
	"sync"
)

// RuleLongWait is the rule of a verdict that would be retryable if the server
// had not asked for a wait of more than LongWaitMs.
const RuleLongWait = "long_wait"

// LongWaitMs is the longest asked-for wait, ten minutes, with which a failure
// is still retryable.
const LongWaitMs = 10 * 60 * 1000

// Classify judges a failure. It never panics, takes time linear in the size of
// the failure and looks at the first 16 KiB of its text only.
func Classify(f Failure) Verdict {
	t := scans.Get().(*scan)
	v := t.judge(&f, nil)
	scans.Put(t)
	return v
}

var scans = sync.Pool{New: func() any { return new(scan) }}

// StatusCodeRetryable says whether an HTTP status alone, with nothing known of
// the body, is worth another try: 408, 425, 429, 499, 500, 502, 503, 504,
// 520 to 524, 529, 530 and 598. A 409 is judged by its text, so not here.
func StatusCodeRetryable(code int) bool {
	switch code {
	case 408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530, 598:
		return true
	}
	return false
}

// judge is Classify, and Explain if each is not nil: it is called for every
// rule that is tried.
func (t *scan) judge(f *Failure, each func(r *rule, decided bool)) Verdict {
	v := Verdict{Provider: providerOf(f), Status: f.Status}
	switch {
	case f.Canceled:
		v.Kind, v.Rule = Canceled, "canceled_by_caller"
		setText(&v)
		return v
	case f.Timer == TimerFirstByte:
		v.Kind, v.Rule, v.Retryable = Timeout, f.Timer, true
		setText(&v)
		return v
	case f.Timer != "":
		v.Kind, v.Rule, v.Retryable = Silence, f.Timer, true
		setText(&v)
		return v
	}

	t.read(f)
	v.Status = t.status
	t.found |= structure(f, t.status)
	if t.hint >= 0 && t.hint <= LongWaitMs {
		t.found |= shortWait
	}
	t.tested |= ^(facts(1)<<lexical - 1)
	for i := range rules {
		r := &rules[i]
		ok := (r.any == 0 || t.has(r.any) != 0) && t.hasAll(r.all) && t.has(r.none) == 0
		if each != nil {
			each(r, ok)
		}
		if ok {
			v.Kind, v.Rule, v.Retryable = r.kind, r.name, r.retry
			break
		}
	}
	v.ChainBroken = v.Rule == "response_chain_lost"
	if v.Kind == Unknown {
		v.Retryable = f.UnknownRetryable
	}

	// A server that speaks of permanent trouble does not ask for a wait,
	// whatever its headers say; one whose limit lasts does.
	wait := int64(-1)
	if v.Retryable || v.Kind == Quota || v.Kind == Unknown || v.Kind == Server {
		if wait = headerHint(f); wait < 0 {
			wait = t.hint
		}
	}
	if v.Retryable && wait > LongWaitMs {
		v.Retryable, v.Rule = false, RuleLongWait
	}
	switch should := header(f.Headers, "x-should-retry"); {
	case fold(should, "true"):
		v.Retryable = true
		if v.Kind == InvalidRequest || v.Kind == Unknown {
			v.Kind = Server // the request is not what is wrong
		}
		v.Rule = "x_should_retry"
		if wait < 0 {
			wait = headerHint(f)
		}
	case fold(should, "false"):
		v.Retryable, v.Rule = false, "x_should_retry"
	}
	if wait >= 0 {
		asked := wait
		v.RetryAfterMs = &asked
	}
	setText(&v)
	if v.Kind != Auth {
		v.Detail = detail(f)
	}
	return v
}

func (t *scan) hasAll(set facts) bool {
	for set != 0 {
		fact := set & -set
		if set &^= fact; t.has(fact) == 0 {
			return false
		}
	}
	return true
}

// told names the headers whose text tells of the failure: AWS, Azure, gRPC,
// Cloudflare, Vercel.
const told = "x-amzn-errortype x-ms-error-code grpc-message cf-mitigated x-vercel-error"

// read takes in all texts of a failure.
func (t *scan) read(f *Failure) {
	t.reset()
	t.status = f.Status
	if f.Event != nil {
		t.add("event", f.Event.Event, 100)
		t.add("event.data", f.Event.Data, 8<<10)
	}
	name := "error"
	for e, depth := f.Error, 0; e != nil && depth < 5; e, depth = e.Cause, depth+1 {
		t.add(name+".name", e.Name, 100)
		t.add(name+".code", e.Code, 100)
		t.add(name+".message", e.Message, 4<<10)
		name = "cause"
	}
	for rest := told; rest != "" && len(f.Headers) > 0; {
		var h string
		h, rest, _ = strings.Cut(rest, " ")
		t.add(h, header(f.Headers, h), 500)
	}
	t.add("body", f.Body, flatCap)
	t.index()
	t.hint = t.textHint()
}

// structure gives the facts that need no words.
func structure(f *Failure, status int) (set facts) {
	if f.Event != nil {
		set |= inEvent
	} else if f.Body == "" && (f.Status < 300) {
		set |= fromClient
	}
	if strings.HasPrefix(strings.TrimLeft(f.Body, " \t\r\n\ufeff"), "<") {
		set |= page
	}
	switch s := status; {
	case s == 401 || s == 407 || s == 561: // 561: an AWS load balancer's own
		set |= is401
	case s == 402:
		set |= is402
	case s == 403:
		set |= is403
	case s == 404:
		set |= is404
	case s == 408 || s == 504 || s == 524 || s == 598:
		set |= is408
	case s == 409 || s == 423:
		set |= is409
	case s == 413 || s == 431:
		set |= is413
	case s == 424 || s == 425 || s == 499:
		// Failed dependency is how Bedrock says that the model failed; 499 is
		// a proxy's word for a request that it gave up.
		set |= is424
	case s == 429:
		set |= is429
	case s == 501 || s == 505 || s == 511:
		set |= is501
	case s >= 521 && s <= 523:
		set |= is52x
	case s == 526:
		set |= is526
	case s == 529 || s == 498: // 498: Groq's flex tier is full
		set |= is529
	case s >= 500 && s < 600:
		set |= is5xx
	case s >= 300:
		set |= is4xx
	}
	return set
}

// header gives a header's value, by its name in lower case. Of names that
// differ in case only, the first in order counts.
func header(headers map[string]string, name string) (value string) {
	best := ""
	for k, v := range headers {
		if fold(k, name) && (best == "" || k < best) {
			best, value = k, v
		}
	}
	return value
}
