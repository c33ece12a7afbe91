package classify

import "strings"

// wording is one line a kind: its title, and its message, where % is the
// provider's name. No message asks to try again: while the engine retries
// that would be wrong, and afterwards the page offers it.
const wording = `rate_limit|Rate limited|% is limiting the rate of requests.
overloaded|Service overloaded|% is temporarily overloaded.
server|Provider error|% had an internal error.
timeout|Request timed out|% took too long to answer.
network|Connection lost|The connection to % was lost.
auth|Authentication failed|% did not accept the credentials. Check the API key.
permission|Request failed|% does not allow this request for this account or key.
quota|Usage limit reached|The usage limit or credit at % is used up.
context_length|Conversation too long|The conversation is longer than the model of % can take.
model_not_found|Model not available|% does not offer this model to this account.
invalid_request|Request failed|% did not accept the request.
content_policy|Response blocked|% blocked this content by its policy.
canceled|Stopped|The request was canceled.
too_large|Request failed|The request is larger than % allows.
tls|Request failed|No secure connection to % could be made: its certificate was not accepted.
unknown|Request failed|% answered with an unknown error.
silence|Response stalled|% stopped sending.
truncated|Connection lost|The answer of % broke off.
empty_output|Provider error|% sent an empty answer.
network_or_cors|Connection lost|% could not be reached from this page.
retry_after_too_long|Rate limited|% asks to wait longer than is allowed here.
attempts_exhausted|Request failed|% did not answer after several attempts.
max_elapsed_exceeded|Request failed|% did not answer in the time allowed.
stopped_by_user|Stopped|The request was stopped.
seam_mismatch|Connection lost|The answer of % could not be continued where it broke off.
not_replayable|Request failed|The request cannot be sent a second time.
`

// setText fills in what a person may read.
func setText(v *Verdict) {
	rest := wording
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		kind, line, _ := strings.Cut(line, "|")
		if kind != string(v.Kind) {
			continue
		}
		title, message, _ := strings.Cut(line, "|")
		v.Title = title
		before, after, found := strings.Cut(message, "%")
		if !found {
			v.Message = message
			return
		}
		name := DisplayName(v.Provider)
		if name == "" {
			name = "The AI provider"
			if before != "" {
				name = "the AI provider"
			}
		}
		v.Message = before + name + after
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
