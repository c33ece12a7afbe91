package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHandlesThatAreWrongOrFreedAreRefused(t *testing.T) {
	config := `{"policy":{"max_attempts":2},"request":{"url":"https://x/v1/messages"}}`
	open := func() int32 {
		buffer(int32(len(config)))
		copy(input, config)
		return sessionNew(int32(len(config)))
	}
	a, b := open(), open()
	require.Positive(t, a)
	require.NotEqual(t, a, b)
	sessionFree(a)
	require.Negative(t, sessionSnapshot(a))
	require.Positive(t, sessionSnapshot(b))
	c := open()
	require.NotEqual(t, a, c, "a stale handle does not find the next session")
	for _, h := range []int32{0, -1, a, 1 << 30, 0x10000 + 999} {
		require.Negative(t, sessionSnapshot(h))
		require.Negative(t, sessionEvent(h, 2))
		require.Negative(t, sessionChunk(h, 1, 2, 0))
		sessionFree(h)
	}
}

func TestInvalidOptionsAreRefused(t *testing.T) {
	for in, want := range map[string]string{
		`{"max_attempts":-1}`:     "retry: max_attempts must be a number of at least 0",
		`{"max_delay_ms":"soon"}`: "retry: max_delay_ms must be a number of at least 0",
		`{"jitter":"some"}`:       "retry: jitter must be one of these: none full equal",
		`{"retries":3}`:           "retry: there is no option retries",
		`[]`:                      "retry: a policy must be a JSON object",
	} {
		buffer(int32(len(in)))
		copy(input, in)
		n := policyOf(int32(len(in)))
		require.Negative(t, n, in)
		require.Contains(t, string(output.Text[:-n]), want)
	}
}

func TestTheErrorOfTooManySessionsNamesTheLimit(t *testing.T) {
	taken := []int32{}
	defer func() {
		for _, h := range taken {
			vacate(h)
		}
	}()
	for slot := occupy(); slot != nil; slot = occupy() {
		taken = append(taken, slot.handle)
	}
	config := `{"policy":{},"request":{}}`
	open := func() int32 {
		buffer(int32(len(config)))
		copy(input, config)
		return sessionNew(int32(len(config)))
	}
	n := open()
	require.Negative(t, n)
	require.Contains(t, string(output.Text[:-n]), "65536 sessions are open")
	vacate(taken[0])
	taken = taken[1:]
	h := open()
	require.Positive(t, h, "one slot is free again")
	sessionFree(h)
}
