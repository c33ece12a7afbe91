//go:build !tinygo

package classify

import "strings"

// Texts are an application's own texts, in its own language, by kind or by rule; a rule
// takes precedence: Texts{"rate_limit": {Title: "Zu schnell", Message: "{who} bremst.
// Wartezeit: {wait}"}}. Verdicts of other kinds keep their English texts.
//
// The Title of the keys "provider", "server", "proxy" and "firewall" is what {who}
// stands for if there is no provider with a name of its own.
type Texts map[string]Text

// Apply replaces v's Title and Message by those in t, if there are any. {wait} is empty
// if v has no wait.
func (t Texts) Apply(v *Verdict) {
	text, ok := t[v.Rule]
	if !ok {
		if text, ok = t[string(v.Kind)]; !ok {
			return
		}
	}
	who := v.who()
	party := string(v.Party)
	if party == "" && displayName(v.Provider) == "" {
		party = "provider"
	}
	if name, ok := t[party]; ok {
		who = name.Title
	}
	wait := ""
	if v.RetryAfterMs != nil {
		wait = waitText(*v.RetryAfterMs)
	}
	words := strings.NewReplacer("{who}", who, "{wait}", wait)
	v.Title, v.Message = words.Replace(text.Title), words.Replace(text.Message)
}
