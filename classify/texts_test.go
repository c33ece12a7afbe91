package classify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
)

func TestAMessageNamesAWaitThatEndsTheRetrying(t *testing.T) {
	for seconds, want := range map[string]string{
		"3600": "1 h", "5400": "1 h 30 min", "601": "10 min 1 s", "90061": "1 d 1 h", "7260": "2 h 1 min", "86400": "1 d",
	} {
		v := classify.Classify(classify.Failure{Status: 429, Headers: map[string]string{"retry-after": seconds}, Provider: "openai"})
		require.Equal(t, "OpenAI is limiting the rate of requests. It asks to wait "+want+".", v.Message)
		require.False(t, v.Retryable)
	}
	v := classify.Classify(classify.Failure{Status: 429, Headers: map[string]string{"retry-after": "60"}})
	require.NotContains(t, v.Message, "wait", "the countdown shows a wait that the engine waits")
	ms := int64(5_400_000)
	v = *classify.NewVerdict(classify.RetryAfterTooLong, &classify.Failure{Provider: "groq"})
	v.RetryAfterMs = &ms
	v.Describe()
	require.Equal(t, "Groq asks to wait 1 h 30 min, which is more than is allowed here.", v.Message)
}

func TestTheMessageNamesWhoseFailureItIs(t *testing.T) {
	for _, c := range []struct {
		failure classify.Failure
		party   classify.Party
		message string
	}{
		{classify.Failure{Status: 401, URL: "https://app.example.com/api/chat"}, classify.PartyServer, "The server did not accept the credentials."},
		{classify.Failure{Status: 401, URL: "/api/chat"}, classify.PartyServer, "The server did not accept the credentials."},
		{classify.Failure{Status: 401, URL: "https://llm.example.com/v1/chat/completions"}, "", "The AI provider did not accept the credentials."},
		{classify.Failure{Status: 401}, "", "The AI provider did not accept the credentials."},
		{classify.Failure{Status: 401, URL: "https://api.openai.com/v1/responses"}, "", "OpenAI did not accept the credentials."},
		{classify.Failure{Status: 407, URL: "https://api.openai.com/v1/responses"}, classify.PartyProxy, "A proxy on the way did not accept the credentials."},
		{classify.Failure{Status: 403, Body: "<html><body><h1>Web Page Blocked</h1>FortiGuard Intrusion Prevention</body></html>"}, classify.PartyFirewall, "A firewall on the way blocked the request."},
		{classify.Failure{Status: 200, Phase: classify.PhaseResponse, Body: "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. Please consult with your administrator.</body></html>"}, classify.PartyFirewall, "A firewall on the way blocked the request."},
		{classify.Failure{Status: 401, Body: `{"error":{"message":"You didn't provide an API key."}}`, Provider: "openai"}, "", "OpenAI received no API key or sign-in."},
		{classify.Failure{Status: 403, Body: `{"error":{"message":"This organization has been disabled."}}`, Provider: "anthropic"}, "", "Anthropic is disabled for this account or organization."},
		{classify.Failure{Phase: classify.PhaseConnect, URL: "/api/chat", Error: &classify.ErrorInfo{Message: "fetch failed"}}, "", "The connection was lost."},
	} {
		v := classify.Classify(c.failure)
		require.Equal(t, c.message, v.Message, "%+v: %s", c.failure, v.Rule)
		require.Equal(t, c.party, v.Party, "%+v", c.failure)
		require.NotEqual(t, v.Title, v.Message)
		require.NotEqual(t, v.Message, v.Detail)
	}
}

func TestAnAuthDetailIsTheMissingScopeAndNeverAKey(t *testing.T) {
	v := classify.Classify(classify.Failure{Status: 401, Body: `{"error":{"message":"You have insufficient permissions for this operation. Missing scopes: model.request, api.responses.write. Check your role, key sk-` + `abcdefghijklmnop1234 has none."}}`})
	require.Equal(t, "Missing scopes: model.request, api.responses.write", v.Detail)
	require.Empty(t, classify.Classify(classify.Failure{Status: 401, Body: `{"error":{"message":"Incorrect API key provided: abc"}}`}).Detail)
}

func TestAnApplicationsOwnTextsReplaceOurs(t *testing.T) {
	own := classify.Texts{
		"rate_limit":  {Title: "Zu schnell", Message: "{who} bremst. Wartezeit: {wait}."},
		"missing_key": {Title: "Anmelden", Message: "{who}: kein Schlüssel."},
		"provider":    {Title: "Der Anbieter"},
	}
	v := classify.Classify(classify.Failure{Status: 429, Headers: map[string]string{"retry-after": "90"}})
	own.Apply(&v)
	require.Equal(t, "Zu schnell", v.Title)
	require.Equal(t, "Der Anbieter bremst. Wartezeit: 1 min 30 s.", v.Message)
	v = classify.Classify(classify.Failure{Status: 401, Body: "No API key provided", Provider: "groq"})
	own.Apply(&v)
	require.Equal(t, "Groq: kein Schlüssel.", v.Message)
	v = classify.Classify(classify.Failure{Status: 529})
	own.Apply(&v)
	require.Equal(t, "Service overloaded", v.Title)
}
