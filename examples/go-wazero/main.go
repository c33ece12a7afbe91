// Command go-wazero asks a question with the engine that pages run, on wazero:
//
//	OPENAI_API_KEY=… go run ./examples/go-wazero "Tell me a story."
//
// Without setting Engine it makes the same decisions, faster.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"

	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/transport"
	"github.com/steadfetch/steadfetch/wasm"
)

// ask writes the answer to out, and each wait before a retry to notes.
func ask(ctx context.Context, base, prompt string, policy retry.Policy, out, notes io.Writer) error {
	engine, err := wasm.NewEngine(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = engine.Close() }()
	body, err := json.Marshal(map[string]any{
		"model": "gpt-5", "stream": true,
		"messages": []map[string]string{{"role": "user", "content": prompt}},
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/chat/completions", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+os.Getenv("OPENAI_API_KEY"))

	// An Engine keeps the rate limits of its own sessions, so its transports need their own Group.
	steady := &transport.Transport{Engine: engine, Group: &transport.Group{}, Policy: policy}
	for event, err := range steady.Stream(request) {
		if err != nil {
			return err
		}
		switch event.Type {
		case retry.ChatStreamEventTypeMessage:
			_, _ = io.WriteString(out, event.Text)
		case retry.ChatStreamEventTypeReset:
			_, _ = io.WriteString(out, "\n[from the beginning]\n")
		case retry.ChatStreamEventTypeRetry:
			_, _ = fmt.Fprintf(notes, "%s Retrying in %d ms.\n", event.Retry.Error, event.Retry.DelayMs)
		}
	}
	_, err = io.WriteString(out, "\n")
	return err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	base := cmp.Or(os.Getenv("OPENAI_BASE_URL"), "https://api.openai.com/v1")
	prompt := cmp.Or(strings.Join(os.Args[1:], " "), "Tell me a story.")
	if err := ask(ctx, base, prompt, retry.Policy{}, os.Stdout, os.Stderr); err != nil {
		log.Fatal(err)
	}
}
