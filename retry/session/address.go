package session

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/ascii"
)

// backgroundURL returns the URL that serves the rest of an OpenAI Responses
// stream. It keeps the first request's parameters, such as Azure's api-version,
// except for those that are set here.
func backgroundURL(url, id string, after int64) string {
	path, query, _ := ascii.Cut(ascii.Before(url, "#"), "?")
	b := []byte(strings.TrimSuffix(path, "/") + "/" + id + "?")
	for query != "" {
		var pair string
		pair, query, _ = ascii.Cut(query, "&")
		if name := ascii.Before(pair, "="); pair != "" && name != "stream" && name != "starting_after" {
			b = append(b, pair+"&"...)
		}
	}
	return string(b) + "stream=true&starting_after=" + decimal(after)
}
