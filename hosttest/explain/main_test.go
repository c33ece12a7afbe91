package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func explained(status int, provider, text string) string {
	var out bytes.Buffer
	explain(&out, status, provider, text)
	return out.String()
}

func TestAVerdictIsExplainedByThePhrasesThatSpoke(t *testing.T) {
	require.Equal(t, `rate_limit, retry, by rule too_many_tokens
the server asks for 20000 ms
shown as: Rate limited. The AI provider is limiting the rate of requests.

what spoke for which rule; the last one decided:
  too_many_tokens    "too many tokens" in the body: ...error|message too many tokens please retry in 20s|...
`, explained(429, "", `{"error":{"message":"too many tokens, please retry in 20s"}}`))
}

func TestACodeCountsAtItsProviderAndAStatusEverywhere(t *testing.T) {
	body := `{"error":{"code":"1301"}}`
	require.Contains(t, explained(500, "zhipu", body), "content_policy, stop, by rule content_policy\n")
	require.Contains(t, explained(500, "zhipu", body), "  content_policy     the status, the form, or a code of the provider's own\n")
	require.Contains(t, explained(500, "openai", body), "server, retry, by rule server\n")
}

func TestATextWithoutAStatusIsThatOfAThrownError(t *testing.T) {
	require.Contains(t, explained(0, "", "fetch failed"), `network            "fetch failed" in the error: ...fetch failed|...`)
}
