package chattest

import (
	"fmt"
	"net/http"
	"strings"
)

// gemini is the Gemini API (Google AI for Developers, "Generating content",
// and the error model of AIP-193).
var gemini = &protocol{
	inBandStatus: http.StatusServiceUnavailable,
	lineEnding:   CRLF,
	words: func(status int) errorWords {
		switch status {
		case http.StatusBadRequest:
			return errorWords{errorType: "INVALID_ARGUMENT", message: "Request contains an invalid argument."}
		case http.StatusUnauthorized:
			return errorWords{errorType: "UNAUTHENTICATED", message: "Request had invalid authentication credentials."}
		case http.StatusForbidden:
			return errorWords{errorType: "PERMISSION_DENIED", message: "The caller does not have permission"}
		case http.StatusNotFound:
			return errorWords{errorType: "NOT_FOUND", message: "The model is not found for API version v1beta."}
		case http.StatusTooManyRequests:
			return errorWords{errorType: "RESOURCE_EXHAUSTED", message: "Resource has been exhausted (e.g. check quota)."}
		case http.StatusServiceUnavailable:
			return errorWords{errorType: "UNAVAILABLE", message: "The model is overloaded. Please try again later."}
		case http.StatusGatewayTimeout:
			return errorWords{errorType: "DEADLINE_EXCEEDED", message: "Deadline expired before operation could complete."}
		}
		if status >= 500 {
			return errorWords{errorType: "INTERNAL", message: "An internal error has occurred."}
		}
		return errorWords{errorType: "FAILED_PRECONDITION", message: http.StatusText(status)}
	},
	errorBody: func(_ *exchange, status int, e errorWords) string {
		return fmt.Sprintf(`{"error":{"code":%d,"message":%s,"status":%s}}`, status, quote(e.message), quote(e.errorType))
	},
	header: func(_ *exchange, h http.Header) {
		h.Set("Vary", "Origin, X-Origin, Referer")
		h.Set("Server-Timing", "gfet4t7; dur=42")
	},
	answer: geminiAnswer,
}

func geminiAnswer(x *exchange) answer {
	_, model, _ := strings.Cut(x.path, "/models/")
	model, method, _ := strings.Cut(model, ":")
	finish := "STOP"
	switch x.fault.Finish {
	case FinishLength:
		finish = "MAX_TOKENS"
	case FinishContentFilter:
		finish = "SAFETY"
	case FinishRefusal:
		finish = "PROHIBITED_CONTENT"
	}
	in, id := x.inputTokens(), x.id("", 22)
	chunk := func(text, finish string, out int) string {
		content := `"content":{"parts":[{"text":` + quote(text) + `}],"role":"model"},`
		if text == "" && out == 0 {
			content = "" // what Gemini sends when there is no text
		}
		if finish != "" {
			finish = `"finishReason":` + quote(finish) + `,`
		}
		return fmt.Sprintf(`{"candidates":[{%s%s"index":0}],"usageMetadata":{"promptTokenCount":%d,"candidatesTokenCount":%d,"totalTokenCount":%d,`+
			`"promptTokensDetails":[{"modality":"TEXT","tokenCount":%d}]},"modelVersion":%s,"responseId":%s}`,
			content, finish, in, out, in+out, in, quote(model), quote(id))
	}
	a := answer{
		whole: chunk(x.text, finish, len(x.tokens)),
		ping:  event{comment: "keep-alive"},
		inBand: func(_ int, e errorWords) event {
			return event{data: x.proto.errorBody(x, x.inBandStatus(), e)}
		},
	}
	for i, token := range x.tokens {
		a.tokens = append(a.tokens, event{data: chunk(token, "", i+1)})
	}
	a.tail = []event{{data: chunk("", finish, len(x.tokens)), marker: true}}
	if method == "streamGenerateContent" {
		a.stream = x.q.URL.Query().Get("alt") == "sse"
		if !a.stream {
			// Without alt=sse the API streams a JSON array; here it is sent in one piece.
			var chunks []string
			for _, e := range append(append([]event(nil), a.tokens...), a.tail...) {
				chunks = append(chunks, e.data)
			}
			a.whole = "[" + strings.Join(chunks, ",\r\n") + "]"
		}
	}
	return a
}
