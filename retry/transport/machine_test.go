package transport

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry/session"
)

func TestAStreamIsReadWhileOthersHoldTheLock(t *testing.T) {
	group := &Group{}
	m, err := group.open(session.Config{Request: session.Request{Method: "POST", URL: chatURL, Body: `{"model":"m","stream":true}`}})
	require.NoError(t, err)
	h := session.Holder{Machine: m}
	now := time.Now().UnixMilli()
	for _, what := range []session.Happened{
		{What: session.OnStart, Now: now},
		{What: session.OnResponse, Now: now, Attempt: 1, Status: 200, Headers: map[string]string{"content-type": "text/event-stream"}},
	} {
		_, err := h.Step(&what)
		require.NoError(t, err)
	}
	_, a, err := h.Chunk(1, now, []byte(chatRole()+chatToken("A")))
	require.NoError(t, err)
	require.True(t, a.Committed)

	group.mu.Lock()
	defer group.mu.Unlock()
	read := make(chan string)
	go func() {
		_, _, _ = h.Chunk(1, now, []byte(chatToken("B")))
		read <- string(h.Bytes())
	}()
	select {
	case got := <-read:
		require.Equal(t, chatToken("B"), got)
	case <-time.After(10 * time.Second):
		t.Fatal("reading waits for the lock")
	}
}
