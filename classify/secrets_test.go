package classify_test

import (
	"encoding/base64"
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
)

const (
	lowerCase = "abcdefghijklmnopqrstuvwxyz"
	upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits    = "0123456789"
	hexDigits = "0123456789abcdef"
	base62    = lowerCase + upperCase + digits
	urlSafe   = base62 + "-_"
	base64s   = base62 + "+/"
)

// secretForms make keys in the forms that providers, clouds and sessions use.
var secretForms = map[string]func(pick func(alphabet string, n int) string) string{
	"OpenAI":         func(p func(string, int) string) string { return "sk-" + p(base62, 48) },
	"OpenAI project": func(p func(string, int) string) string { return "sk-" + "proj-" + p(urlSafe, 64) },
	"Anthropic":      func(p func(string, int) string) string { return "sk-" + "ant-api03-" + p(urlSafe, 86) },
	"OpenRouter":     func(p func(string, int) string) string { return "sk-" + "or-v1-" + p(hexDigits, 64) },
	"Google":         func(p func(string, int) string) string { return "AIza" + p(urlSafe, 35) },
	"Groq":           func(p func(string, int) string) string { return "gsk_" + p(base62, 52) },
	"xAI":            func(p func(string, int) string) string { return "xai-" + p(base62, 80) },
	"Hugging Face":   func(p func(string, int) string) string { return "hf_" + p(lowerCase+upperCase, 34) },
	"Replicate":      func(p func(string, int) string) string { return "r8_" + p(base62, 37) },
	"Perplexity":     func(p func(string, int) string) string { return "pplx-" + p(lowerCase+digits, 48) },
	"NVIDIA":         func(p func(string, int) string) string { return "nvapi-" + p(urlSafe, 64) },
	"GitHub":         func(p func(string, int) string) string { return "gh" + "p_" + p(base62, 36) },
	"GitLab":         func(p func(string, int) string) string { return "glpat-" + p(urlSafe, 20) },
	"AWS id":         func(p func(string, int) string) string { return "AKIA" + p(upperCase+"234567", 16) },
	"AWS secret":     func(p func(string, int) string) string { return p(base64s, 40) },
	"AWS session":    func(p func(string, int) string) string { return p(base64s, 120) + "==" },
	"Azure, Mistral": func(p func(string, int) string) string { return p(hexDigits, 32) },
	"Azure AI":       func(p func(string, int) string) string { return p(base62, 84) },
	"Cohere":         func(p func(string, int) string) string { return p(base62, 40) },
	"UUID": func(p func(string, int) string) string {
		return p(hexDigits, 8) + "-" + p(hexDigits, 4) + "-4" + p(hexDigits, 3) + "-a" + p(hexDigits, 3) + "-" + p(hexDigits, 12)
	},
	"Zhipu": func(p func(string, int) string) string { return p(hexDigits, 32) + "." + p(base62, 16) },
	"JWT": func(p func(string, int) string) string {
		return "eyJ" + p(urlSafe, 30) + ".eyJ" + p(urlSafe, 60) + "." + p(urlSafe, 43)
	},
	"small letters only": func(p func(string, int) string) string { return p(lowerCase, 32) },
	"letters only":       func(p func(string, int) string) string { return p(lowerCase+upperCase, 32) },
	"large letters only": func(p func(string, int) string) string { return p(upperCase, 24) },
	"base64": func(p func(string, int) string) string {
		return base64.StdEncoding.EncodeToString([]byte(p(base62, 30) + ":"))
	},
	"Slack": func(p func(string, int) string) string { return "xox" + "b-" + p(digits, 12) + "-" + p(base62, 24) },
}

// secretPlaces are texts with a secret where clients and servers sometimes show it.
var secretPlaces = []string{
	"Incorrect API key provided: %s. You can find your key in the console.",
	"The key %s is not allowed to use this model",
	`{"error":{"message":"token \"%s\" was rejected","type":"server_error"}}`,
	"request failed with headers {'Authorization': 'Bearer %s', 'accept': '*/*'}",
	"Cookie: theme=1; sid=%s; lang=en",
	"GET https://user:%s@gateway.example.com/v1/models failed",
	"POST https://h/p?scc=1&plt=%s returned nothing",
	"GET gateway.example.com/v1/x?session=%s failed",
	"AWS_SECRET_ACCESS_KEY=%s was not accepted",
	"curl -H \"x-api-key: %s\" did not answer",
	"authorization: AWS4-HMAC-SHA256 Credential=%s/20260301/us-east-1, Signature=abc",
	"session cookie %s has no owner",
	"the secret (%s) does not match",
	"upstream said: credential %s unknown",
}

func TestNoneOfManyRandomSecretsIsShown(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	pick := func(alphabet string, n int) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = alphabet[random.Intn(len(alphabet))]
		}
		return string(out)
	}
	for form, secret := range secretForms {
		shown := 0
		for range 300 {
			key := secret(pick)
			for _, place := range secretPlaces {
				text := strings.ReplaceAll(place, "%s", key)
				for _, f := range []classify.Failure{
					{Status: 500, Body: text},
					{Phase: classify.PhaseMidstream, Status: 200, Event: &classify.Event{Data: text}},
					{Error: &classify.ErrorInfo{Message: "fetch failed", Cause: &classify.ErrorInfo{Message: text}}},
				} {
					v := classify.Classify(f)
					out := v.Title + "\n" + v.Message + "\n" + v.Detail
					for n := 12; n <= len(key); n += 4 {
						if strings.Contains(out, key[n-12:n]) {
							if shown++; shown < 3 {
								t.Errorf("%s in %q: %s", form, place, v.Detail)
							}
							break
						}
					}
				}
			}
		}
	}
}

func TestAddressesMailsAndHomeFoldersAreMasked(t *testing.T) {
	for text, want := range map[string]string{
		"dial tcp 127.0.0.1:11434: connection refused":               "dial tcp ***: connection refused",
		"read tcp 10.0.0.7:53212->172.66.0.243:443: reset":           "read tcp ***->***: reset",
		"connect ECONNREFUSED ::1:3000":                              "connect ECONNREFUSED ***",
		"dial tcp [2606:4700::6810:85e5]:443: no route":              "dial tcp [***]:443: no route",
		"write to jane.doe@example.com for help":                     "write to *** for help",
		"cannot open /home/jane/.config/app.json":                    "cannot open ***",
		"cannot open /Users/jane/app.json, sorry":                    "cannot open ***, sorry",
		"version 1.2.3 of gpt-4.1 at 10:20:30":                       "version 1.2.3 of gpt-4.1 at 10:20:30",
		"net::ERR_HTTP2_PROTOCOL_ERROR":                              "net::ERR_HTTP2_PROTOCOL_ERROR",
		"std::bad_alloc in a::b::c":                                  "std::bad_alloc in a::b::c",
		"see console.groq.com/settings/limits for more":              "see console.groq.com for more",
		"go to https://a.example/b?c=d&e=f.":                         "go to a.example.",
		"too many tokens: total number of tokens":                    "too many tokens: total number of tokens",
		"Error Domain=NSURLErrorDomain Code=-1005":                   "Error Domain=NSURLErrorDomain Code=-1005",
		"key: meta-llama/Llama-3.3-70B-Instruct-Turbo has no access": "key: *** has no access",
		"the token limit of claude-3-5-sonnet-20241022 is low":       "the token limit of claude-3-5-sonnet-20241022 is low",
		"ResourceExhaustedException: no session":                     "ResourceExhaustedException: no session",
		"invalid_request_error: the key previous_response_not_found": "invalid_request_error: the key previous_response_not_found",
	} {
		require.Equal(t, want, classify.Classify(classify.Failure{Status: 500, Body: text}).Detail, text)
	}
}
