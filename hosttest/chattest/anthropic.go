package chattest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// anthropic is the Messages API (Anthropic API reference, "Streaming
// messages" and "Errors").
var anthropic = &protocol{
	inBandStatus: 529,
	words: func(status int) errorWords {
		switch status {
		case http.StatusBadRequest:
			return errorWords{errorType: "invalid_request_error", message: "messages: at least one message is required"}
		case http.StatusUnauthorized:
			return errorWords{errorType: "authentication_error", message: "invalid x-api-key"}
		case http.StatusForbidden:
			return errorWords{errorType: "permission_error", message: "Your API key does not have permission to use the specified resource."}
		case http.StatusNotFound:
			return errorWords{errorType: "not_found_error", message: "The requested resource could not be found."}
		case http.StatusRequestEntityTooLarge:
			return errorWords{errorType: "request_too_large", message: "Request exceeds the maximum size"}
		case http.StatusTooManyRequests:
			return errorWords{errorType: "rate_limit_error", message: "Rate limited"}
		case http.StatusGatewayTimeout:
			return errorWords{errorType: "timeout_error", message: "Request timed out"}
		case 529:
			return errorWords{errorType: "overloaded_error", message: "Overloaded"}
		}
		if status >= 500 {
			return errorWords{errorType: "api_error", message: "Internal server error"}
		}
		return errorWords{errorType: "invalid_request_error", message: http.StatusText(status)}
	},
	errorBody: func(x *exchange, _ int, e errorWords) string {
		return fmt.Sprintf(`{"type":"error","error":{"type":%s,"message":%s},"request_id":%s}`,
			quote(e.errorType), quote(e.message), quote(x.id("req_011C", 20)))
	},
	header: func(x *exchange, h http.Header) {
		h.Set("Cache-Control", "no-cache")
		h.Set("Request-Id", x.id("req_011C", 20))
		h.Set("Anthropic-Organization-Id", "4c1a5f3e-0000-4000-8000-000000000000")
	},
	answer: anthropicAnswer,
}

// id returns an identifier of this attempt: always the same for the same run and
// attempt.
func (x *exchange) id(prefix string, length int) string {
	return prefix + hexID(length, x.run.ID, strconv.Itoa(x.entry.Attempt), prefix)
}

// model returns the requested model, or def.
func (x *exchange) model(def string) string {
	if x.chat.Model != "" {
		return x.chat.Model
	}
	return def
}

// inputTokens returns a plausible count for the request.
func (x *exchange) inputTokens() int { return 8 + len(x.entry.Body)/8 }

func anthropicAnswer(x *exchange) answer {
	stop := "end_turn"
	switch x.fault.Finish {
	case FinishLength:
		stop = "max_tokens"
	case FinishContentFilter, FinishRefusal:
		stop = "refusal"
	}
	id, model, in, out := x.id("msg_01", 22), x.model("claude-sonnet-4-5"), x.inputTokens(), len(x.tokens)
	message := func(content, stopReason string, out int) string {
		return fmt.Sprintf(`{"model":%s,"id":%s,"type":"message","role":"assistant","content":%s,"stop_reason":%s,"stop_sequence":null,`+
			`"usage":{"input_tokens":%d,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":%d,"service_tier":"standard"}}`,
			quote(model), quote(id), content, stopReason, in, out)
	}
	content := "[]"
	if x.text != "" {
		content = `[{"type":"text","text":` + quote(x.text) + `}]`
	}
	a := answer{
		stream: x.chat.Stream,
		whole:  message(content, quote(stop), out),
		ping:   event{name: "ping", data: `{"type": "ping"}`},
		inBand: func(_ int, e errorWords) event {
			return event{name: "error", data: x.proto.errorBody(x, 0, e)}
		},
	}
	a.head = append(a.head, event{name: "message_start", data: `{"type":"message_start","message":` + message("[]", "null", 1) + `}`})
	if x.text != "" {
		a.head = append(a.head, event{name: "content_block_start", data: `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`})
	}
	a.head = append(a.head, a.ping)
	for _, token := range x.tokens {
		a.tokens = append(a.tokens, event{
			name: "content_block_delta",
			data: `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":` + quote(token) + `}}`,
		})
	}
	if x.text != "" {
		a.tail = append(a.tail, event{name: "content_block_stop", data: `{"type":"content_block_stop","index":0}`})
	}
	a.tail = append(
		a.tail,
		event{name: "message_delta", data: fmt.Sprintf(`{"type":"message_delta","delta":{"stop_reason":%s,"stop_sequence":null},`+
			`"usage":{"input_tokens":%d,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":%d}}`, quote(stop), in, out), marker: true},
		event{name: "message_stop", data: `{"type":"message_stop"}`, marker: true},
	)
	return a
}

// models is GET /v1/models, in the shape that OpenAI and Anthropic share.
var models = &protocol{
	inBandStatus: http.StatusInternalServerError,
	words:        openAIWords,
	errorBody:    openAIErrorBody,
	answer: func(*exchange) answer {
		var list []string
		for _, id := range []string{"claude-sonnet-4-5", "gpt-5", "gemini-2.5-flash"} {
			list = append(list, fmt.Sprintf(`{"id":%s,"object":"model","type":"model","display_name":%s,"created":1750000000,`+
				`"created_at":"2025-06-15T15:06:40Z","owned_by":"chattest"}`, quote(id), quote(id)))
		}
		return answer{whole: `{"object":"list","data":[` + strings.Join(list, ",") +
			`],"has_more":false,"first_id":"claude-sonnet-4-5","last_id":"gemini-2.5-flash"}`}
	},
}

// unknown answers paths that belong to no protocol. Faults strike there too.
var unknown = &protocol{
	inBandStatus: http.StatusInternalServerError,
	words:        openAIWords,
	errorBody:    openAIErrorBody,
	answer: func(x *exchange) answer {
		return answer{refuse: http.StatusNotFound, message: "chattest: nothing answers " + x.q.Method + " " + x.path}
	},
}
