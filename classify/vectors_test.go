package classify_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
)

var update = flag.Bool("update", false, "write the files that the tests of -run compare with, testdata/classify/vectors.json, testdata/texts.json and jsbridge/src/ui/providers.gen.ts; read the difference before you commit it")

const vectorsFile = "../testdata/classify/vectors.json"

// vector is a failure and the verdict on it, as JSON. Every host must return the same
// bytes.
type vector struct {
	Name    string           `json:"name"`
	Failure classify.Failure `json:"failure"`
	Verdict json.RawMessage  `json:"verdict"`
}

// encode returns JSON as the module writes it: members in the order of the struct, and
// nothing escaped without need.
func encode(t testing.TB, v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(v))
	return bytes.TrimSpace(out.Bytes())
}

// byHand are failures that no report has but that every host must judge right.
var byHand = []namedFailure{
	{"empty", classify.Failure{}},
	{"canceled by the caller", classify.Failure{Canceled: true, Status: 500, Provider: "openai"}},
	{"first byte late", classify.Failure{Timer: classify.TimerFirstByte, Error: &classify.ErrorInfo{Name: "AbortError"}, Provider: "google"}},
	{"silence", classify.Failure{Timer: classify.TimerSilence, URL: "https://api.anthropic.com/v1/messages"}},
	{"content silence", classify.Failure{Timer: classify.TimerContent}},
	{"unknown, to be retried", classify.Failure{Error: &classify.ErrorInfo{Message: "odd"}, UnknownRetryable: true}},
	{"should retry", classify.Failure{Status: 400, Headers: map[string]string{"X-Should-Retry": "true", "Retry-After": "3"}}},
	{"should not retry", classify.Failure{Status: 503, Headers: map[string]string{"x-should-retry": "false"}}},
	{"date against a clock", classify.Failure{Status: 429, Headers: map[string]string{"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"}, Now: 1772366400000}},
	{"date against the date header", classify.Failure{Status: 429, Headers: map[string]string{
		"Retry-After": "Sunday, 01-Mar-26 12:00:30 GMT", "Date": "Sun, 01 Mar 2026 12:00:10 GMT",
	}}},
	{"asctime", classify.Failure{Status: 503, Headers: map[string]string{"retry-after": "Sun Mar  1 12:00:30 2026"}, Now: 1772366400000}},
	{"used-up limit", classify.Failure{Status: 429, Headers: map[string]string{
		"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "2026-03-01T12:00:45Z",
	}, Now: 1772366400000}},
	{"long wait", classify.Failure{Status: 429, Headers: map[string]string{"retry-after": "7200"}, URL: "https://api.groq.com/openai/v1"}},
	{"junk wait", classify.Failure{Status: 429, Headers: map[string]string{"retry-after": "1e309", "retry-after-ms": "NaN"}}},
	{"secrets in the text", classify.Failure{Status: 500, Body: `upstream https://u:p@10.0.0.1:8443/v1?key=AIzaSyD4xY9kLmN2pQ7 said "api_key": "sk-abcdef0123456789"`}},
	{"long text", classify.Failure{Status: 500, Body: strings.Repeat("many words of 界 ", 60)}},
	{"escapes", classify.Failure{Status: 500, Body: "{\"error\":{\"message\":\"tab\\t quote \\\" slash \\\\ emoji \\ud83d\\ude00 \\u4f59\\u989d\\u4e0d\\u8db3 <b>&amp;\"}}"}},
	{"lost chain", classify.Failure{Status: 400, Body: `{"error":{"message":"Previous response with id 'resp_1' not found.","code":"previous_response_not_found"}}`}},
	{"deep causes", classify.Failure{Error: &classify.ErrorInfo{Name: "A", Cause: &classify.ErrorInfo{Name: "B", Cause: &classify.ErrorInfo{Code: "ECONNRESET"}}}}},
	{"unknown provider", classify.Failure{Status: 529, Provider: "my-proxy"}},
	{"mixed-case provider", classify.Failure{Status: 529, Provider: "OpenRouter"}},
	{"header tells", classify.Failure{Status: 403, Headers: map[string]string{"x-amzn-ErrorType": "UnrecognizedClientException"}}},
	{"page with 200", classify.Failure{Phase: classify.PhaseResponse, Status: 200, Body: "<!doctype html><html><body><h1>Welcome</h1></body></html>"}},
	{"judged before", classify.Failure{Foreign: true, Status: 529, Error: &classify.ErrorInfo{Message: "Connection error."}, Verdict: &classify.Verdict{
		Kind: classify.RetryAfterTooLong, Status: 429, Title: "Rate limited", Message: "It asks to wait 1 h.",
	}}},
	{"judged before, but somebody insists", classify.Failure{
		Headers: map[string]string{"x-should-retry": "true"}, Verdict: &classify.Verdict{Kind: classify.AttemptsExhausted, Rule: "attempts_exhausted"},
	}},
	{"whole trace", classify.Failure{Status: 500, Body: "Error: it broke\n    at f (file:///srv/app.mjs:429:500)\n    at g (node:internal:503)"}},
}

func TestVectorsHold(t *testing.T) {
	all := append([]namedFailure{}, byHand...)
	for _, c := range loadCorpus(t, "public", "more", "recent", "apart") {
		all = append(all, namedFailure{c.ID, c.failure()})
	}
	var out bytes.Buffer
	out.WriteString("[\n")
	for i, c := range all {
		if i > 0 {
			out.WriteString(",\n")
		}
		out.Write(encode(t, vector{c.name, c.failure, encode(t, classify.Classify(c.failure))}))
	}
	out.WriteString("\n]\n")
	if *update {
		require.NoError(t, os.WriteFile(vectorsFile, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(vectorsFile)
	require.NoError(t, err)
	if string(want) != out.String() {
		changed := changes(string(want), out.String())
		t.Errorf("%s differs from today's verdicts, in %d vectors:\n  %s\nIf that is intended, go test ./classify -run Vectors -update writes it: read the difference.",
			vectorsFile[len("../"):], len(changed), strings.Join(changed[:min(len(changed), 20)], "\n  "))
	}
}

// changes returns the names of the vectors that are new, different or gone. Each vector
// is a line.
func changes(was, is string) (names []string) {
	before := map[string]string{}
	for _, line := range vectorLines(was) {
		before[vectorName(line)] = line
	}
	for _, line := range vectorLines(is) {
		name := vectorName(line)
		switch old, known := before[name]; {
		case !known:
			names = append(names, "new: "+name)
		case old != line:
			names = append(names, "different: "+name)
		}
		delete(before, name)
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		names = append(names, "gone: "+name)
	}
	return names
}

func vectorLines(file string) (lines []string) {
	for _, line := range strings.Split(file, "\n") {
		if strings.HasPrefix(line, "{") {
			lines = append(lines, strings.TrimSuffix(line, ","))
		}
	}
	return lines
}

func vectorName(line string) string {
	var v vector
	if err := json.Unmarshal([]byte(line), &v); err != nil {
		return line
	}
	return v.Name
}

func TestOnlyVectorsThatChangedAreNamed(t *testing.T) {
	was := "[\n" + `{"name":"a","verdict":1},` + "\n" + `{"name":"b","verdict":1},` + "\n" + `{"name":"c","verdict":1}` + "\n]\n"
	is := "[\n" + `{"name":"d","verdict":1},` + "\n" + `{"name":"a","verdict":1},` + "\n" + `{"name":"b","verdict":2}` + "\n]\n"
	require.Empty(t, changes(was, was))
	require.Equal(t, []string{"new: d", "different: b", "gone: c"}, changes(was, is))
}
