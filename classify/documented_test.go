package classify_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
)

// documented returns the failures of testdata/classify/documented.tsv, and of
// families.tsv, which are in our own words. A line has the kind, retry or stop, the
// status or -, the text, and the provider if it matters: a provider's own codes count
// only for it.
func documented(t testing.TB) (lines []documentedLine) {
	data, err := os.ReadFile("../testdata/classify/documented.tsv")
	require.NoError(t, err)
	families, err := os.ReadFile("../testdata/classify/families.tsv")
	require.NoError(t, err)
	data = append(data, families...)
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		field := append(strings.Split(line, "\t"), "")
		require.True(t, len(field) == 5 || len(field) == 6, "kind, retry or stop, status or -, text, perhaps a provider, with tabs between: %s", line)
		d := documentedLine{kind: classify.Kind(field[0]), retryable: field[1] == "retry", text: field[3]}
		if field[2] == "-" {
			d.failure.Error = &classify.ErrorInfo{Message: field[3]}
		} else {
			status, err := strconv.Atoi(field[2])
			require.NoError(t, err)
			d.failure.Phase = classify.PhaseResponse
			d.failure.Status, d.failure.Body = status, field[3]
		}
		if d.failure.Provider = field[4]; d.failure.Provider != "" {
			require.Contains(t, classify.OwnCodes(), d.failure.Provider, "no row of classify/providers.go: %s", line)
		}
		lines = append(lines, d)
	}
	return lines
}

type documentedLine struct {
	kind      classify.Kind
	retryable bool
	text      string
	failure   classify.Failure
}

func TestDocumentedErrorsAreJudgedAsDocumented(t *testing.T) {
	for _, d := range documented(t) {
		v := classify.Classify(d.failure)
		if d.retryable != v.Retryable || d.kind != v.Kind {
			t.Errorf("%s\n  is %s, retryable %t by rule %s, not %s, %t", d.text, v.Kind, v.Retryable, v.Rule, d.kind, d.retryable)
			for _, s := range classify.Explain(d.failure).Steps {
				if s.Phrase != "" {
					t.Logf("      %s: %.60q: %q %v", s.Rule, s.Phrase, s.Text, s.Decided)
				}
			}
		}
	}
}

// Only the provider's page says what a code means, so each is checked against an error
// from that page.
func TestEveryCodeOfAProviderHasADocumentedError(t *testing.T) {
	lines := documented(t)
	for provider, codes := range classify.OwnCodes() {
		for _, code := range codes {
			shown := slices.ContainsFunc(lines, func(d documentedLine) bool {
				return d.failure.Provider == provider && classify.Says(d.failure, code)
			})
			if !shown {
				t.Errorf("%s, %q: testdata/classify/documented.tsv has no error with it; add one, with the provider as its last field", provider, code)
			}
		}
	}
}
