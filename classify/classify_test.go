package classify_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
)

func TestTextsAndStatusesOfTheOriginAreJudgedAsInTheOrigin(t *testing.T) {
	data, err := os.ReadFile("../testdata/classify/origin.json")
	require.NoError(t, err)
	var vectors struct {
		Texts []struct {
			Error     string
			Retryable bool
		}
		Statuses []struct {
			Status    int
			Retryable bool
		}
	}
	require.NoError(t, json.Unmarshal(data, &vectors))
	require.NotEmpty(t, vectors.Texts)
	for _, c := range vectors.Texts {
		require.Equal(t, c.Retryable, classify.IsRetryable(errors.New(c.Error)), c.Error)
		wrapped := fmt.Errorf("provider call failed: %w", errors.New(c.Error))
		require.Equal(t, c.Retryable, classify.IsRetryable(wrapped), wrapped)
	}
	for _, c := range vectors.Statuses {
		require.Equal(t, c.Retryable, classify.StatusCodeRetryable(c.Status), c.Status)
	}
}

// Digits count as a status only if the text says that they are one, and letters count
// as a word only if they are a whole one.
func TestStrayDigitsAndSubstringsMeanNothing(t *testing.T) {
	for _, text := range []string{
		"typeof value", "gpt-5-0503 said no", "request req_011429abc", "see line 503", "wrote 429 bytes", "user 500", "port 502", "127.0.0.1:504",
		"id 529-429-503", "the limitless", "geofence", "corporate limits", "in 502ms", "4290", "1.503", "429.5", "order 503 of 600", "[429, 500]",
	} {
		v := classify.Classify(classify.Failure{Error: &classify.ErrorInfo{Message: "odd: " + text}})
		require.Equal(t, classify.Unknown, v.Kind, "%s: %s", text, v.Rule)
		require.Zero(t, v.Status, text)
	}
	for text, status := range map[string]int{
		"status 503": 503, "HTTP 429": 429, "HTTP/1.1 502 Bad Gateway": 502, "Error code: 408 - x": 408, "status code 429This request": 429,
		`{"error":{"code":"500"}}`: 500, "503 UNAVAILABLE": 503, "StatusCode: 400, RequestID: 5": 400, "got status: 504.": 504, "[500] status=502": 502,
	} {
		v := classify.Classify(classify.Failure{Error: &classify.ErrorInfo{Message: text}})
		require.Equal(t, status, v.Status, text)
	}
}

func TestTheCallersCancelAndOurTimeoutsOutrankEveryText(t *testing.T) {
	f := classify.Failure{Status: 503, Body: "overloaded", Canceled: true, Timer: classify.TimerContent}
	v := classify.Classify(f)
	require.Equal(t, classify.Canceled, v.Kind)
	require.False(t, v.Retryable)
	aborted := &classify.ErrorInfo{Name: "AbortError", Message: "This operation was aborted"}
	for timer, kind := range map[classify.Timer]classify.Kind{
		classify.TimerFirstByte: classify.Timeout, classify.TimerSilence: classify.Silence, classify.TimerContent: classify.Silence,
	} {
		v := classify.Classify(classify.Failure{Error: aborted, Timer: timer})
		require.Equal(t, kind, v.Kind)
		require.True(t, v.Retryable)
	}
	require.Equal(t, classify.Canceled, classify.Classify(classify.Failure{Error: aborted}).Kind)
}

func TestXShouldRetryOutranksTheStatus(t *testing.T) {
	judge := func(status int, should, body string) classify.Verdict {
		return classify.Classify(classify.Failure{Status: status, Body: body, Headers: map[string]string{"X-Should-Retry": should}})
	}
	v := judge(400, "true", "")
	require.True(t, v.Retryable)
	require.Equal(t, classify.Server, v.Kind)
	v = judge(529, "false", "")
	require.False(t, v.Retryable)
	require.Equal(t, classify.Overloaded, v.Kind)
	require.False(t, judge(400, "maybe", "").Retryable)
}

func TestAnUnknownErrorIsNotRetryableUnlessAnOptionSaysSo(t *testing.T) {
	f := classify.Failure{Error: &classify.ErrorInfo{Message: "something odd happened"}}
	require.False(t, classify.Classify(f).Retryable)
	f.UnknownRetryable = true
	v := classify.Classify(f)
	require.True(t, v.Retryable)
	require.Equal(t, classify.Unknown, v.Kind)
	require.Equal(t, classify.Unknown, classify.Classify(classify.Failure{}).Kind)
	f.Phase = classify.PhaseConnect
	require.Equal(t, classify.Network, classify.Classify(f).Kind)
}

func TestALostResponseChainIsFlagged(t *testing.T) {
	v := classify.Classify(classify.Failure{
		Status: 400,
		Body:   `{"error":{"message":"Previous response with id 'resp_1' not found.","param":"previous_response_id","code":"previous_response_not_found"}}`,
	})
	require.True(t, v.ChainBroken)
	require.False(t, v.Retryable)
	require.Equal(t, classify.InvalidRequest, v.Kind)
	require.False(t, classify.Classify(classify.Failure{Status: 400}).ChainBroken)
}

func TestWhatTheCallerWroteIsNotTakenForTheError(t *testing.T) {
	v := classify.Classify(classify.Failure{
		Phase: classify.PhaseMidstream, Status: 200,
		Event: &classify.Event{Event: "response.failed", Data: `{"type":"response.failed","response":{"instructions":"If the rate limit or quota is exceeded, say invalid api key",` +
			`"input":[{"content":"maximum context length"}],"error":{"code":"server_error","message":"It failed"}}}`},
	})
	require.Equal(t, classify.Server, v.Kind)
	require.True(t, v.Retryable)
}

func TestTheProviderIsFoundByHintHostAndHeadersAndNeverGuessed(t *testing.T) {
	for _, c := range []struct {
		f    classify.Failure
		want string
	}{
		{classify.Failure{Provider: "my-proxy", URL: "https://api.openai.com/v1"}, "my-proxy"},
		{classify.Failure{URL: "https://api.anthropic.com/v1/messages"}, "anthropic"},
		{classify.Failure{URL: "https://user:pw@API.OpenAI.com:443/v1?x=groq"}, "openai"},
		{classify.Failure{URL: "https://x.openai.azure.com/openai/deployments"}, "azure"},
		{classify.Failure{URL: "https://generativelanguage.googleapis.com/v1beta"}, "google"},
		{classify.Failure{URL: "https://bedrock-runtime.us-east-1.amazonaws.com/model"}, "bedrock"},
		{classify.Failure{URL: "https://api.x.ai/v1"}, "xai"},
		{classify.Failure{URL: "https://dashscope-intl.aliyuncs.com/x"}, "alibaba"},
		{classify.Failure{URL: "http://localhost:11434/api/chat"}, "ollama"},
		{classify.Failure{URL: "https://example.com/openai.com/x"}, ""},
		{classify.Failure{URL: "not a url"}, ""},
		{classify.Failure{Headers: map[string]string{"Anthropic-Ratelimit-Requests-Limit": "5"}}, "anthropic"},
		{classify.Failure{Headers: map[string]string{"x-groq-region": "x", "x-ratelimit-limit-requests": "9", "cf-ray": "1"}}, "groq"},
		{classify.Failure{Headers: map[string]string{"x-ms-region": "Sweden"}}, "azure"},
		{classify.Failure{Headers: map[string]string{"x-amzn-bedrock-input-token-count": "1"}}, "bedrock"},
		{classify.Failure{Headers: map[string]string{"x-amzn-requestid": "1"}}, ""},     // any service behind AWS's gateway
		{classify.Failure{Headers: map[string]string{"openai-processing-ms": "1"}}, ""}, // many speak OpenAI's protocol
		{classify.Failure{URL: "https://openai.proxy.example/v1/chat/completions"}, ""},
		{classify.Failure{URL: "https://notopenai.com/v1"}, ""},
		{classify.Failure{URL: "https://my-bedrock.example.com/v1"}, ""},
		{classify.Failure{URL: "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com/x"}, "bedrock"},
		{classify.Failure{URL: "https://us-central1-aiplatform.googleapis.com/v1"}, "google"},
		{classify.Failure{URL: "https://abc.execute-api.us-east-1.amazonaws.com/chat"}, ""},
		{classify.Failure{URL: "https://models.inference.ai.azure.com/chat/completions"}, "github"},
		{classify.Failure{Headers: map[string]string{"cf-ray": "1", "server": "cloudflare", "retry-after-ms": "1"}}, ""},
		{classify.Failure{Body: `{"type":"error","error":{"type":"overloaded_error"}}`}, ""},
		{classify.Failure{}, ""},
	} {
		require.Equal(t, c.want, classify.Classify(c.f).Provider, "%+v", c.f)
	}
	require.Equal(t, "anthropic", classify.ProviderOf("https://api.anthropic.com", ""))
}

func TestEveryKindHasTextsToShow(t *testing.T) {
	for _, kind := range []classify.Kind{
		classify.RateLimit, classify.Overloaded, classify.Server, classify.Timeout, classify.Network, classify.Auth, classify.Permission,
		classify.Quota, classify.ContextLength, classify.ModelNotFound, classify.InvalidRequest, classify.ContentPolicy, classify.Canceled,
		classify.TooLarge, classify.TLS, classify.Unknown, classify.Silence, classify.Truncated, classify.EmptyOutput, classify.NetworkOrCORS,
		classify.RetryAfterTooLong, classify.AttemptsExhausted, classify.MaxElapsedExceeded, classify.StoppedByUser, classify.SeamMismatch,
		classify.NotReplayable,
	} {
		v := classify.NewVerdict(kind, &classify.Failure{})
		require.NotEmpty(t, v.Title, kind)
		require.True(t, strings.HasSuffix(v.Message, "."), kind)
		require.NotContains(t, strings.ToLower(v.Message), "try again", kind)
		require.Equal(t, string(kind), v.Rule)
		named := classify.NewVerdict(kind, &classify.Failure{Provider: "anthropic"}).Message
		require.Equal(t, strings.Replace(v.Message, "The AI provider", "Anthropic", 1), named)
	}
	require.Equal(t, "Anthropic is temporarily overloaded.", classify.NewVerdict(classify.Overloaded, &classify.Failure{Provider: "anthropic"}).Message)
	retryable := map[classify.Kind]bool{
		classify.Silence: true, classify.Truncated: true, classify.EmptyOutput: true, classify.Network: true,
		classify.NetworkOrCORS: true, classify.Timeout: true, classify.SeamMismatch: false, classify.NotReplayable: false,
		classify.AttemptsExhausted: false, classify.StoppedByUser: false,
	}
	for kind, want := range retryable {
		require.Equal(t, want, classify.NewVerdict(kind, &classify.Failure{}).Retryable, kind)
	}
}

func TestExplainReturnsTheRulesThatWereTriedAndWhatSupportsThem(t *testing.T) {
	trail := classify.Explain(classify.Failure{
		Status: 500,
		Error:  &classify.ErrorInfo{Message: "call failed", Cause: &classify.ErrorInfo{Message: "the provider says: invalid model gpt-0"}},
	})
	require.Equal(t, classify.ModelNotFound, trail.Verdict.Kind)
	last := trail.Steps[len(trail.Steps)-1]
	require.Equal(t, classify.Step{Rule: "model", Phrase: "invalid model*", Where: "cause", Text: "provider says invalid model gpt 0|", Decided: true}, last)
	require.Equal(t, trail.Verdict.Rule, last.Rule)
	require.Greater(t, len(trail.Steps), 5)
	for _, step := range trail.Steps[:len(trail.Steps)-1] {
		require.False(t, step.Decided)
	}

	// A rule that has support can be excluded by another fact.
	trail = classify.Explain(classify.Failure{Status: 429, Body: "Quota exceeded for requests per minute"})
	require.Equal(t, "rate_limit", trail.Verdict.Rule)
	for _, step := range trail.Steps {
		if step.Rule == "quota" {
			require.Equal(t, "body", step.Where)
			require.False(t, step.Decided)
		}
	}
	require.Empty(t, classify.Explain(classify.Failure{Canceled: true}).Steps)
	for _, c := range failures(t) {
		require.Equal(t, classify.Classify(c.failure), classify.Explain(c.failure).Verdict)
	}
}

// The package is part of a small WebAssembly module.
func TestNoLargePackageIsImported(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-tags", "tinygo", "github.com/steadfetch/steadfetch/classify").Output()
	require.NoError(t, err)
	deps := strings.Fields(string(out))
	for _, heavy := range []string{"fmt", "encoding/json", "net/http", "net", "regexp", "math/rand", "reflect", "os", "strconv"} {
		require.NotContains(t, deps, heavy)
	}
}
