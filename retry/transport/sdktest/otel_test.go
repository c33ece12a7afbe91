package sdktest

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/transport"
)

// spans makes a span of each attempt, as a child of the one in the request's context.
func spans(tracer trace.Tracer) func(context.Context, transport.AttemptEvent) {
	return func(ctx context.Context, e transport.AttemptEvent) {
		_, span := tracer.Start(ctx, "chat attempt", trace.WithTimestamp(e.Start), trace.WithSpanKind(trace.SpanKindClient))
		for name, value := range e.Attributes {
			switch value := value.(type) {
			case int:
				span.SetAttributes(attribute.Int(name, value))
			case string:
				span.SetAttributes(attribute.String(name, value))
			}
		}
		if kind, failed := e.Attributes["error.type"].(string); failed {
			span.SetStatus(codes.Error, kind)
		}
		span.End(trace.WithTimestamp(e.End))
	}
}

func TestAttemptsBecomeSpansOfOpenTelemetry(t *testing.T) {
	srv := chattest.New(nil)
	defer srv.Close()
	run := srv.NewRun(chattest.Run{Text: "Hello!", Faults: []chattest.Fault{chattest.AnthropicOverloadedResponse().Fault()}})
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("chat")

	ctx, parent := tracer.Start(t.Context(), "chat")
	client := &http.Client{Transport: &transport.Transport{
		Policy: retry.Policy{InitialDelay: time.Millisecond}, Group: &transport.Group{}, OnAttempt: spans(tracer),
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, run.URL()+"/v1/messages", strings.NewReader(`{"stream":true}`))
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	parent.End()

	ended := recorder.Ended()
	require.Len(t, ended, 3)
	for i, span := range ended[:2] {
		require.Equal(t, parent.SpanContext().SpanID(), span.Parent().SpanID())
		require.WithinDuration(t, time.Now(), span.EndTime(), time.Minute)
		require.False(t, span.EndTime().Before(span.StartTime()))
		require.Contains(t, span.Attributes(), attribute.Int("http.response.status_code", []int{529, 200}[i]))
	}
	require.Equal(t, sdktrace.Status{Code: codes.Error, Description: "overloaded"}, ended[0].Status())
	require.Equal(t, codes.Unset, ended[1].Status().Code)
	require.Contains(t, ended[1].Attributes(), attribute.Int("http.request.resend_count", 1))
}
