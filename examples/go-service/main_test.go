package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
	"github.com/steadfetch/steadfetch/retry"
)

func TestAPageGetsTheAnswerAndTheRetryEvents(t *testing.T) {
	provider := chattest.New(t)
	run := provider.NewRun(chattest.Run{Text: "Hello, world!", Faults: []chattest.Fault{
		{Status: http.StatusServiceUnavailable},
		{Kind: chattest.Drop, AtToken: 1},
	}})
	s := &service{base: run.URL() + "/v1", key: "none", policy: retry.Policy{InitialDelay: time.Millisecond}}
	server := httptest.NewServer(s.handler())
	t.Cleanup(server.Close)

	response, err := http.Post(server.URL+"/api/chat", "application/json", strings.NewReader(`{"prompt":"Hello!"}`))
	require.NoError(t, err)
	defer response.Body.Close()
	var types []string
	text := ""
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var event struct {
			Type    string
			Message struct{ Data string }
		}
		require.NoError(t, json.Unmarshal([]byte(data), &event))
		if event.Type == "reset" {
			text = ""
		}
		var chunk struct {
			Choices []struct{ Delta struct{ Content string } }
		}
		if json.Unmarshal([]byte(event.Message.Data), &chunk) == nil && len(chunk.Choices) > 0 {
			text += chunk.Choices[0].Delta.Content
		}
		types = append(types, event.Type)
	}
	require.Equal(t, "Hello, world!", text)
	require.Contains(t, types, "retry")
	require.Contains(t, types, "reset")
	require.Equal(t, "finish", types[len(types)-1])
	require.Len(t, run.Requests(), 3)
	require.Equal(t, "Bearer none", run.Requests()[0].Headers["authorization"])
}

func TestABodyThatIsNotJSONIsRefused(t *testing.T) {
	server := httptest.NewServer((&service{}).handler())
	t.Cleanup(server.Close)
	response, err := http.Post(server.URL+"/api/chat", "application/json", strings.NewReader("Hello!"))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusBadRequest, response.StatusCode)
}
