//go:build !tinygo

package classify

import "strings"

// Texts are an application's own words, in its own language, by kind or, more
// closely, by rule: Texts{"rate_limit": {Title: "Zu schnell", Message: "{who}
// bremst. Wartezeit: {wait}"}}. What has no line keeps the words it has.
//
// The keys "provider", "server", "proxy" and "firewall" give in Title what {who}
// stands for where no provider's name does.
type Texts map[string]Text

// Apply puts t's words in the place of v's.
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
