package classify_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
)

// corpusCase is one line of testdata/corpus/*.jsonl.
type corpusCase struct {
	ID, Source, Provider string
	Phase                classify.Phase
	Status               int
	Headers              map[string]string
	Body                 string
	Error                *corpusError
	Event                *struct{ Event, Data string }
	Retryable            bool
	Kind                 string
	RetryAfterMs         *int64 `json:"retry_after_ms"`
	Ambiguous            bool
	Note                 string
}

type corpusError struct {
	Name, Message string
	Code          any
	Cause         *corpusError
}

func (e *corpusError) info() *classify.ErrorInfo {
	if e == nil {
		return nil
	}
	info := &classify.ErrorInfo{Name: e.Name, Message: e.Message, Cause: e.Cause.info()}
	if e.Code != nil {
		info.Code = fmt.Sprint(e.Code)
	}
	return info
}

// failure is what the classifier sees of a case: not the provider, since the text must
// be enough.
func (c corpusCase) failure() classify.Failure {
	f := classify.Failure{Phase: c.Phase, Status: c.Status, Headers: c.Headers, Body: c.Body, Error: c.Error.info()}
	if c.Event != nil {
		f.Event = &classify.Event{Event: c.Event.Event, Data: c.Event.Data}
	}
	return f
}

// kindFits also accepts the second choice of kind that a note allows.
func (c corpusCase) kindFits(k classify.Kind) bool {
	return string(k) == c.Kind || strings.Contains(c.Note, "kind "+string(k)+" also fair")
}

func loadCorpus(t testing.TB, names ...string) (cases []corpusCase) {
	for _, name := range names {
		file, err := os.Open("../testdata/corpus/" + name + ".jsonl")
		require.NoError(t, err)
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var c corpusCase
			require.NoError(t, json.Unmarshal(lines.Bytes(), &c), lines.Text())
			cases = append(cases, c)
		}
		require.NoError(t, lines.Err())
		require.NoError(t, file.Close())
	}
	return cases
}

// score counts right answers.
type score struct{ cases, decisions, kinds, waits int }

func percent(n, of int) float64 { return 100 * float64(n) / float64(of) }

func (s *score) add(c corpusCase, v classify.Verdict) (right bool) {
	s.cases++
	decision, kind := v.Retryable == c.Retryable, c.kindFits(v.Kind)
	wait := c.RetryAfterMs == nil && v.RetryAfterMs == nil ||
		c.RetryAfterMs != nil && v.RetryAfterMs != nil && *c.RetryAfterMs == *v.RetryAfterMs
	for _, hit := range []struct {
		ok bool
		n  *int
	}{{decision, &s.decisions}, {kind, &s.kinds}, {wait, &s.waits}} {
		if hit.ok {
			*hit.n++
		}
	}
	return decision && kind && wait
}

// peers are the rates of right decisions of other projects' rules, re-implemented, on
// the unambiguous cases of the public corpus, in percent.
var peers = []struct {
	name string
	rate float64
}{{"coder, chatretry of 2026", 79.1}, {"openai-node", 73.6}, {"Vercel AI SDK", 71.1}, {"mux", 61.7}}

// TestTheCorpusOfRealErrorsIsJudgedRight prints the rates with -v.
func TestTheCorpusOfRealErrorsIsJudgedRight(t *testing.T) {
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-28s %6s %10s %7s %7s   %s\n", "unambiguous cases of", "cases", "decisions", "kinds", "waits", "decisions of all cases")
	for _, corpus := range []struct {
		name                                    string
		decisions, kinds, waits, decisionsOfAll float64
	}{
		{"public", 99, 96, 100, 93},
		{"more", 97, 94, 98, 93},
		{"recent", 97, 94, 98, 93},
		{"apart", 98, 97, 100, 97},
		{"later", 99, 98, 100, 98},
		{"later-apart", 99, 98, 100, 96},
		{"unseen", 99, 98, 100, 98},
		{"unseen-apart", 99, 98, 100, 97},
	} {
		var clear, all score
		for _, c := range loadCorpus(t, corpus.name) {
			v := classify.Classify(c.failure())
			right := all.add(c, v)
			if !c.Ambiguous {
				clear.add(c, v)
			}
			if !right {
				t.Logf("%s: %s, retryable %t, wait %s; not %s, %t, %s (by %s, ambiguous: %t)",
					c.ID, v.Kind, v.Retryable, ms(v.RetryAfterMs), c.Kind, c.Retryable, ms(c.RetryAfterMs), v.Rule, c.Ambiguous)
			}
		}
		fmt.Fprintf(&table, "%-28s %6d %9.1f%% %6.1f%% %6.1f%%   %.1f%% of %d\n", corpus.name, clear.cases,
			percent(clear.decisions, clear.cases), percent(clear.kinds, clear.cases), percent(clear.waits, clear.cases),
			percent(all.decisions, all.cases), all.cases)
		require.GreaterOrEqual(t, percent(clear.decisions, clear.cases), corpus.decisions, "decisions of %s", corpus.name)
		require.GreaterOrEqual(t, percent(clear.kinds, clear.cases), corpus.kinds, "kinds of %s", corpus.name)
		require.GreaterOrEqual(t, percent(clear.waits, clear.cases), corpus.waits, "waits of %s", corpus.name)
		require.GreaterOrEqual(t, percent(all.decisions, all.cases), corpus.decisionsOfAll, "all decisions of %s", corpus.name)
	}
	fmt.Fprintf(&table, "\nothers on public, decisions:\n")
	for _, p := range peers {
		fmt.Fprintf(&table, "%-28s %6s %9.1f%%\n", p.name, "", p.rate)
	}
	t.Log(table.String())
}

func ms(wait *int64) string {
	if wait == nil {
		return "none"
	}
	return fmt.Sprintf("%d ms", *wait)
}
