package session

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheRestOfABackgroundAnswerHasAURLBelowTheFirstRequests(t *testing.T) {
	for first, want := range map[string]string{
		"https://api.openai.com/v1/responses":                                "https://api.openai.com/v1/responses/resp_1?stream=true&starting_after=7",
		"https://x.example/openai/responses/?api-version=2025-04-01-preview": "https://x.example/openai/responses/resp_1?api-version=2025-04-01-preview&stream=true&starting_after=7",
		"/api/responses?a=%2F&stream=false&starting_after=3&b#top":           "/api/responses/resp_1?a=%2F&b&stream=true&starting_after=7",
	} {
		require.Equal(t, want, backgroundURL(first, "resp_1", 7))
	}
}
