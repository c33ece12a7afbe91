package classify

import "github.com/steadfetch/steadfetch/internal/ascii"

// RuleLongWait is the rule of a verdict that would be retryable if the server
// had not asked for a wait of more than ten minutes.
const RuleLongWait = "long_wait"

// longWaitMs is the longest asked-for wait, ten minutes, with which a failure
// is still retryable.
const longWaitMs = 10 * 60 * 1000

// Classify judges a failure. It never panics, takes time linear in the size of
// the failure, and looks at no more than 32 KiB of its text, 8 KiB at a time.
func Classify(f Failure) (v Verdict) {
	f.ClassifyTo(&v)
	return v
}

// ClassifyTo is Classify without a copy of either: it writes to v, which must
// be zero, and keeps nothing of f but texts.
func (f *Failure) ClassifyTo(v *Verdict) {
	t := borrow()
	t.judge(f, v, nil)
	giveBack(t)
}

// judge is Classify, and Explain if each is not nil: it is called for every
// rule that is tried.
func (t *scan) judge(f *Failure, v *Verdict, each func(r *rule, decided bool)) {
	if f.Verdict != nil {
		*v = *f.Verdict
		v.heed(f)
		return
	}
	v.Provider = providerOf(f)
	v.Status = f.Status
	v.Retryable = true
	switch {
	case f.Canceled:
		v.Retryable, v.Kind, v.Rule = false, Canceled, "canceled_by_caller"
	case f.Timer != "":
		v.Kind, v.Rule = Silence, string(f.Timer)
		if f.Timer == TimerFirstByte {
			v.Kind = Timeout
		}
	default:
		t.read(f)
		t.decide(f, v, each)
	}
	v.Party = party(f, v)
	v.Describe()
	if v.Detail == v.Message || v.Detail == v.Title {
		v.Detail = ""
	}
}

func (t *scan) decide(f *Failure, v *Verdict, each func(r *rule, decided bool)) {
	v.Status = t.status
	t.structure(f)
	t.ownCode(v.Provider)
	wait := t.wait
	if wait >= 0 && wait <= longWaitMs && !t.cut {
		t.found[shortWait] = fully
	}
	for i := range rules {
		r := &rules[i]
		ok := t.holds(r)
		if each != nil {
			each(r, ok)
		}
		if ok {
			v.Kind, v.Rule, v.Retryable = r.kind, r.name, r.retry
			break
		}
	}
	v.ChainBroken = v.Rule == ruleChainLost
	v.Retryable = v.Retryable || v.Kind == Unknown && f.UnknownRetryable
	t.believe(f, v)

	// The header outranks the status, and says that the request is not what is wrong.
	forced := ascii.EqualFold(f.Headers.Get(shouldRetry), "true")
	if forced && (v.Kind == InvalidRequest || v.Kind == Unknown) {
		v.Kind = Server
	}

	// A server that reports a permanent failure does not ask for a wait,
	// whatever its headers say; one whose limit lasts does.
	if asked := headerHint(f); asked >= 0 {
		wait = asked
	}
	if wait >= 0 && (v.Retryable || forced || v.Kind == Quota || v.Kind == Server || v.Kind == Unknown) {
		v.RetryAfterMs = &[]int64{wait}[0]
		if v.Retryable && wait > longWaitMs {
			v.Retryable, v.Rule = false, RuleLongWait
		}
	}
	v.heed(f)
	if v.Kind == Auth {
		v.Detail = missing(f)
	} else {
		v.Detail = detail(f)
	}
}

// shouldRetry is the header by which a server, or a caller's own shouldRetry,
// has the last word.
const shouldRetry = "x-should-retry"

func (v *Verdict) heed(f *Failure) {
	says := f.Headers.Get(shouldRetry)
	yes := ascii.EqualFold(says, "true")
	if yes || ascii.EqualFold(says, "false") {
		v.Retryable, v.Rule = yes, "x_should_retry"
	}
}

// believe lets an error have its say on whether it is retryable. It is not
// believed against what is known to be permanent, nor in a good answer, where it
// says no more than what a client made of the status.
func (t *scan) believe(f *Failure, v *Verdict) {
	says := ""
	for e := f.Error; e != nil && says == ""; e = e.Cause {
		says = e.Retryable
	}
	yes := says == "true" && (v.Kind == Unknown || v.Kind == InvalidRequest)
	if (yes || says == "false") && f.Status/100 != 2 && yes != v.Retryable {
		v.Retryable, v.Rule = yes, "error_says"
	}
}

// ownCode looks for the codes of a provider's own. One that is found says what
// there is to say, and no text counts beside it.
func (t *scan) ownCode(id string) {
	p := providerNamed(id)
	if p == nil {
		return
	}
	for i := range p.codes {
		c := &p.codes[i]
		if t.search(c.phrases, false) {
			for f := none + 1; f <= lexical; f++ {
				t.tested[f], t.found[f] = true, unfounded
			}
			for f := statusNoCredentials; f <= statusOverloaded; f++ {
				t.found[f] = unfounded
			}
			t.found[c.means] = fully
			return
		}
	}
}

// told names the headers whose text tells of the failure: AWS, Azure, gRPC,
// Cloudflare, Vercel.
const told = "x-amzn-errortype x-ms-error-code grpc-message cf-mitigated x-vercel-error"

// read takes in all texts of a failure.
func (t *scan) read(f *Failure) {
	t.reset()
	t.status, t.outer = f.Status, f.Status
	t.foreign = f.Foreign && f.Status == 0 && f.Body == "" && f.Event == nil
	if f.Event != nil {
		t.add("event", f.Event.Event)
		t.add("event.data", f.Event.Data)
	}
	name := "error"
	for e, depth := f.Error, 0; e != nil && depth < 5; e, depth = e.Cause, depth+1 {
		t.add(name, e.Name)
		t.add(name, e.Code)
		t.add(name, e.Message)
		name = "cause"
	}
	for rest := told; rest != ""; {
		var h string
		h, rest = ascii.CutByte(rest, ' ')
		t.add(h, f.Headers.Get(h))
	}
	t.add("body", f.Body)
	t.look()
}
