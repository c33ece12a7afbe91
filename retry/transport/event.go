package transport

import (
	"encoding/json"
	"errors"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/retry"
)

// Event is one event of a stream, as [Transport.Stream] yields it.
type Event struct {
	// Type is message, retry, reset or finish. An error is the second value of the
	// sequence, not an event.
	Type retry.ChatStreamEventType
	// Name is the event field of a message, "message" if the server set none.
	Name string
	// Data is the data of a message. It is never empty.
	Data string
	// ID is the last id that the server set, "" if none.
	ID string
	// Text and Reasoning are what the message adds to the answer's text and to the
	// model's reasoning, in any protocol. "" if nothing.
	Text, Reasoning string
	// Retry is what to show during the wait for the next attempt. It is set only for
	// type retry.
	Retry *retry.ChatStreamRetry
	// Finish is how the answer ended. It is set only for type finish.
	Finish *Finish
}

// Finish is how an answer ended, as far as the provider says.
type Finish struct {
	// Reason is "stop", "length", "tool_calls", "content_filter", "error" or empty.
	Reason string
	// InputTokens and OutputTokens are the provider's counts, 0 if it sent none.
	InputTokens, OutputTokens int64
}

// MarshalJSON returns the wire form, in which a server passes the event on to a page:
// {"type":"retry","retry":{"attempt":1,"delay_ms":1000,…}}. toWire in the JavaScript
// package writes the same.
func (e Event) MarshalJSON() ([]byte, error) {
	out := wireEvent{Type: e.Type}
	switch e.Type {
	case retry.ChatStreamEventTypeMessage:
		out.Message = &wireMessage{e.Name, e.Data, e.ID}
	case retry.ChatStreamEventTypeRetry:
		out.Retry = e.Retry
	case retry.ChatStreamEventTypeFinish:
		out.Finish = &wireFinish{}
		if e.Finish != nil {
			out.Finish.Reason = e.Finish.Reason
			if e.Finish.InputTokens != 0 || e.Finish.OutputTokens != 0 {
				out.Finish.Usage = &wireUsage{e.Finish.InputTokens, e.Finish.OutputTokens}
			}
		}
	}
	return json.Marshal(out)
}

type wireEvent struct {
	Type    retry.ChatStreamEventType `json:"type"`
	Message *wireMessage              `json:"message,omitempty"`
	Retry   *retry.ChatStreamRetry    `json:"retry,omitempty"`
	Finish  *wireFinish               `json:"finish,omitempty"`
	Error   *retry.ChatStreamError    `json:"error,omitempty"`
}

type wireMessage struct {
	Event string `json:"event"`
	Data  string `json:"data"`
	ID    string `json:"id"`
}

type wireFinish struct {
	Reason string     `json:"reason,omitempty"`
	Usage  *wireUsage `json:"usage,omitempty"`
}

type wireUsage struct {
	InputTokens  int64 `json:"input_tokens"`
	OutputTokens int64 `json:"output_tokens"`
}

// errorEvent returns err in a form that a page may show.
func errorEvent(err error) *retry.ChatStreamError {
	var verdict classify.Verdict
	var failure *retry.Error
	if errors.As(err, &failure) {
		verdict = failure.Verdict
	} else {
		verdict = classify.Classify(classify.FromError(err))
	}
	return &retry.ChatStreamError{
		Message: verdict.Message, Detail: verdict.Detail, Kind: verdict.Kind, Provider: verdict.Provider, Retryable: verdict.Retryable,
		StatusCode: verdict.Status, Title: verdict.Title, Party: verdict.Party, RetryAfterMs: verdict.RetryAfterMs,
	}
}

// finishOf returns e without what only the protocols' readers need.
func finishOf(e *protocol.Ending) *Finish {
	return &Finish{Reason: string(e.Reason), InputTokens: e.InputTokens, OutputTokens: e.OutputTokens}
}
