package transport_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/transport"
)

// A client whose streams are retried. The provider is overloaded, then breaks the
// connection before the first output, then answers.
func Example() {
	srv := chattest.New(nil)
	defer srv.Close()
	run := srv.NewRun(chattest.Run{Text: "Hello, world!", Faults: []chattest.Fault{
		chattest.AnthropicOverloadedResponse().Fault(),
		{Kind: chattest.Reset},
	}})

	client := &http.Client{Transport: &transport.Transport{
		Base:   &http.Transport{DisableKeepAlives: true},
		Policy: retry.Policy{InitialDelay: time.Millisecond},
		OnRetry: func(_ context.Context, event retry.ChatStreamRetry) {
			fmt.Printf("attempt %d: %s, again in %d ms\n", event.Attempt, event.Kind, event.DelayMs)
		},
	}}
	resp, err := client.Post(run.URL()+"/v1/messages", "application/json", strings.NewReader(`{"stream":true}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			fmt.Print(textOf(data, []string{"delta", "text"}))
		}
	}
	fmt.Println()
	// Output:
	// attempt 1: overloaded, again in 1 ms
	// attempt 2: network, again in 2 ms
	// Hello, world!
}

// For a consumer that can take back what it has shown, a failure in the middle of an
// answer is not the end.
func ExampleTransport_Stream() {
	srv := chattest.New(nil)
	defer srv.Close()
	run := srv.NewRun(chattest.Run{Text: "Hello, world!", Faults: []chattest.Fault{{Kind: chattest.Drop, AtToken: 1}}})

	t := &transport.Transport{
		Base:   &http.Transport{DisableKeepAlives: true},
		Policy: retry.Policy{InitialDelay: time.Millisecond},
	}
	req, _ := http.NewRequest(http.MethodPost, run.URL()+"/v1/chat/completions", strings.NewReader(`{"stream":true}`))
	req.Header.Set("Content-Type", "application/json")
	text := ""
	for event, err := range t.Stream(req) {
		switch {
		case err != nil:
			fmt.Println(err)
		case event.Type == retry.ChatStreamEventTypeRetry:
			fmt.Printf("have %q; retrying\n", text)
		case event.Type == retry.ChatStreamEventTypeReset:
			text = ""
		default:
			text += textOf(event.Data, []string{"choices", "delta", "content"})
		}
	}
	fmt.Println(text)
	// Output:
	// have "Hello,"; retrying
	// Hello, world!
}

// Each attempt has the facts of an OpenTelemetry span. With the SDK of OpenTelemetry,
// start a span at event.Start, set the attributes, and end it at event.End.
func ExampleTransport_onAttempt() {
	srv := chattest.New(nil)
	defer srv.Close()
	run := srv.NewRun(chattest.Run{Text: "Hello!", Faults: []chattest.Fault{chattest.OpenAIServerErrorResponse().Fault()}})

	client := &http.Client{Transport: &transport.Transport{
		Base:   &http.Transport{DisableKeepAlives: true},
		Policy: retry.Policy{InitialDelay: time.Millisecond},
		OnAttempt: func(_ context.Context, event transport.AttemptEvent) {
			fmt.Println(event.Attempt, event.Outcome, event.Attributes["http.response.status_code"], event.Attributes["error.type"])
		},
	}}
	resp, err := client.Post(run.URL()+"/v1/chat/completions", "application/json", strings.NewReader(`{"stream":true}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	// Output:
	// 1 retry 500 server
	// 2 finish 200 <nil>
}

// A server that passes an answer on to its page, including the retries.
func ExampleRelay() {
	srv := chattest.New(nil)
	defer srv.Close()
	run := srv.NewRun(chattest.Run{Text: "Hi", Faults: []chattest.Fault{chattest.AnthropicOverloadedResponse().Fault()}})
	t := &transport.Transport{
		Base:   &http.Transport{DisableKeepAlives: true},
		Policy: retry.Policy{InitialDelay: time.Millisecond},
	}

	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, _ := http.NewRequestWithContext(r.Context(), http.MethodPost, run.URL()+"/v1/chat/completions", strings.NewReader(`{"model":"m","stream":true}`))
		req.Header.Set("Content-Type", "application/json")
		if err := transport.Relay(w, t.Stream(req)); err != nil {
			fmt.Println(err)
		}
	}))
	defer page.Close()

	resp, err := http.Get(page.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		var event struct {
			Type  retry.ChatStreamEventType
			Retry *retry.ChatStreamRetry
		}
		switch {
		case !ok || json.Unmarshal([]byte(data), &event) != nil:
		case event.Retry != nil:
			fmt.Println(event.Type, event.Retry.Attempt, event.Retry.Kind)
		default:
			fmt.Println(event.Type)
		}
	}
	// Output:
	// retry 1 overloaded
	// message
	// message
	// message
	// message
	// finish
}

// What a banner with two buttons and a text needs.
func ExampleController() {
	srv := chattest.New(nil)
	defer srv.Close()
	run := srv.NewRun(chattest.Run{Text: "Hi", Faults: []chattest.Fault{chattest.AnthropicOverloadedResponse().Fault()}})
	controller := &transport.Controller{}
	client := &http.Client{Transport: &transport.Transport{
		Base:       &http.Transport{DisableKeepAlives: true},
		Policy:     retry.Policy{InitialDelay: time.Hour},
		Controller: controller,
		OnRetry: func(context.Context, retry.ChatStreamRetry) {
			for _, s := range controller.Snapshots() {
				fmt.Println(s.State, s.Retry.Title)
			}
			controller.RetryNow() // a person does not want to wait
		},
	}}
	resp, err := client.Post(run.URL()+"/v1/chat/completions", "application/json", strings.NewReader(`{"model":"m","stream":true}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, len(controller.Snapshots()))
	controller.Stop() // what was received can still be read
	_, err = io.Copy(io.Discard, resp.Body)
	fmt.Println(err == nil || errors.Is(err, retry.ErrStopped))
	// Output:
	// waiting Service overloaded
	// 200 OK 1
	// true
}
