package classify

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// spelled returns an example of a text for each single phrase of a list.
func spelled(phrases string) (texts []string) {
	for _, phrase := range strings.Split(phrases, ";") {
		head, tails, found := strings.Cut(phrase, ":")
		for _, tail := range strings.Split(tails, ",") {
			text := head
			if found {
				text += " " + tail
			}
			text = strings.NewReplacer("*", "", "|", "", "~", "of ours", "#", "7").Replace(text)
			texts = append(texts, strings.Join(strings.Fields(text), " "))
		}
	}
	return texts
}

func eachPhrase(visit func(f fact, w *wording)) {
	for f := none + 1; f <= lexical; f++ {
		visit(f, &phrases[f])
	}
}

func TestNoPhraseHasAFiller(t *testing.T) {
	words := strings.FieldsFunc(fillers, func(r rune) bool { return r == ' ' })
	eachPhrase(func(f fact, w *wording) {
		for _, phrase := range spelled(w.full + ";" + w.loose) {
			for _, word := range strings.Fields(phrase) {
				require.False(t, slices.Contains(words, word), "%d: %s", f, phrase)
			}
		}
	})
}

func TestEveryPhraseIsWrittenInTheFormOfTheScan(t *testing.T) {
	eachPhrase(func(f fact, w *wording) {
		require.NotEmpty(t, w.full+w.loose, f)
		for _, list := range []string{w.full, w.loose} {
			if list == "" {
				continue
			}
			for _, phrase := range strings.Split(list, ";") {
				require.Equal(t, strings.ToLower(phrase), phrase)
				require.Equal(t, strings.TrimSpace(phrase), phrase)
				require.LessOrEqual(t, strings.Count(phrase, ":"), 1, phrase)
				require.Greater(t, len(strings.Trim(phrase, "*|")), 1, phrase)
				for _, alone := range strings.Split(strings.ReplaceAll(phrase, ":", ","), ",") {
					star := strings.IndexByte(alone, '*')
					require.True(t, star <= 0 || star == len(alone)-1, "a star ends a phrase: %s", phrase)
				}
			}
		}
	})
}

func TestALooseWordNeverMakesAServerErrorPermanent(t *testing.T) {
	sentences := []string{
		"the % service is starting", "worker died while it read % from disk", "% of partitions is lost", "retry later: % is being rebuilt",
		`{"error":{"message":"cannot reach the % backend","type":"server_error"}}`, "Error while % was read",
	}
	loose := []string{
		"retry budget exceeded", "the balance of partitions is lost", "Elastic Load Balance: service is starting", "billing", "quota", "credits", "usage", "spending",
		"limit", "token", "key", "certificate", "policy", "content", "blocked", "forbidden", "permission", "access", "account", "organization", "model", "context",
		"length", "prompt", "region", "country", "subscription", "plan", "payment", "invoice", "daily", "monthly", "weekly", "safety", "sensitive", "flagged", "gated",
		"deprecated", "suspended", "disabled", "expired", "revoked", "invalid", "unsupported", "not found", "missing", "malformed", "firewall", "verification",
		"authentication", "authorization", "signature", "credential", "session", "login", "moderation", "guardrail", "request size", "maximum", "validation",
	}
	eachPhrase(func(f fact, w *wording) {
		if w.loose != "" {
			loose = append(loose, spelled(w.loose)...)
		}
	})
	require.Greater(t, len(loose), 300)
	for _, words := range loose {
		for _, sentence := range sentences {
			text := strings.ReplaceAll(sentence, "%", words)
			for _, status := range []int{500, 502, 503, 504, 529} {
				v := Classify(Failure{Phase: PhaseResponse, Status: status, Body: text})
				if !v.Retryable {
					t.Errorf("%d %s: %s", status, text, v.Rule)
				}
			}
		}
	}
}

func TestADenialOrAdviceIsNotAStatement(t *testing.T) {
	for text, retryable := range map[string]bool{
		"This is not your usage limit, the servers are slow":              true,
		"Failed requests do not count against your quota":                 true,
		"This does not count toward your usage limits.":                   true,
		"You have not exceeded your quota":                                true,
		"Internal error. If you have exceeded your quota, upgrade.":       true,
		"Internal error. Check that your credit balance is not exhausted": true,
		"Please make sure that your API key is not expired":               true,
		"Your credit balance is too low":                                  false,
		"You have exceeded your quota":                                    false,
		"You've hit your usage limit":                                     false,
	} {
		require.Equal(t, retryable, Classify(Failure{Status: 500, Body: text}).Retryable, text)
	}
	v := Classify(Failure{Status: 404, Body: "Not found. Check that you have access to the model and that it exists."})
	require.Equal(t, ModelNotFound, v.Kind)
}

func TestAPermanentErrorInsideOutranksTheWrappersWord(t *testing.T) {
	wrappers := []string{
		`{"type":"error","error":{"type":"overloaded_error","message":"%"}}`, `{"error":{"message":"Upstream error: %","type":"server_error"}}`,
		`upstream error: %`, `{"error":"{\"error\":{\"message\":\"%\"}}"}`, `Service temporarily unavailable: {'error': {'message': '%'}}`,
		strings.Repeat("at worker in module something happened ", 500) + "%",
	}
	for text, kind := range map[string]Kind{
		"You exceeded your daily quota":                                          Quota,
		"Your credit balance is too low to access the API":                       Quota,
		"insufficient_quota":                                                     Quota,
		"Incorrect API key provided":                                             Auth,
		"invalid x-api-key":                                                      Auth,
		"prompt is too long: 210883 tokens > 199999 maximum":                     ContextLength,
		"This model's maximum context length is 128000 tokens":                   ContextLength,
		"The model `gpt-9` does not exist or you do not have access to it.":      ModelNotFound,
		"quota metric GenerateRequestsPerDayPerProjectPerModel":                  Quota,
		"Your organization has been disabled.":                                   Permission,
		"The response was filtered due to the prompt triggering content filters": ContentPolicy,
	} {
		for _, wrapper := range wrappers {
			for _, status := range []int{500, 502, 503, 529} {
				v := Classify(Failure{Phase: PhaseResponse, Status: status, Body: strings.ReplaceAll(wrapper, "%", text)})
				require.False(t, v.Retryable, "%d %.60s %s", status, wrapper, text)
				require.Equal(t, kind, v.Kind, "%d %.60s %s: %s", status, wrapper, text, v.Rule)
			}
		}
	}
}

func TestAProvidersCodesCountOnlyForIt(t *testing.T) {
	body := `{"error":{"code":"1301","message":"it went wrong"}}`
	require.Equal(t, ContentPolicy, Classify(Failure{Status: 500, Body: body, Provider: "zhipu"}).Kind)
	require.Equal(t, ContentPolicy, Classify(Failure{Status: 500, Body: body, URL: "https://api.z.ai/api/paas/v4/chat/completions"}).Kind)
	for _, provider := range []string{"openai", "minimax", ""} {
		v := Classify(Failure{Status: 500, Body: body, Provider: provider})
		require.Equal(t, Server, v.Kind, provider)
		require.True(t, v.Retryable)
	}
	v := Classify(Failure{Status: 200, Body: `{"base_resp":{"status_code":1008,"status_msg":"rate limit"}}`, Provider: "minimax"})
	require.Equal(t, Quota, v.Kind, "the code counts before any text")
	require.Equal(t, RateLimit, Classify(Failure{Status: 500, Body: `{"error":{"code":"1302","message":"余额"}}`, Provider: "zhipu"}).Kind)
}

// Only the meaning of its code is known of such an error. So a rule must decide by that
// alone, and no other code of the provider may come first.
func TestAProvidersCodeDecidesByWhatItMeans(t *testing.T) {
	for i := range providers {
		for _, c := range providers[i].codes {
			for _, text := range spelled(c.phrases) {
				v := Classify(Failure{Status: 400, Body: `{"` + strings.Replace(text, " ", `":"`, 1) + `"}`, Provider: providers[i].id})
				decided := slices.IndexFunc(rules[:], func(r rule) bool { return r.name == v.Rule })
				require.Contains(t, rules[decided].any, c.means, "%s, %s: no rule decides by its meaning alone, %s decided", providers[i].id, text, v.Rule)
			}
		}
	}
}

func TestStatusAndContextDecideBetweenTwoMeaningsOfAText(t *testing.T) {
	judge := func(status int, body string) Verdict {
		return Classify(Failure{Phase: PhaseResponse, Status: status, Body: body})
	}
	require.Equal(t, RateLimit, judge(429, "too many tokens").Kind)
	require.Equal(t, RateLimit, judge(400, "Too many tokens per minute").Kind)
	require.Equal(t, RateLimit, judge(400, "Too many tokens, please wait 20 seconds before trying again.").Kind)
	require.Equal(t, ContextLength, judge(400, "too many tokens").Kind)
	require.Equal(t, InvalidRequest, judge(400, `"logprobs" is not permitted`).Kind)
	require.Equal(t, InvalidRequest, judge(422, "Key 'foo' not permitted").Kind)
	require.Equal(t, Permission, judge(403, "Operation not permitted").Kind)
}

func TestAnInvitationToTryAgainCountsOnlyInErrorsOfRequests(t *testing.T) {
	judge := func(text string, foreign bool) Verdict {
		return Classify(Failure{Foreign: foreign, Error: &ErrorInfo{Message: text}})
	}
	for text, kind := range map[string]Kind{
		"It did not work out, please try again later": Server,
		"Not now: please retry in 8s":                 RateLimit,
		"The request queue is full":                   Overloaded,
		"cache is warming up, please wait":            Overloaded,
		"An error occurred while processing request":  Server,
		"出了点问题，请稍后再试":                                 Server,
	} {
		v := judge(text, false)
		require.True(t, v.Retryable, text)
		require.Equal(t, kind, v.Kind, text)
		require.False(t, judge(text, true).Retryable && text != "The request queue is full", "of one's own code: %s", text)
	}
	for _, text := range []string{
		"Choose another folder and try again", "Sign in, then try again", "Top up and try again", "Fix the schema and try again", "Do not retry",
	} {
		require.False(t, judge(text, false).Retryable, text)
	}
	v := Classify(Failure{Status: 400, Body: "that cannot work; please try again later"})
	require.False(t, v.Retryable, "the status says whose failure it is")
}

func TestAWordOfRetirementIsAboutAModelOnlyIfTheTextMentionsOne(t *testing.T) {
	judge := func(body string) Kind { return Classify(Failure{Status: 400, Body: body}).Kind }
	require.Equal(t, ModelNotFound, judge("Model x-large has been discontinued"))
	require.Equal(t, InvalidRequest, judge("Request trying to use a deprecated SDK version"))
	require.Equal(t, InvalidRequest, judge("The field `functions` is deprecated"))
}
