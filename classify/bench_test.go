package classify_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/growth"
)

var plain = map[string]classify.Failure{
	"status": {Phase: classify.PhaseResponse, Status: 503},
	"text":   {Phase: classify.PhaseConnect, Error: &classify.ErrorInfo{Name: "TypeError", Message: "Failed to fetch"}},
	"body":   {Phase: classify.PhaseResponse, Status: 529, Body: `{"type":"overloaded_error"}`},
	"odd":    {Error: &classify.ErrorInfo{Message: "something odd happened"}},
}

// large are the bodies of 64 KiB that cost the most time.
var large = map[string]string{
	"one word":     strings.Repeat("rate ", 64<<10/5),
	"phrases":      strings.Repeat("model rate too many invalid api key ", 64<<10/36),
	"gaps":         strings.Repeat("model xxxxxxxxx ", 64<<10/16),
	"no words":     strings.Repeat("x", 64<<10),
	"tags":         "</" + strings.Repeat("<a ", 64<<10/3),
	"scripts":      "</" + strings.Repeat("<script>", 64<<10/8),
	"backslashes":  strings.Repeat(`\`, 64<<10),
	"braces":       strings.Repeat(`{"a":[`, 64<<10/6),
	"noise":        strings.Repeat(`{"input":`, 64<<10/9),
	"quotes":       `{` + strings.Repeat(`"input"`, 64<<10/7),
	"digits":       strings.Repeat("status 429", 64<<10/10),
	"secrets":      strings.Repeat("key=", 64<<10/4),
	"urls":         strings.Repeat("https://", 64<<10/8),
	"waits":        strings.Repeat("retry after minutes ", 64<<10/20),
	"Chinese":      strings.Repeat("额度", 64<<10/6),
	"bad UTF-8":    strings.Repeat("\xe4\xff", 64<<10/2),
	"white space":  strings.Repeat(" ", 64<<10),
	"nested JSON":  `{"error":` + strings.Repeat(`{"error":`, 64<<10/9),
	"long message": `{"error":{"message":"` + strings.Repeat("word ", 64<<10/5) + `"}}`,
}

func TestAPlainFailureCostsTwoAllocationsForItsMessage(t *testing.T) {
	for name, f := range plain {
		require.LessOrEqual(t, testing.AllocsPerRun(200, func() { classify.Classify(f) }), 2.0, name)
	}
}

// BenchmarkLargeBody measures how long they take.
func TestLargeBodiesTakeLinearTime(t *testing.T) {
	for name, body := range large {
		growth.Linear(t, name, len(body)/16, func(size int) {
			f := classify.Failure{Status: 500, Body: body[:size], Error: &classify.ErrorInfo{Message: body[:size]}}
			classify.Classify(f)
		})
	}
}

func BenchmarkClassify(b *testing.B) {
	for name, f := range plain {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				classify.Classify(f)
			}
		})
	}
	corpus := failures(b)
	b.Run("corpus", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, c := range corpus {
				classify.Classify(c.failure)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(corpus)), "ns/failure")
	})
}

// BenchmarkLargeBody must stay below 1 ms per body.
func BenchmarkLargeBody(b *testing.B) {
	for name, body := range large {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				classify.Classify(classify.Failure{Status: 500, Body: body, Error: &classify.ErrorInfo{Message: body}})
			}
		})
	}
}

func FuzzClassify(f *testing.F) {
	for _, c := range failures(f) {
		message, data, name := "", "", ""
		if c.failure.Error != nil {
			message = c.failure.Error.Message
		}
		if c.failure.Event != nil {
			data = c.failure.Event.Data
		}
		f.Add(c.failure.Status, c.failure.Body, message, data, name, "")
	}
	for _, body := range large {
		f.Add(500, body[:1000], "", "", "retry-after", "1")
	}
	f.Fuzz(func(t *testing.T, status int, body, message, data, header, value string) {
		failure := classify.Failure{
			Phase: classify.PhaseMidstream, Status: status, Body: body, URL: data, Provider: header,
			Error:   &classify.ErrorInfo{Name: header, Message: message, Code: value, Cause: &classify.ErrorInfo{Message: body}},
			Event:   &classify.Event{Event: header, Data: data},
			Headers: map[string]string{header: value, "Retry-After": value},
		}
		v := classify.Classify(failure)
		require.Equal(t, v, classify.Classify(failure), "the same failure has the same verdict")
		require.Equal(t, v, classify.Explain(failure).Verdict)
		require.NotEmpty(t, v.Kind)
		require.NotEmpty(t, v.Rule)
		require.NotEmpty(t, v.Title)
		require.NotEmpty(t, v.Message)
		require.LessOrEqual(t, len(v.Detail), 500)
		require.NotContains(t, v.Detail, "\n")
		if utf8.ValidString(body) && utf8.ValidString(message) && utf8.ValidString(data) {
			require.True(t, utf8.ValidString(v.Detail), "%q", v.Detail)
		}
		if v.RetryAfterMs != nil {
			require.GreaterOrEqual(t, *v.RetryAfterMs, int64(0))
			require.LessOrEqual(t, *v.RetryAfterMs, int64(366*24*3600*1000))
		}
	})
}

func FuzzHint(f *testing.F) {
	for _, value := range []string{
		"20", "0.5", "1m12.3s", "644ms", "Sun, 01 Mar 2026 12:00:30 GMT", "Sunday, 01-Mar-26 12:00:30 GMT", "Sun Mar  1 12:00:30 2026",
		"2026-03-01T12:00:30.5Z", "1772366430", "1772366460000", "NaN", "-1", "1e309", "9999999999999999999999", "3 hours 41 minutes", "1 2 3 4 5 6 7",
	} {
		f.Add("retry-after", value, "remaining", value, int64(1772366400000))
	}
	for _, c := range failures(f) {
		f.Add("x", "", "y", c.failure.Body, int64(0))
	}
	f.Fuzz(func(t *testing.T, name, value, other, text string, now int64) {
		failure := classify.Failure{
			Status: 429, Body: text, Now: now,
			Headers: map[string]string{name: value, other: value, "date": value, "x-remaining": "0", "x-reset": value, "retry-after-ms": text},
		}
		wait := classify.Classify(failure).RetryAfterMs
		if wait != nil {
			require.GreaterOrEqual(t, *wait, int64(0))
			require.LessOrEqual(t, *wait, int64(366*24*3600*1000))
		}
	})
}
