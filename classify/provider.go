package classify

import "strings"

// DisplayName is the name of a provider as people write it, or "" for a
// provider that is not known.
func DisplayName(provider string) string {
	switch provider {
	case "anthropic":
		return "Anthropic"
	case "openai":
		return "OpenAI"
	case "google":
		return "Google"
	}
	return ""
}

// ProviderOf is the short name of the provider that a request goes to: the
// hint if there is one, else told from the host of the URL, else "".
func ProviderOf(url, hint string) string {
	if hint != "" {
		return hint
	}
	switch {
	case strings.Contains(url, "anthropic.com"):
		return "anthropic"
	case strings.Contains(url, "openai.com"):
		return "openai"
	case strings.Contains(url, "googleapis.com"):
		return "google"
	}
	return ""
}
