package classify

import "strings"

// wording is one line a kind: its title, and its message, with words for
// the provider that its name takes the place of. No message asks to try again: while the engine retries
// that would be wrong, and afterwards the page offers it.
const wording = `rate_limit|Rate limited|The AI provider is limiting the rate of requests.
overloaded|Service overloaded|The AI provider is temporarily overloaded.
server|Provider error|The AI provider had an internal error.
timeout|Request timed out|The AI provider took too long to answer.
network|Connection lost|The connection to the AI provider was lost.
auth|Authentication failed|The AI provider did not accept the credentials. Check the API key.
permission|Request failed|The AI provider does not allow this request for this account or key.
quota|Usage limit reached|The usage limit or credit at the AI provider is used up.
context_length|Conversation too long|The conversation is longer than the model of the AI provider can take.
model_not_found|Model not available|The AI provider does not offer this model to this account.
invalid_request|Request failed|The AI provider did not accept the request.
content_policy|Response blocked|The AI provider blocked this content by its policy.
canceled|Stopped|The request was canceled.
too_large|Request failed|The request is larger than the AI provider allows.
tls|Request failed|No secure connection to the AI provider could be made: its certificate was not accepted.
unknown|Request failed|The AI provider answered with an unknown error.
silence|Response stalled|The AI provider stopped sending.
truncated|Connection lost|The answer of the AI provider broke off.
empty_output|Provider error|The AI provider sent an empty answer.
network_or_cors|Connection lost|The AI provider could not be reached from this page.
retry_after_too_long|Rate limited|The AI provider asks to wait longer than is allowed here.
attempts_exhausted|Request failed|The AI provider did not answer after several attempts.
max_elapsed_exceeded|Request failed|The AI provider did not answer in the time allowed.
stopped_by_user|Stopped|The request was stopped.
seam_mismatch|Connection lost|The answer of the AI provider could not be continued where it broke off.
not_replayable|Request failed|The request cannot be sent a second time.
`

// anyProvider is the provider's name in wording, for want of a better.
const anyProvider = "he AI provider"

// setText fills in what a person may read.
func setText(v *Verdict) {
	for rest := wording; rest != ""; {
		var line, kind string
		line, rest, _ = strings.Cut(rest, "\n")
		kind, line, _ = strings.Cut(line, "|")
		if kind != string(v.Kind) {
			continue
		}
		v.Title, v.Message, _ = strings.Cut(line, "|")
		if name := DisplayName(v.Provider); name != "" {
			if at := strings.Index(v.Message, anyProvider); at > 0 {
				v.Message = v.Message[:at-1] + name + v.Message[at+len(anyProvider):]
			}
		}
		return
	}
}

// NewVerdict is the verdict on a failure that the retry engine itself found:
// a silent or truncated stream, an empty answer, a limit of its own. Silence,
// Truncated, EmptyOutput, Network, NetworkOrCORS and Timeout are retryable,
// every other kind is not. The rule's name is the kind's.
func NewVerdict(kind Kind, provider string) Verdict {
	v := Verdict{Kind: kind, Provider: provider, Rule: string(kind)}
	switch kind {
	case Silence, Truncated, EmptyOutput, Network, NetworkOrCORS, Timeout:
		v.Retryable = true
	}
	setText(&v)
	return v
}
