package classify

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// Text is what a person reads about a failure. In Title and Message, {who} stands for
// whose failure it is ("Anthropic", "The AI provider", "The server"), and {wait} for the
// wait that was asked for ("1 h 30 min"). No message asks the reader to try again: while
// the engine retries that would be wrong, and afterwards the page offers it.
type Text struct {
	Title, Message string
}

// texts has the text of each kind, and of those rules that can say more.
var texts = [...]struct {
	of string // a kind, or a rule
	Text
}{
	{of: string(RateLimit), Text: Text{Title: "Rate limited", Message: "{who} is limiting the rate of requests."}},
	{of: string(Overloaded), Text: Text{Title: "Service overloaded", Message: "{who} is temporarily overloaded."}},
	{of: string(Server), Text: Text{Title: "Provider error", Message: "{who} had an internal error."}},
	{of: string(Timeout), Text: Text{Title: "Request timed out", Message: "{who} took too long to answer."}},
	{of: string(Network), Text: Text{Title: "Connection lost", Message: "The connection was lost."}},
	{of: string(Auth), Text: Text{Title: "Authentication failed", Message: "{who} did not accept the credentials."}},
	{of: "missing_key", Text: Text{Title: "Authentication failed", Message: "{who} received no API key or sign-in."}},
	{of: string(Permission), Text: Text{Title: "Request failed", Message: "{who} does not allow this with this account."}},
	{of: "disabled", Text: Text{Title: "Request failed", Message: "{who} is disabled for this account or organization."}},
	{of: "firewall", Text: Text{Title: "Request failed", Message: "{who} blocked the request."}},
	{of: string(Quota), Text: Text{Title: "Usage limit reached", Message: "{who} reports that the usage limit is reached."}},
	{of: string(ContextLength), Text: Text{Title: "Conversation too long", Message: "The conversation is longer than the model can take."}},
	{of: string(ModelNotFound), Text: Text{Title: "Model not available", Message: "{who} does not offer this model here."}},
	{of: string(InvalidRequest), Text: Text{Title: "Request failed", Message: "{who} did not accept the request."}},
	{of: string(ContentPolicy), Text: Text{Title: "Response blocked", Message: "{who} blocked this by its content policy."}},
	{of: string(Canceled), Text: Text{Title: "Stopped", Message: "The request was canceled."}},
	{of: string(TooLarge), Text: Text{Title: "Request failed", Message: "The request is larger than allowed."}},
	{of: string(TLS), Text: Text{Title: "Request failed", Message: "No secure connection could be made."}},
	{of: string(Conflict), Text: Text{Title: "Request failed", Message: "The request conflicts with another one."}},
	{of: string(Unknown), Text: Text{Title: "Request failed", Message: "The request failed for an unknown reason."}},
	{of: string(Silence), Text: Text{Title: "Response stalled", Message: "{who} stopped sending."}},
	{of: string(Truncated), Text: Text{Title: "Connection lost", Message: "The answer broke off."}},
	{of: string(EmptyOutput), Text: Text{Title: "Provider error", Message: "{who} sent an empty answer."}},
	{of: string(Unreadable), Text: Text{Title: "Provider error", Message: "{who} sent an event that cannot be read."}},
	{of: string(NetworkOrCORS), Text: Text{Title: "Connection lost", Message: "{who} could not be reached from this page."}},
	{of: string(RetryAfterTooLong), Text: Text{Title: "Rate limited", Message: "{who} asks to wait {wait}, which is more than is allowed here."}},
	{of: string(AttemptsExhausted), Text: Text{Title: "Request failed", Message: "Several attempts failed."}},
	{of: string(MaxElapsedExceeded), Text: Text{Title: "Request failed", Message: "The time for retrying is over."}},
	{of: string(StoppedByUser), Text: Text{Title: "Stopped", Message: "The request was stopped."}},
	{of: string(SeamMismatch), Text: Text{Title: "Connection lost", Message: "The answer could not be continued where it broke off."}},
	{of: string(NotReplayable), Text: Text{Title: "Request failed", Message: "The request cannot be sent a second time."}},
}

// textOf returns the text for v's rule, else for its kind, else nil.
func textOf(v *Verdict) *Text {
	var text *Text
	for i := range texts {
		if t := &texts[i]; t.of == string(v.Kind) && text == nil || t.of == v.Rule {
			text = &t.Text
		}
	}
	return text
}

// Describe sets Title and Message by the other fields. Call it again after a change of
// Kind, Rule, Provider, Party or RetryAfterMs.
func (v *Verdict) Describe() {
	text := textOf(v)
	if text == nil {
		return
	}
	v.Title, v.Message = text.Title, fill(text.Message, v)
	// The message also names a wait that ends the retrying.
	if !v.Retryable && v.RetryAfterMs != nil && *v.RetryAfterMs > longWaitMs && v.Kind != RetryAfterTooLong {
		who := "{who}"
		if ascii.HasPrefixFold(text.Message, who) {
			who = "It"
		}
		v.Message += " " + fill(who+" asks to wait {wait}.", v)
	}
}

// fill replaces {who} and {wait}.
func fill(text string, v *Verdict) string {
	open := strings.IndexByte(text, '{')
	if open < 0 {
		return text
	}
	name, rest := ascii.CutByte(text[open+1:], '}')
	switch {
	case name == "who":
		name = v.who()
	case v.RetryAfterMs != nil:
		name = waitText(*v.RetryAfterMs)
	default:
		name = "longer"
	}
	return text[:open] + name + fill(rest, v)
}

// waitText returns a wait in its two largest units: "1 h 30 min".
func waitText(ms int64) string {
	out := make([]byte, 0, 16)
	ms += aSecond - 1
	for i := len(units) - 1; i > 0; i-- {
		u := &units[i]
		n := ms / u.ms
		if n == 0 && len(out) == 0 && i > 1 {
			continue
		}
		if len(out) > 0 {
			if n > 0 {
				out = jsonscan.AppendInt(append(out, ' '), n)
				out = append(append(out, ' '), u.short...)
			}
			break
		}
		out = jsonscan.AppendInt(out, n)
		out = append(append(out, ' '), u.short...)
		ms -= n * u.ms
	}
	return string(out)
}

// apiPaths are parts of the paths of providers' APIs, and of servers that speak their
// protocols.
const apiPaths = "/v1 /chat/completions /responses /messages /deployments /models :generatecontent :streamgeneratecontent"

// party returns whose failure it is, if not the provider's: that of something on the
// way or, if the address is not one of a model API, of the application's own server.
func party(f *Failure, v *Verdict) Party {
	switch v.Rule {
	case "proxy_credentials":
		return PartyProxy
	case "firewall":
		return PartyFirewall
	}
	if f.URL == "" || v.Provider != "" || !ascii.HasPrefixFold(textOf(v).Message, "{who}") {
		return ""
	}
	for rest := apiPaths; rest != ""; {
		var path string
		path, rest = ascii.CutByte(rest, ' ')
		if ascii.IndexFold(f.URL, path) >= 0 {
			return ""
		}
	}
	return PartyServer
}

// who returns the name of whose failure it is.
func (v *Verdict) who() string {
	switch v.Party {
	case PartyServer:
		return "The server"
	case PartyProxy:
		return "A proxy on the way"
	case PartyFirewall:
		return "A firewall on the way"
	}
	if name := displayName(v.Provider); name != "" {
		return name
	}
	return "The AI provider"
}

// NewVerdict returns the verdict on a failure that the retry engine itself found: a
// silent or truncated stream, an empty answer, a limit of its own. Silence, Truncated,
// EmptyOutput, Unreadable, Network, NetworkOrCORS and Timeout are retryable, every other
// kind is not. Rule is the name of the kind. Of f only Provider, URL and Headers count,
// to find the provider.
func NewVerdict(kind Kind, f *Failure) *Verdict {
	v := &Verdict{Kind: kind, Provider: providerOf(f), Rule: string(kind)}
	v.Retryable = ascii.ListedFold("silence truncated empty_output unreadable network network_or_cors timeout", v.Rule)
	v.Party = party(f, v)
	v.Describe()
	return v
}
