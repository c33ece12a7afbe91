package classify

// Trail is how a verdict came about.
type Trail struct {
	Verdict Verdict `json:"verdict"`
	// Steps are the rules in the order in which they were tried; the last one
	// decided. There are none if the caller's cancel or a clock decided.
	Steps []Step `json:"steps,omitempty"`
}

// Step is one rule that was tried.
type Step struct {
	Rule string `json:"rule"`
	// Phrase is what spoke for the rule, as the rule table has it, Where the
	// place in the failure ("body", "event", "event.data", "error", "cause", a
	// header's name) and Text what stands there, in the plain
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
	t := borrow()
	var trail Trail
	t.judge(&f, &trail.Verdict, func(r *rule, decided bool) {
		step := Step{Rule: r.name, Decided: decided}
		for _, f := range [...]fact{r.any[0], r.any[1], r.any[2], r.any[3], r.and} {
			if f > lexical || step.Phrase != "" || t.found[f] == unfounded {
				continue
			}
			w := &phrases[f]
			at, phrase := t.find(w.full, w.claim)
			if at < 0 {
				at, phrase = t.find(w.loose, w.claim)
			}
			if at < 0 {
				continue // a provider's code, or further ahead in a long text
			}
			p := t.parts[t.partAt(at)]
			step.Phrase, step.Where = phrase, p.name
			step.Text = string(t.flat[max(p.start, at-20):min(t.n, at+60)])
		}
		trail.Steps = append(trail.Steps, step)
	})
	giveBack(t)
	return trail
}
