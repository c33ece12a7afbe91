package session_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// Half a line of a broken attempt must not reach a consumer that gets the rest
// from the next one: its reader would join the two.
func TestHalfALineIsNotDeliveredBeforeAResume(t *testing.T) {
	answer := chat("Once", " upon", " a time")
	got := func(half, end string) string {
		cfg := session.Config{CanReset: true}
		cfg.Policy.AfterCommit = retry.AfterCommitResume
		h := newHost(t, cfg,
			attempt{chunks: answer[:2], then: end},
			attempt{chunks: []string{half}, then: end},
			attempt{chunks: answer})
		require.Equal(t, session.DoFinish, h.run().Do)
		require.Len(t, h.opened, 3)
		require.Zero(t, h.resets)
		return h.got.String()
	}
	for _, end := range []string{"", "reset"} {
		for _, half := range []string{"d", "data", "data:", "data: {", ": pin", "\r", "\ndata"} {
			require.Equal(t, got("", end), got(half, end), "%q", half)
		}
	}
}
