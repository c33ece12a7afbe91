package classify

// anyProvider begins the messages in which a known provider's name takes its place.
const anyProvider = "The AI provider"

// wording is one line a kind: its title, and its message. No message asks to
// try again: while the engine retries that would be wrong, and afterwards the
// page offers it.
const wording = `rate_limit|Rate limited|The AI provider is limiting the rate of requests.
overloaded|Service overloaded|The AI provider is temporarily overloaded.
server|Provider error|The AI provider had an internal error.
timeout|Request timed out|The AI provider took too long to answer.
network|Connection lost|The connection was lost.
auth|Authentication failed|The AI provider did not accept the credentials.
permission|Request failed|The AI provider does not allow this with this account.
quota|Usage limit reached|The AI provider reports that the usage limit is reached.
context_length|Conversation too long|The conversation is longer than the model can take.
model_not_found|Model not available|The AI provider does not offer this model here.
invalid_request|Request failed|The AI provider did not accept the request.
content_policy|Response blocked|The AI provider blocked this by its content policy.
canceled|Stopped|The request was canceled.
too_large|Request failed|The request is larger than allowed.
tls|Request failed|No secure connection could be made.
conflict|Request failed|The request conflicts with another one.
unknown|Request failed|The request failed for an unknown reason.
silence|Response stalled|The AI provider stopped sending.
truncated|Connection lost|The answer broke off.
empty_output|Provider error|The AI provider sent an empty answer.
unreadable|Provider error|The AI provider sent an event that cannot be read.
network_or_cors|Connection lost|The AI provider could not be reached from this page.
retry_after_too_long|Rate limited|The AI provider asks for a longer wait than is allowed here.
attempts_exhausted|Request failed|Several attempts failed.
max_elapsed_exceeded|Request failed|The time for retrying is over.
stopped_by_user|Stopped|The request was stopped.
seam_mismatch|Connection lost|The answer could not be continued where it broke off.
not_replayable|Request failed|The request cannot be sent a second time.
`

// setText fills in what a person may read.
func setText(v *Verdict) {
	for rest := wording; rest != ""; {
		var line, kind string
		line, rest = cut(rest, '\n')
		if kind, line = cut(line, '|'); kind == string(v.Kind) {
			v.Title, v.Message = cut(line, '|')
			break
		}
	}
	if name := DisplayName(v.Provider); name != "" && foldPrefix(v.Message, anyProvider) {
		v.Message = name + v.Message[len(anyProvider):]
	}
}

// NewVerdict is the verdict on a failure that the retry engine itself found:
// a silent or truncated stream, an empty answer, a limit of its own. Silence,
// Truncated, EmptyOutput, Unreadable, Network, NetworkOrCORS and Timeout are retryable,
// every other kind is not. The rule's name is the kind's.
func NewVerdict(kind Kind, provider string) *Verdict {
	v := &Verdict{Kind: kind, Provider: provider, Rule: string(kind)}
	v.Retryable = listed("silence truncated empty_output unreadable network network_or_cors timeout", v.Rule)
	setText(v)
	return v
}
