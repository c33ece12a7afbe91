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
	ID, Source, Provider, Phase string
	Status                      int
	Headers                     map[string]string
	Body                        string
	Error                       *corpusError
	Event                       *struct{ Event, Data string }
	Retryable                   bool
	Kind                        string
	RetryAfterMs                *int64 `json:"retry_after_ms"`
	Ambiguous                   bool
	Note                        string
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

// failure is what a classifier may see of a case.
func (c corpusCase) failure() classify.Failure {
	f := classify.Failure{Phase: c.Phase, Status: c.Status, Headers: c.Headers, Body: c.Body, Error: c.Error.info()}
	if c.Event != nil {
		f.Event = &classify.Event{Event: c.Event.Event, Data: c.Event.Data}
	}
	return f
}

func (c corpusCase) kindFits(k classify.Kind) bool {
	return string(k) == c.Kind || strings.Contains(c.Note, "kind "+string(k)+" also fair")
}

func (c corpusCase) waitFits(v classify.Verdict) bool {
	if c.RetryAfterMs == nil || v.RetryAfterMs == nil {
		return c.RetryAfterMs == nil && v.RetryAfterMs == nil
	}
	return *c.RetryAfterMs == *v.RetryAfterMs
}

func loadCorpus(t testing.TB, name string) (cases []corpusCase) {
	file, err := os.Open("../testdata/corpus/" + name + ".jsonl")
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c corpusCase
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c), lines.Text())
		cases = append(cases, c)
	}
	require.NoError(t, lines.Err())
	return cases
}

func TestDebugCorpus(t *testing.T) {
	for _, name := range strings.Fields(os.Getenv("CORPUS")) {
		var n, dec, kinds, waits, an, adec int
		for _, c := range loadCorpus(t, name) {
			v := classify.Classify(c.failure())
			ok := v.Retryable == c.Retryable
			an++
			if ok {
				adec++
			}
			if !c.Ambiguous {
				n++
				if ok {
					dec++
				}
				if c.kindFits(v.Kind) {
					kinds++
				}
				if c.waitFits(v) {
					waits++
				}
			}
			if !ok || !c.kindFits(v.Kind) || !c.waitFits(v) {
				tag := ""
				if !ok {
					tag = "DECISION "
				}
				if c.Ambiguous {
					tag += "amb "
				}
				w := "nil"
				if v.RetryAfterMs != nil {
					w = fmt.Sprint(*v.RetryAfterMs)
				}
				lw := "nil"
				if c.RetryAfterMs != nil {
					lw = fmt.Sprint(*c.RetryAfterMs)
				}
				t.Logf("%s%s: want %v %s %s, got %v %s %s by %s", tag, c.ID, c.Retryable, c.Kind, lw, v.Retryable, v.Kind, w, v.Rule)
				for _, s := range classify.Explain(c.failure()).Steps {
					if s.Phrase != "" {
						t.Logf("      %s: %q in %s: %q %v", s.Rule, s.Phrase, s.Where, s.Text, s.Decided)
					}
				}
			}
		}
		t.Logf("%s: unambiguous %d decisions %d kinds %d waits %d; all %d decisions %d", name, n, dec, kinds, waits, an, adec)
	}
}
