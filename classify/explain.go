package classify

// Trail is a verdict and how it came about.
type Trail struct {
	Verdict Verdict `json:"verdict"`
	// Steps are the rules in the order in which they were tried; the last one decided.
	// There are none if the caller's cancel, a timeout or an earlier verdict decided.
	Steps []Step `json:"steps,omitempty"`
}

// Step is one rule that was tried.
type Step struct {
	// Rule is the name of the rule.
	Rule string `json:"rule"`
	// Phrase is the phrase that supports the rule, as the table of phrases has it.
	// Where is its place in the failure ("body", "event", "event.data", "error",
	// "cause", the name of a header). Text is the text there, in the normalized form
	// that rules search; it is not redacted, so do not show it to everyone. They are
	// empty if a status or the structure supports the rule, or nothing does.
	Phrase string `json:"phrase,omitempty"`
	Where  string `json:"where,omitempty"`
	Text   string `json:"text,omitempty"`
	// Decided says that the rule decided. A rule that has support can be excluded by
	// another fact.
	Decided bool `json:"decided,omitempty"`
}

// Explain is Classify, but also returns the rules that were tried and what supports
// them. It is slower, so use it for diagnosis.
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
				continue // it is a provider's code, or in an earlier part of a long text
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
