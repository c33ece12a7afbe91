// Command go-service relays chat answers from a provider to pages, through faults:
//
//	OPENAI_API_KEY=… go run ./examples/go-service
//	curl -N localhost:8080/api/chat -H 'X-Tenant: acme' -d '{"prompt":"Tell me a story."}'
//
// A page reads it with stream("/api/chat", …) of the npm package, which also
// reports the waits that happen here.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/transport"
)

// service asks the provider.
type service struct {
	base, key string
	policy    retry.Policy
}

// chat answers POST /api/chat.
func (s *service) chat(w http.ResponseWriter, r *http.Request) {
	var question struct {
		Prompt string `json:"prompt"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&question); err != nil {
		http.Error(w, "the body must be JSON with a prompt", http.StatusBadRequest)
		return
	}
	// Use the page's context, so that the request ends when the page goes away.
	request, err := s.request(r.Context(), question.Prompt)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	// A Transport is cheap, so each request gets its own: connections belong to Base.
	tenant := r.Header.Get("X-Tenant")
	steady := &transport.Transport{Policy: s.policy, OnAttempt: func(ctx context.Context, attempt transport.AttemptEvent) {
		slog.InfoContext(ctx, "attempt", "tenant", tenant, "attempt", attempt)
	}}
	// Tenants share a key here. One that floods it must not delay the others.
	steady.Policy.Bucket = tenant
	if err := transport.Relay(w, steady.Stream(request)); err != nil {
		slog.WarnContext(r.Context(), "chat failed", "tenant", tenant, "error", err)
	}
}

func (s *service) request(ctx context.Context, prompt string) (*http.Request, error) {
	body, err := json.Marshal(map[string]any{
		"model": "gpt-5", "stream": true,
		"messages": []map[string]string{{"role": "user", "content": prompt}},
	})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.key)
	return request, nil
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/chat", s.chat)
	return mux
}

func main() {
	s := &service{
		base:   cmp.Or(os.Getenv("OPENAI_BASE_URL"), "https://api.openai.com/v1"),
		key:    os.Getenv("OPENAI_API_KEY"),
		policy: retry.Policy{MaxElapsed: 2 * time.Minute},
	}
	server := &http.Server{Addr: cmp.Or(os.Getenv("ADDR"), "localhost:8080"), Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	log.Printf("POST http://%s/api/chat", server.Addr)
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
}
