package classify

// Trail tells how a verdict came about.
type Trail struct {
	Verdict Verdict `json:"verdict"`
	// Status is the HTTP status that was taken as the true one, from the
	// response or from a text, 0 if there is none.
	Status int `json:"status,omitempty"`
	// Steps are the rules in the order in which they were tried; the last one
	// decided. There are none if the caller's cancel or a clock decided.
	Steps []Step `json:"steps,omitempty"`
}

// Step is one rule that was tried.
type Step struct {
	Rule string `json:"rule"`
	// Phrase is what spoke for the rule, as the rule table has it, Where the
	// place in the failure ("body", "event.data", "error.message",
	// "cause.code", a header's name) and Text what stands there, in the plain
	// form that rules look at: not fit to be shown to everyone, since it is
	// not redacted. They are empty if a status or the structure spoke for it,
	// or nothing did.
	Phrase string `json:"phrase,omitempty"`
	Where  string `json:"where,omitempty"`
	Text   string `json:"text,omitempty"`
	// Decided says that the rule decided. A rule that something spoke for can
	// have been ruled out by something else.
	Decided bool `json:"decided,omitempty"`
}

// Explain is Classify and the way to its verdict.
func Explain(f Failure) Trail {
	t := scans.Get().(*scan)
	var trail Trail
	trail.Verdict = t.judge(&f, func(r *rule, decided bool) {
		step := Step{Rule: r.name, Decided: decided}
		for _, set := range [...]facts{r.any, r.all} {
			fact := t.has(set)
			if fact == 0 || fact >= 1<<lexical || step.Phrase != "" {
				continue
			}
			at, phrase := t.find(lexicon[fact.index()])
			p := t.parts[t.partAt(at)]
			step.Phrase, step.Where = phrase, p.name
			step.Text = string(t.flat[max(p.start, at-20):min(t.n, at+60)])
		}
		trail.Steps = append(trail.Steps, step)
	})
	if trail.Steps != nil {
		trail.Status = t.status
	}
	scans.Put(t)
	return trail
}
