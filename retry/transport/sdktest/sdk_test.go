// Package sdktest checks that streams of OpenAI's and Anthropic's Go SDKs survive
// faults if the SDK uses a Transport, and that attempts become OpenTelemetry spans. It
// is a module of its own, so that none of these is a dependency of steadfetch.
package sdktest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/hosttest/chattest"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client returns an http.Client with a Transport that shares nothing with other tests.
func client(t *testing.T, policy retry.Policy) *http.Client {
	base := &http.Transport{}
	t.Cleanup(base.CloseIdleConnections)
	if policy.InitialDelay == 0 {
		policy.InitialDelay = 10 * time.Millisecond
	}
	return &http.Client{Transport: &transport.Transport{Base: base, Policy: policy, Group: &transport.Group{}}}
}

// sdks ask for a stream and return its text.
var sdks = map[string]func(t *testing.T, run *chattest.Run, c *http.Client) (string, error){
	"anthropic": func(t *testing.T, run *chattest.Run, c *http.Client) (string, error) {
		api := anthropic.NewClient(
			anthropicoption.WithBaseURL(run.URL()), anthropicoption.WithAPIKey("any"),
			anthropicoption.WithHTTPClient(c), anthropicoption.WithMaxRetries(0),
		)
		stream := api.Messages.NewStreaming(t.Context(), anthropic.MessageNewParams{
			Model: "claude-sonnet-4-5", MaxTokens: 100,
			Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hi"))},
		})
		defer func() { _ = stream.Close() }()
		var text strings.Builder
		for stream.Next() {
			if event := stream.Current(); event.Type == "content_block_delta" {
				text.WriteString(event.Delta.Text)
			}
		}
		return text.String(), stream.Err()
	},
	"openai chat": func(t *testing.T, run *chattest.Run, c *http.Client) (string, error) {
		api := openAI(run, c)
		stream := api.Chat.Completions.NewStreaming(t.Context(), openai.ChatCompletionNewParams{
			Model: "gpt-5", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hi")},
		})
		defer func() { _ = stream.Close() }()
		var text strings.Builder
		for stream.Next() {
			for _, choice := range stream.Current().Choices {
				text.WriteString(choice.Delta.Content)
			}
		}
		return text.String(), stream.Err()
	},
	"openai responses": func(t *testing.T, run *chattest.Run, c *http.Client) (string, error) {
		api := openAI(run, c)
		stream := api.Responses.NewStreaming(t.Context(), responses.ResponseNewParams{
			Model: "gpt-5", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("hi")},
		})
		defer func() { _ = stream.Close() }()
		var text strings.Builder
		for stream.Next() {
			if event := stream.Current(); event.Type == "response.output_text.delta" {
				text.WriteString(event.Delta)
			}
		}
		return text.String(), stream.Err()
	},
}

func openAI(run *chattest.Run, c *http.Client) openai.Client {
	return openai.NewClient(
		openaioption.WithBaseURL(run.URL()+"/v1"), openaioption.WithAPIKey("any"),
		openaioption.WithHTTPClient(c), openaioption.WithMaxRetries(0),
	)
}

func eachSDK(t *testing.T, f func(t *testing.T, srv *chattest.Server, stream func(t *testing.T, run *chattest.Run, c *http.Client) (string, error))) {
	for name, stream := range sdks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, chattest.New(t), stream)
		})
	}
}

func TestAnSDKStreamsTheExactTextThroughFaults(t *testing.T) {
	limited := chattest.Fault{Status: 429, Headers: map[string]string{"Retry-After": "1"}}
	overloaded := chattest.AnthropicOverloadedResponse().Fault()
	inBand := chattest.Fault{Kind: chattest.InBand, Status: 529, Message: "Overloaded", ErrorType: "overloaded_error"}
	reset := chattest.Fault{Kind: chattest.Reset}
	truncated := chattest.Fault{Kind: chattest.EOF}
	for name, faults := range map[string][]chattest.Fault{
		"healthy":              nil,
		"429 with Retry-After": {limited},
		"529":                  {overloaded},
		"in-band overload":     {inBand},
		"reset":                {reset},
		"truncation":           {truncated},
		"all of them":          {limited, overloaded, inBand, reset, truncated},
	} {
		t.Run(name, func(t *testing.T) {
			eachSDK(t, func(t *testing.T, srv *chattest.Server, stream func(*testing.T, *chattest.Run, *http.Client) (string, error)) {
				run := srv.NewRun(chattest.Run{Faults: faults})
				text, err := stream(t, run, client(t, retry.Policy{}))
				require.NoError(t, err)
				require.Equal(t, chattest.DefaultText, text)
				require.NoError(t, run.WaitIdle(t.Context()))
				requests := run.Requests()
				require.Len(t, requests, len(faults)+1)
				wait := 10.0
				for i := range faults {
					least := wait
					if faults[i].Status == 429 {
						least = 1000
					}
					require.GreaterOrEqual(t, requests[i+1].AtMs-requests[i].AtMs, least, "sooner than the server asked")
					require.Equal(t, requests[0].Body, requests[i+1].Body)
					wait *= 2
				}
			})
		})
	}
}

func TestAnSDKGetsPermanentErrorsAtOnceInItsOwnForm(t *testing.T) {
	for name, c := range map[string]struct {
		fault  chattest.Fault
		status int
	}{
		"400":                {chattest.Fault{Status: 400}, 400},
		"401":                {chattest.Fault{Status: 401}, 401},
		"insufficient_quota": {chattest.OpenAIErrorResponse(429, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details.").Fault(), 429},
	} {
		t.Run(name, func(t *testing.T) {
			eachSDK(t, func(t *testing.T, srv *chattest.Server, stream func(*testing.T, *chattest.Run, *http.Client) (string, error)) {
				run := srv.NewRun(chattest.Run{Faults: []chattest.Fault{c.fault}})
				text, err := stream(t, run, client(t, retry.Policy{}))
				require.Empty(t, text)
				var status int
				var ofAnthropic *anthropic.Error
				var ofOpenAI *openai.Error
				if errors.As(err, &ofAnthropic) {
					status = ofAnthropic.StatusCode
				} else if errors.As(err, &ofOpenAI) {
					status = ofOpenAI.StatusCode
				}
				require.Equal(t, c.status, status, "%v", err)
				require.Len(t, run.Requests(), 1)
			})
		})
	}
}

func TestAnSDKsErrorIsJudgedAsTheResponseWas(t *testing.T) {
	for name, fault := range map[string]chattest.Fault{
		"503":                {Status: 503},
		"503 in plain words": {Status: 503, Body: "busy", Headers: map[string]string{"Content-Type": "text/plain"}},
		"503 that asks":      {Status: 503, Headers: map[string]string{"Retry-After": "7"}},
		"429":                {Status: 429, Headers: map[string]string{"Retry-After": "7"}},
		"overloaded":         chattest.OpenAIErrorResponse(503, "service_unavailable", "The model is overloaded").Fault(),
		"400":                {Status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			eachSDK(t, func(t *testing.T, srv *chattest.Server, stream func(*testing.T, *chattest.Run, *http.Client) (string, error)) {
				run := srv.NewRun(chattest.Run{Faults: []chattest.Fault{fault}})
				c := client(t, retry.Policy{MaxAttempts: 1})
				var kind any
				c.Transport.(*transport.Transport).OnAttempt = func(_ context.Context, e transport.AttemptEvent) { kind = e.Attributes["error.type"] }
				_, err := stream(t, run, c)
				require.Error(t, err)
				verdict := classify.Classify(classify.FromError(err))
				if fault.Headers["Content-Type"] == "text/plain" && !strings.HasSuffix(t.Name(), "anthropic") {
					kind = "server" // openai-go keeps a body that is not JSON only as bytes to be read again
				}
				require.Equal(t, kind, string(verdict.Kind), verdict.Rule)
				require.Equal(t, fault.Status, verdict.Status)
				require.Equal(t, fault.Status != 400, classify.IsRetryable(err))
				if fault.Headers["Retry-After"] != "" {
					require.NotNil(t, verdict.RetryAfterMs)
					require.EqualValues(t, 7000, *verdict.RetryAfterMs)
				}
			})
		})
	}
}

func TestAnSDKSeesTheFailureAfterOutput(t *testing.T) {
	eachSDK(t, func(t *testing.T, srv *chattest.Server, stream func(*testing.T, *chattest.Run, *http.Client) (string, error)) {
		run := srv.NewRun(chattest.Run{Faults: []chattest.Fault{{Kind: chattest.EOF, AtToken: 9}}})
		text, err := stream(t, run, client(t, retry.Policy{}))
		require.NotEmpty(t, text)
		require.True(t, strings.HasPrefix(chattest.DefaultText, text))
		var failure *retry.Error
		require.ErrorAs(t, err, &failure)
		require.Equal(t, classify.Truncated, failure.Verdict.Kind)
		require.Len(t, run.Requests(), 1)
	})
}

func TestAnSDKGetsTheWholeTextIfTheStreamIsResumed(t *testing.T) {
	for _, kind := range []chattest.Kind{chattest.EOF, chattest.Reset, chattest.Drop} {
		t.Run(string(kind), func(t *testing.T) {
			eachSDK(t, func(t *testing.T, srv *chattest.Server, stream func(*testing.T, *chattest.Run, *http.Client) (string, error)) {
				if strings.HasSuffix(t.Name(), "responses") {
					t.Skip("needs background mode, which this call does not ask for")
				}
				run := srv.NewRun(chattest.Run{Faults: []chattest.Fault{{Kind: kind, AtToken: 9}, {RepeatChars: 20, Kind: kind, AtToken: 15}}})
				text, err := stream(t, run, client(t, retry.Policy{AfterCommit: retry.AfterCommitResume}))
				require.NoError(t, err)
				require.Equal(t, chattest.DefaultText, text)
				require.Len(t, run.Requests(), 3)
			})
		})
	}
}

func TestAnSDKsCallsWithoutStreamsPassUnchanged(t *testing.T) {
	srv := chattest.New(t)
	run := srv.NewRun(chattest.Run{Faults: []chattest.Fault{{Status: 503}, {Kind: chattest.Reset, At: chattest.BeforeHeader}}})
	api := openAI(run, client(t, retry.Policy{}))
	answer, err := api.Chat.Completions.New(t.Context(), openai.ChatCompletionNewParams{
		Model: "gpt-5", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hi")},
	})
	require.NoError(t, err)
	require.Equal(t, chattest.DefaultText, answer.Choices[0].Message.Content)
	require.Len(t, run.Requests(), 3)
}

func TestClosingAnSDKsStreamLeaksNothing(t *testing.T) {
	srv := chattest.New(t)
	run := srv.NewRun(chattest.Run{Faults: []chattest.Fault{{Kind: chattest.Stall, AtToken: 3}}})
	api := openAI(run, client(t, retry.Policy{}))
	stream := api.Chat.Completions.NewStreaming(t.Context(), openai.ChatCompletionNewParams{
		Model: "gpt-5", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hi")},
	})
	require.True(t, stream.Next())
	require.NoError(t, stream.Close())
	require.Eventually(t, func() bool { return run.WaitIdle(t.Context()) == nil && run.Requests()[0].ClientGone }, 5*time.Second, time.Millisecond)
}
