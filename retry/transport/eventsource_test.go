package transport

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry"
)

func TestStreamsOfEventsAreReadAsTheStandardSays(t *testing.T) {
	text, err := os.ReadFile("../../testdata/eventsource/format.json")
	require.NoError(t, err)
	type event struct{ Type, Data, ID string }
	var file struct {
		Cases []struct {
			Name, Stream string
			Events       []event
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.Greater(t, len(file.Cases), 20)
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			read := func(chunks ...string) (events []event) {
				tr := newTransport(newProvider(attemptScript{chunks: chunks}))
				req := eventsRequest(t, tr)
				for e, err := range tr.Stream(req) {
					require.NoError(t, err)
					if e.Type == retry.ChatStreamEventTypeMessage {
						events = append(events, event{e.Name, e.Data, e.ID})
					}
				}
				return events
			}
			require.Equal(t, c.Events, read(c.Stream))
			var bytes []string
			for i := range len(c.Stream) {
				bytes = append(bytes, c.Stream[i:i+1])
			}
			require.Equal(t, c.Events, read(bytes...))
			for at := 1; at < min(len(c.Stream), 100); at++ {
				require.Equal(t, c.Events, read(c.Stream[:at], c.Stream[at:]), "cut at %d", at)
			}
		})
	}
}
