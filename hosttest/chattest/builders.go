package chattest

import (
	"net/http"
	"strconv"
)

// ErrorResponse is a provider's error answer: a status, and the JSON body
// {"error":{"type":…,"message":…}}, the part that Anthropic's and OpenAI's error
// bodies have in common. It is an [http.Handler], for tests with a server of their
// own; [ErrorResponse.Fault] makes it a step of a run.
type ErrorResponse struct {
	StatusCode int    // 0 means 500
	Type       string // such as "overloaded_error"
	Message    string
}

// ServeHTTP writes the error as application/json.
func (e ErrorResponse) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	body := e.body()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.status())
	_, _ = w.Write([]byte(body))
}

// Fault returns the same answer as a step of a run: exactly these bytes, whatever
// the protocol. For an error in the protocol's full shape, make a [Fault] with
// ErrorType and Message and without Body.
func (e ErrorResponse) Fault() Fault {
	return Fault{Kind: Status, Status: e.status(), ErrorType: e.Type, Message: e.Message, Body: e.body()}
}

func (e ErrorResponse) status() int {
	if e.StatusCode == 0 {
		return http.StatusInternalServerError
	}
	return e.StatusCode
}

func (e ErrorResponse) body() string {
	return `{"error":{"type":` + quote(e.Type) + `,"message":` + quote(e.Message) + `}}`
}

// AnthropicErrorResponse is an error answer as Anthropic sends it.
func AnthropicErrorResponse(status int, errorType, message string) ErrorResponse {
	return ErrorResponse{StatusCode: status, Type: errorType, Message: message}
}

// AnthropicOverloadedResponse is 529 overloaded_error, "Overloaded".
func AnthropicOverloadedResponse() ErrorResponse {
	return AnthropicErrorResponse(529, "overloaded_error", "Overloaded")
}

// AnthropicRateLimitResponse is 429 rate_limit_error, "Rate limited".
func AnthropicRateLimitResponse() ErrorResponse {
	return AnthropicErrorResponse(http.StatusTooManyRequests, "rate_limit_error", "Rate limited")
}

// OpenAIErrorResponse is an error answer as OpenAI sends it.
func OpenAIErrorResponse(status int, errorType, message string) ErrorResponse {
	return ErrorResponse{StatusCode: status, Type: errorType, Message: message}
}

// OpenAIRateLimitResponse is 429 rate_limit_exceeded, "Rate limit exceeded".
func OpenAIRateLimitResponse() ErrorResponse {
	return OpenAIErrorResponse(http.StatusTooManyRequests, "rate_limit_exceeded", "Rate limit exceeded")
}

// OpenAIServerErrorResponse is 500 server_error, "Internal server error".
func OpenAIServerErrorResponse() ErrorResponse {
	return OpenAIErrorResponse(http.StatusInternalServerError, "server_error", "Internal server error")
}
