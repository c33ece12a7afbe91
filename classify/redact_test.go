package classify_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
)

// secrets are keys in the form of every provider; none is real. Some are put together
// here, so that no scanner reports this file as a leak.
var secrets = []string{
	"sk-" + "proj-Zx81mQ0aJkPf3vTt8sLh2YbN", "sk-" + "ant-api03-aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW", "sk-" + "or-v1-0123456789abcdef0123456789abcdef",
	"sk-" + "abcdefghijklmnopqrstuvwx", "sk-" + "svcacct-qwertyuiop", "AIza" + "SyD4xY9kLmN2pQ7rS1tU3vW5xY7zA9bC1dE", "ya29." + "a0AfH6SMBx-abcdefghij",
	"gsk_" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0u", "xai-" + "abcDEFghiJKLmnoPQRstuVWXyz0123456789", "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz",
	"r8_" + "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789A", "pplx-" + "0123456789abcdefghijklmnopqrstuvwxyz", "nvapi-" + "AbCdEf0123456789-_ghij", "csk-" + "abcdefgh12345678",
	"tgp_" + "v1_abcdefghijklmnop", "fw_" + "3ZabcdefGHIJKLmnop", "AKIA" + "IOSFODNN7EXAMPLE", "ASIA" + "Y34FZKBOKMUTVV7A", "ABSK" + "QmVkcm9ja0FQSUtleS1hYmNk",
	"bce-v3/" + "ALTAK-abcdEFGH/0123456789abcdef", "gh" + "p_16C7e42F292c6912E7710c838347Ae178B4a", "gh" + "o_16C7e42F292c6912E7710c838347Ae178B4a",
	"github" + "_pat_11ABCDEFG0abcdefghijkl_mnopqrstuv", "glpat-" + "abcdefghij0123456789", "xox" + "b-123456789012-abcdefghij",
	"eyJ" + "hbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
	"0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp", // Zhipu
	"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",              // Volcengine
	"9f86d081884c7d659a2feaa0c55ad015",                  // Azure, Mistral
	"8Qb3mXy7Kz1LpW9vRt5NcJ2hGf6DsA4e0UqYoIxE",          // Cohere
}

func TestNoFieldOfAVerdictShowsASecret(t *testing.T) {
	places := []string{
		"Rejected %s here", "%s", "key=%s", "api_key: %s", `{"api_key":"%s"}`, `{"error":{"message":"bad thing %s happened"}}`,
		"Authorization: Bearer %s", "x-api-key: %s", "headers {'Authorization': 'Bearer %s'}", "Basic %s", "-H \"x-goog-api-key: %s\"",
		"https://user:%s@api.example.com/v1/x", "https://%s@api.example.com/", "https://api.example.com/v1beta/models/x:generate?key=%s&alt=sse",
		"wss://api.example.com/live?access_token=%s", "GET /v1/models?api_key=%s HTTP/1.1", "token \"%s\" was bad", "password=%s;", "client_secret='%s'",
		"<html><body><h1>Oops</h1><p>key: %s</p></body></html>", "AWS_SECRET_ACCESS_KEY=%s", "prefix:%s", "(%s)", "a/%s/b",
	}
	for _, secret := range secrets {
		for _, place := range places {
			text := strings.ReplaceAll(place, "%s", secret)
			for name, f := range map[string]classify.Failure{
				"body":    {Status: 500, Body: text},
				"json":    {Status: 500, Body: `{"error":{"message":"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"}}`},
				"event":   {Phase: classify.PhaseMidstream, Status: 200, Event: &classify.Event{Event: text, Data: text}},
				"message": {Error: &classify.ErrorInfo{Name: "Error", Message: text}},
				"name":    {Error: &classify.ErrorInfo{Name: text, Code: text}},
				"cause":   {Error: &classify.ErrorInfo{Message: "fetch failed", Cause: &classify.ErrorInfo{Message: text}}},
				"header":  {Status: 500, Headers: map[string]string{"x-amzn-errortype": text, "retry-after": text, "server": text}},
				"url":     {Status: 500, URL: text, Body: "failed"},
				"limited": {Status: 429, Body: text},
				"forbid":  {Status: 403, Body: text},
				"long":    {Status: 500, Body: strings.Repeat("word ", 94) + text},
			} {
				v := classify.Classify(f)
				out := v.Title + "\n" + v.Message + "\n" + v.Detail + "\n" + v.Rule + "\n" + v.Provider
				for n := 12; n <= len(secret); n += 12 {
					require.NotContains(t, out, secret[n-12:n], "%s of %q in %s", secret, place, name)
				}
			}
		}
	}
}

func TestPasswordsOfAnyFormAreMasked(t *testing.T) {
	for _, text := range []string{
		"https://user:hunter2@host.example/path", "password: hunter2", `"password":"hunter2"`, "password = 'hunter2'", "login password=hunter2&x=1",
		"secret: hunter2", "Cookie: hunter2", "Authorization: Basic hunter2=", "token=hunter2", "postgres://u:hunter2@db/x?password=hunter2",
	} {
		v := classify.Classify(classify.Failure{Status: 500, Body: text})
		require.NotContains(t, v.Detail, "hunter2", text)
		require.NotEmpty(t, v.Detail, text)
	}
}

func TestDetailIsTheProvidersOwnMessageOnOneLine(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"error":{"message":"The server had an error","type":"server_error"}}`, "The server had an error"},
		{`{"error":{"message":"{\"error\":{\"code\":500,\"message\":\"An inner error\"}}","code":500}}`, "An inner error"},
		{`[{"error":{"code":500,"message":"In an array"}}]`, "In an array"},
		{`{"error":"a string"}`, "a string"},
		{`{"error":true,"message":"beside it"}`, "beside it"},
		{`{"object":"error","message":{"detail":[{"type":"x","msg":"Input should be a valid number"}]}}`, "Input should be a valid number"},
		{`{"errors":[{"message":"Capacity temporarily exceeded"}]}`, "Capacity temporarily exceeded"},
		{`{"type":"response.failed","response":{"id":"r","error":{"code":"server_error","message":"It failed"}}}`, "It failed"},
		{"<html><head><title>502 Bad Gateway</title><script>x = 1</script></head><body>\n<h1>502 Bad Gateway</h1></body></html>", "502 Bad Gateway 502 Bad Gateway"},
		{"two\n\tlines\r\nof   text", "two lines of text"},
		{"see https://api.example.com/v1/docs?x=1#y for more", "see api.example.com for more"},
		{"(see https://api.example.com/v1/docs), then go on", "(see api.example.com), then go on"},
		{`{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"At most 1 image\"}}"}}}`, "At most 1 image"},
		{"upstream http://10.0.0.1:8080/x failed", "upstream *** failed"},
		{"turned\u202eround", "turned round"},
		{"服务器内部错误", "服务器内部错误"},
		{"The model claude-3-5-sonnet-20241022 of meta-llama/Llama-3.3-70B-Instruct failed at 2026-01-02", "The model claude-3-5-sonnet-20241022 of meta-llama/Llama-3.3-70B-Instruct failed at 2026-01-02"},
		{"Bearer authentication is needed, so is basic sense", "Bearer authentication is needed, so is basic sense"},
		{"", ""},
	} {
		require.Equal(t, c.want, classify.Classify(classify.Failure{Status: 500, Body: c.body}).Detail, c.body)
	}
	require.Equal(t, "***", classify.Classify(classify.Failure{Status: 500, Body: strings.Repeat("x", 5000)}).Detail)
	inner := &classify.ErrorInfo{Message: "fetch failed", Cause: &classify.ErrorInfo{Message: "read ECONNRESET", Code: "ECONNRESET"}}
	require.Equal(t, "read ECONNRESET", classify.Classify(classify.Failure{Error: inner}).Detail)
}

func TestADetailHasAMaximumLength(t *testing.T) {
	for _, s := range []string{strings.Repeat("a word ", 1000), strings.Repeat("界", 1000), strings.Repeat("…é", 800)} {
		detail := classify.Classify(classify.Failure{Status: 500, Body: s}).Detail
		require.LessOrEqual(t, len(detail), 500)
		require.Greater(t, len(detail), 480)
		require.True(t, utf8.ValidString(detail))
		require.True(t, strings.HasSuffix(detail, "…"))
	}
}

func TestAuthenticationErrorsShowNoRawText(t *testing.T) {
	v := classify.Classify(classify.Failure{Status: 401, Body: `{"error":{"message":"Incorrect API key provided: abc"}}`, Provider: "openai"})
	require.Equal(t, classify.Auth, v.Kind)
	require.Empty(t, v.Detail)
	require.Equal(t, "Authentication failed", v.Title)
	require.Equal(t, "OpenAI did not accept the credentials.", v.Message)
}
