package hosttest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/wasm"
)

// all reports whether the long form of the tests was requested: STEADFETCH_ALL=1.
func all() bool { return os.Getenv("STEADFETCH_ALL") != "" }

// times returns long in the long form of a test, else short.
func times(short, long int) int {
	if all() {
		return long
	}
	return short
}

// corpus reads the real errors of testdata/corpus.
func corpus(t testing.TB) []classify.Failure {
	t.Helper()
	paths, err := filepath.Glob("../testdata/corpus/*.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var list []classify.Failure
	for _, path := range paths {
		file, err := os.Open(path)
		require.NoError(t, err)
		defer file.Close()
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			// Only the fields that a Failure has are read; null and a numeric code
			// count as none.
			var f classify.Failure
			var wrongType *json.UnmarshalTypeError
			if err := json.Unmarshal(lines.Bytes(), &f); !errors.As(err, &wrongType) {
				require.NoError(t, err, "%s: %s", path, lines.Text())
			}
			list = append(list, f)
		}
		require.NoError(t, lines.Err())
	}
	require.Greater(t, len(list), 100)
	return list
}

// dice generates new failures from known ones.
type dice struct {
	*rand.Rand
	seen []classify.Failure
}

func pick[T any](d dice, list ...T) T { return list[d.IntN(len(list))] }

func (d dice) failure() classify.Failure {
	f := pick(d, d.seen...)
	headers := map[string]string{}
	for name, value := range f.Headers {
		headers[name] = value
	}
	f.Headers = headers
	for range d.IntN(4) {
		switch d.IntN(14) {
		case 0:
			f.Status = pick(d, 0, 200, 400, 401, 403, 404, 408, 409, 413, 422, 429, 498, 499, 500, 501, 502, 503, 504, 520, 529, 530, 598, d.IntN(1000))
		case 1:
			f.Body = d.mutate(f.Body)
		case 2:
			f.Body = pick(d, d.seen...).Body
		case 3:
			name := pick(d, "retry-after", "Retry-After", "retry-after-ms", "x-should-retry", "x-ratelimit-reset-requests", "x-ratelimit-remaining-requests", "anthropic-ratelimit-tokens-reset", "anthropic-ratelimit-tokens-remaining", "ratelimit-reset", "date", "server", "cf-ray")
			headers[name] = pick(d, "0", "1", "12", "1.5", "7s", "1m12.3s", "644ms", "-1", "NaN", "1e309", "true", "false", "Mon, 23 Nov 2026 12:00:30 GMT", "Monday, 23-Nov-26 12:00:30 GMT", "Mon Nov 23 12:00:30 2026", "2026-11-23T12:00:30Z", "1795435230", fmt.Sprint(d.IntN(1e9)), "cloudflare", "")
		case 4:
			if other := pick(d, d.seen...); other.Error != nil {
				e := *other.Error
				e.Cause = f.Error
				f.Error = &e
			}
		case 5:
			if f.Error != nil {
				e := *f.Error
				e.Message = d.mutate(e.Message)
				f.Error = &e
			}
		case 6:
			f.Event = &classify.Event{Event: pick(d, "", "error", "message"), Data: d.mutate(f.Body)}
		case 7:
			f.Provider = pick(d, "", "anthropic", "openai", "google", "azure", "bedrock", "groq", "mistral", "openrouter", "nobody")
		case 8:
			f.URL = pick(d, "", "https://api.openai.com/v1/chat/completions?x=1", "https://api.anthropic.com/v1/messages", "http://localhost:11434/api/chat", "https://user:pass@example.com/v1/messages", "not a url")
		case 9:
			f.Phase = pick(d, "", classify.PhaseConnect, classify.PhaseResponse, classify.PhaseMidstream, "later")
		case 10:
			f.UnknownRetryable = true
		case 11:
			f.Now = pick(d, 0, -5, 1_795_435_200_000, d.Int64N(1e15))
		case 12:
			f.Timer = pick(d, classify.TimerFirstByte, classify.TimerSilence, classify.TimerContent, "egg")
		case 13:
			f.Canceled = d.IntN(3) == 0
		}
	}
	return f
}

// mutate makes a random change to a text. It stays valid UTF-8, because JSON is.
func (d dice) mutate(s string) string {
	at := func() int {
		i := d.IntN(len(s) + 1)
		for i < len(s) && !utf8.RuneStart(s[i]) {
			i++
		}
		return i
	}
	switch d.IntN(7) {
	case 0:
		s = s[:at()]
	case 1:
		s = s[at():]
	case 2:
		i := at()
		s = s[:i] + pick(d, "\"", "\\", "\n", "\x00", "日本", "😀", "\u2028", "429", "overloaded", "{", "}", "\\ud800", "\\u0000", "quota exceeded", "'", "<html>", strings.Repeat("a", 600)) + s[i:]
	case 3:
		s = strings.ToUpper(s)
	case 4:
		quoted, _ := json.Marshal(s)
		s = `{"error":{"message":` + string(quoted) + `}}`
	case 5:
		s = "provider call failed: " + s
	case 6:
		s = strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return rune('0' + d.IntN(10))
			}
			return r
		}, s)
	}
	return strings.ToValidUTF8(s, "?")
}

func TestTheModuleClassifiesEveryFailureAsGoDoes(t *testing.T) {
	e := newEngine(t)
	d := dice{rand.New(rand.NewPCG(1, 2)), corpus(t)}
	check := func(f classify.Failure) {
		native, err := classify.Classify(f), error(nil)
		foreign, err := e.Classify(f)
		if err != nil || !reflect.DeepEqual(native, foreign) {
			text, _ := json.Marshal(f)
			want, _ := json.Marshal(native)
			got, _ := json.Marshal(foreign)
			t.Errorf("%s\nGo     %s\nmodule %s (%v)\n%s Else its compiler is wrong.", text, want, got, err, older)
		}
	}
	for _, f := range d.seen {
		if check(f); t.Failed() {
			break
		}
	}
	begun, n := time.Now(), times(10_000, 100_000)
	kinds := map[classify.Kind]int{}
	for range n {
		f := d.failure()
		kinds[classify.Classify(f).Kind]++
		if check(f); t.Failed() {
			break
		}
	}
	if !t.Failed() {
		require.Greater(t, len(kinds), 12, "the dice are loaded: %v", kinds)
	}
	t.Logf("%d failures in %v: %v", n, time.Since(begun).Round(time.Millisecond), kinds)
}

func TestTheModuleExplainsEveryFailureAsGoDoes(t *testing.T) {
	e := newEngine(t)
	d := dice{rand.New(rand.NewPCG(7, 8)), corpus(t)}
	for range times(1_000, 10_000) {
		f := d.failure()
		native := classify.Explain(f)
		foreign, err := e.Explain(f)
		require.NoError(t, err)
		for _, trail := range []classify.Trail{native, foreign} {
			for i := range trail.Steps {
				// The text at a place can be cut inside a character, which JSON
				// cannot represent.
				text := &trail.Steps[i].Text
				*text = strings.ReplaceAll(strings.ToValidUTF8(*text, ""), "\uFFFD", "")
			}
		}
		require.Equal(t, mustJSON(t, native), mustJSON(t, foreign), "%s\n%s Else its compiler is wrong.", mustJSON(t, f), older)
	}
}

func newEngine(t testing.TB) *wasm.Engine {
	t.Helper()
	e, err := wasm.NewEngine(context.Background())
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Close() })
	return e
}
