package classify_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
)

// documented gives the failures of testdata/classify/documented.tsv, and those
// of families.tsv: our own words for the same.
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
		field := strings.SplitN(line, "\t", 4)
		require.Len(t, field, 4, line)
		d := documentedLine{kind: classify.Kind(field[0]), retryable: field[1] == "retry", text: field[3]}
		if field[2] == "-" {
			d.failure.Error = &classify.ErrorInfo{Message: field[3]}
		} else {
			status, err := strconv.Atoi(field[2])
			require.NoError(t, err)
			d.failure.Phase = classify.PhaseResponse
			d.failure.Status, d.failure.Body = status, field[3]
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

func TestDocumentedErrorsAreJudgedAsTheirAuthorsMeanThem(t *testing.T) {
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
