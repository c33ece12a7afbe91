package classify_test

import (
	"math/rand"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
)

// failures returns all failures of the corpora and of the documented errors.
func failures(t testing.TB) (all []namedFailure) {
	for _, c := range loadCorpus(t, "public", "more", "recent", "apart", "later", "later-apart", "unseen", "unseen-apart") {
		all = append(all, namedFailure{c.ID, c.failure()})
	}
	for _, d := range documented(t) {
		all = append(all, namedFailure{d.text, d.failure})
	}
	return all
}

type namedFailure struct {
	name    string
	failure classify.Failure
}

// mapTexts returns f with all its texts changed.
func mapTexts(f classify.Failure, change func(string) string) classify.Failure {
	f.Body = change(f.Body)
	if f.Event != nil {
		f.Event = &classify.Event{Event: change(f.Event.Event), Data: change(f.Event.Data)}
	}
	var info func(e *classify.ErrorInfo) *classify.ErrorInfo
	info = func(e *classify.ErrorInfo) *classify.ErrorInfo {
		if e == nil {
			return nil
		}
		return &classify.ErrorInfo{Name: change(e.Name), Message: change(e.Message), Code: change(e.Code), Cause: info(e.Cause)}
	}
	f.Error = info(f.Error)
	return f
}

// randomCase changes the case of letters at random, but not in JSON escapes.
func randomCase(random *rand.Rand) func(string) string {
	return func(s string) string {
		out := []byte(s)
		for i := 0; i < len(out); i++ {
			switch c := out[i]; {
			case c == '\\':
				if i++; i < len(out) && out[i] == 'u' {
					i += 4
				}
			case c < 0x80 && unicode.IsLetter(rune(c)) && random.Intn(2) == 0:
				out[i] ^= 0x20
			}
		}
		return string(out)
	}
}

var (
	modelNames = regexp.MustCompile(`\b(?:gpt|claude|gemini|llama|mixtral|codestral|deepseek|glm|kimi|doubao|qwen)\d?[-.][\w.:-]*\w`)
	mixedWords = regexp.MustCompile(`\b[A-Za-z_]{2,8}[_-][A-Za-z0-9-]*\d[A-Za-z0-9-]{6,}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	longNumber = regexp.MustCompile(`(^|[^\w.:"-])(\d{4,})(?:[ ,)]|\b[^\w."\d:-])`)
	names      = []string{"gpt-5-0503", "claude-429-sonnet-20250401", "gemini-5.0-pro-502", "model-403", "x-529b-instruct", "o500"}
)

// otherNames replaces names, ids and numbers by others, among them some with the digits
// of a status.
func otherNames(random *rand.Rand) func(string) string {
	digits := func(s string) string {
		out := []byte(s)
		for i, c := range out {
			if c >= '0' && c <= '9' {
				out[i] = byte('1' + random.Intn(9))
			}
		}
		return string(out)
	}
	return func(s string) string {
		s = modelNames.ReplaceAllStringFunc(s, func(string) string { return names[random.Intn(len(names))] })
		s = mixedWords.ReplaceAllStringFunc(s, digits)
		return longNumber.ReplaceAllStringFunc(s, func(number string) string {
			if strings.Contains(number, "86400") { // a day, in seconds
				return number
			}
			return digits(number)
		})
	}
}

func TestLetterCaseNamesIDsAndNumbersDoNotMatter(t *testing.T) {
	for seed := int64(1); seed <= 4; seed++ {
		random := rand.New(rand.NewSource(seed))
		changed := 0
		for _, c := range failures(t) {
			want := classify.Classify(c.failure)
			for name, change := range map[string]func(string) string{"case": randomCase(random), "names": otherNames(random)} {
				var touched bool
				got := classify.Classify(mapTexts(c.failure, func(s string) string {
					out := change(s)
					touched = touched || out != s
					return out
				}))
				if touched {
					changed++
				}
				require.Equal(t, want.Retryable, got.Retryable, "%s: %s, by %s instead of %s", name, c.name, got.Rule, want.Rule)
				require.Equal(t, want.Kind, got.Kind, "%s: %s, by %s instead of %s", name, c.name, got.Rule, want.Rule)
				require.Equal(t, want.RetryAfterMs, got.RetryAfterMs, "%s: %s", name, c.name)
			}
		}
		require.Greater(t, changed, 700)
	}
}

func TestWrappingKeepsTheVerdict(t *testing.T) {
	for _, c := range failures(t) {
		if c.failure.Error == nil || c.failure.Error.Message == "" {
			continue
		}
		want := classify.Classify(c.failure)
		wrapped := *c.failure.Error
		wrapped.Message = "provider call failed: " + wrapped.Message
		c.failure.Error = &wrapped
		got := classify.Classify(c.failure)
		require.Equal(t, want.Retryable, got.Retryable, "%s: by %s instead of %s", c.name, got.Rule, want.Rule)
		require.Equal(t, want.Kind, got.Kind, "%s: by %s instead of %s", c.name, got.Rule, want.Rule)
	}
}

// A body is often cut. If a piece of it is enough to judge the failure permanent, no
// longer piece may be judged retryable.
func TestALongerPrefixNeverMakesAPermanentFailureRetryable(t *testing.T) {
	for _, c := range failures(t) {
		whole := classify.Classify(c.failure)
		if c.failure.Body == "" || whole.Retryable {
			continue
		}
		stopped := false
		cut := c.failure
		for n := range c.failure.Body {
			cut.Body = c.failure.Body[:n]
			v := classify.Classify(cut)
			if stopped = stopped || !v.Retryable && v.Rule == whole.Rule; stopped {
				require.False(t, v.Retryable, "%s: cut at %d, by %s", c.name, n, v.Rule)
			}
		}
	}
}

func TestCaseAndOrderOfHeadersDoNotMatter(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	headers := map[string]string{
		"retry-after": "7", "content-type": "text/plain", "x-request-id": "req_429", "x-ratelimit-remaining-requests": "0",
		"x-ratelimit-reset-requests": "9s", "anthropic-organization-id": "x", "openai-processing-ms": "12", "x-amzn-requestid": "y",
	}
	want := classify.Classify(classify.Failure{Status: 429, Headers: headers})
	require.Equal(t, int64(7000), *want.RetryAfterMs)
	for range 50 {
		other := make(map[string]string, len(headers))
		for name, value := range headers {
			other[randomCase(random)(name)] = value
		}
		require.Equal(t, want, classify.Classify(classify.Failure{Status: 429, Headers: other}))
	}
}
