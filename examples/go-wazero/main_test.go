package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
	"github.com/steadfetch/steadfetch/retry"
)

func TestTheModuleGetsTheAnswerThroughFaults(t *testing.T) {
	provider := chattest.New(t)
	run := provider.NewRun(chattest.Run{Text: "Hello, world!", Faults: []chattest.Fault{
		{Status: 503},
		{Kind: chattest.Drop, AtToken: 1},
	}})
	var out, notes strings.Builder
	policy := retry.Policy{InitialDelay: time.Millisecond}
	require.NoError(t, ask(t.Context(), run.URL()+"/v1", "Hello!", policy, &out, &notes))
	require.True(t, strings.HasSuffix(out.String(), "[from the beginning]\nHello, world!\n"), out.String())
	require.Equal(t, 2, strings.Count(notes.String(), "Retrying in"))
	require.Len(t, run.Requests(), 3)
}

func TestAPermanentFailureIsReturned(t *testing.T) {
	provider := chattest.New(t)
	run := provider.NewRun(chattest.Run{Faults: []chattest.Fault{{Status: 401, Times: -1}}})
	var out, notes strings.Builder
	var failure *retry.Error
	require.ErrorAs(t, ask(t.Context(), run.URL()+"/v1", "Hello!", retry.Policy{}, &out, &notes), &failure)
	require.Len(t, run.Requests(), 1)
}
