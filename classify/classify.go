package classify

import "github.com/steadfetch/steadfetch/internal/ascii"

// RuleLongWait is the rule of a verdict that is not retryable only because the server
// asked for a wait of more than ten minutes.
const RuleLongWait = "long_wait"

// longWaitMs is the longest wait that a server can ask for if the failure is to stay
// retryable: ten minutes.
const longWaitMs = 10 * 60 * 1000

// Classify judges a failure. It never panics. It takes time linear in the size of the
// failure, and reads at most 32 KiB of its text.
func Classify(f Failure) (v Verdict) {
	f.ClassifyTo(&v)
	return v
}

// ClassifyTo is Classify without copying f or the verdict. It writes to v, which must
// be zero. v can share f's texts.
func (f *Failure) ClassifyTo(v *Verdict) {
	t := borrow()
	t.judge(f, v, nil)
	giveBack(t)
}

// judge judges f. For Explain, it calls each, if not nil, for every rule that it tries.
func (t *scan) judge(f *Failure, v *Verdict, each func(r *rule, decided bool)) {
	if f.Verdict != nil {
		*v = *f.Verdict
		v.applyShouldRetry(f)
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

// decide finds the rule that applies to texts and structure, then the wait and detail.
func (t *scan) decide(f *Failure, v *Verdict, each func(r *rule, decided bool)) {
	v.Status = t.status
	t.structure(f)
	t.findProviderCode(v.Provider)
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
	t.applyRetryable(f, v)

	// The header says that the request itself is not what is wrong.
	forced := ascii.EqualFold(f.Headers.Get(shouldRetry), "true")
	if forced && (v.Kind == InvalidRequest || v.Kind == Unknown) {
		v.Kind = Server
	}

	// A wait makes no sense for a permanent failure, whatever the headers say, unless
	// that is a limit, which ends at some time.
	if asked := headerHint(f); asked >= 0 {
		wait = asked
	}
	if wait >= 0 && (v.Retryable || forced || v.Kind == Quota || v.Kind == Server || v.Kind == Unknown) {
		v.RetryAfterMs = &[]int64{wait}[0]
		if v.Retryable && wait > longWaitMs {
			v.Retryable, v.Rule = false, RuleLongWait
		}
	}
	v.applyShouldRetry(f)
	if v.Kind == Auth {
		v.Detail = missingScope(f)
	} else {
		v.Detail = detail(f)
	}
}

// shouldRetry is the header with which a server, or the caller's option shouldRetry,
// overrides the verdict.
const shouldRetry = "x-should-retry"

// applyShouldRetry does what the header x-should-retry says, if it is there.
func (v *Verdict) applyShouldRetry(f *Failure) {
	says := f.Headers.Get(shouldRetry)
	yes := ascii.EqualFold(says, "true")
	if yes || ascii.EqualFold(says, "false") {
		v.Retryable, v.Rule = yes, "x_should_retry"
	}
}

// applyRetryable does what the error itself says about being retryable. That does not
// count against a failure known to be permanent, nor with a good status, where it is
// only what a client concluded from the status.
func (t *scan) applyRetryable(f *Failure, v *Verdict) {
	says := ""
	for e := f.Error; e != nil && says == ""; e = e.Cause {
		says = e.Retryable
	}
	yes := says == "true" && (v.Kind == Unknown || v.Kind == InvalidRequest)
	if (yes || says == "false") && f.Status/100 != 2 && yes != v.Retryable {
		v.Retryable, v.Rule = yes, "error_says"
	}
}

// findProviderCode looks for the provider's own codes. If it finds one, only what that
// means counts, and no text beside it.
func (t *scan) findProviderCode(id string) {
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

// speakingHeaders are the headers whose text describes the failure: AWS, Azure, gRPC,
// Cloudflare, Vercel.
const speakingHeaders = "x-amzn-errortype x-ms-error-code grpc-message cf-mitigated x-vercel-error"

// read adds all texts of a failure to the scan.
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
	for rest := speakingHeaders; rest != ""; {
		var h string
		h, rest = ascii.CutByte(rest, ' ')
		t.add(h, f.Headers.Get(h))
	}
	t.add("body", f.Body)
	t.look()
}
