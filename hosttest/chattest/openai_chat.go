package chattest

import (
	"fmt"
	"net/http"
)

// openAIChat is the chat completions API (OpenAI API reference, "Chat
// completions", "Streaming events"). Mistral, Groq, OpenRouter and many others
// implement it too.
var openAIChat = &protocol{
	inBandStatus: http.StatusInternalServerError,
	words:        openAIWords,
	errorBody:    openAIErrorBody,
	header:       openAIHeader,
	answer:       openAIChatAnswer,
}

// openAIWords are OpenAI's error types and messages (OpenAI API, "Error
// codes").
func openAIWords(status int) errorWords {
	switch status {
	case http.StatusUnauthorized:
		return errorWords{"invalid_request_error", "invalid_api_key", "Incorrect API key provided."}
	case http.StatusForbidden:
		return errorWords{"invalid_request_error", "unsupported_country_region_territory", "Country, region, or territory not supported"}
	case http.StatusNotFound:
		return errorWords{"invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."}
	case http.StatusTooManyRequests:
		return errorWords{"requests", "rate_limit_exceeded", "Rate limit reached for requests"}
	case http.StatusServiceUnavailable:
		return errorWords{"server_error", "", "The engine is currently overloaded, please try again later"}
	}
	if status >= 500 {
		return errorWords{"server_error", "", "The server had an error while processing your request. Sorry about that!"}
	}
	return errorWords{"invalid_request_error", "", http.StatusText(status)}
}

// openAIError is the value of "error" in an error body.
func openAIError(e errorWords) string {
	code := "null"
	if e.code != "" {
		code = quote(e.code)
	}
	return fmt.Sprintf(`{"message":%s,"type":%s,"param":null,"code":%s}`, quote(e.message), quote(e.errorType), code)
}

func openAIErrorBody(_ *exchange, _ int, e errorWords) string {
	return `{"error":` + openAIError(e) + `}`
}

func openAIHeader(x *exchange, h http.Header) {
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	h.Set("X-Request-Id", x.id("req_", 32))
	h.Set("Openai-Processing-Ms", "42")
	h.Set("Openai-Version", "2020-10-01")
	h.Set("Openai-Organization", "org-chattest")
}

func openAIChatAnswer(x *exchange) answer {
	id, model, created := x.id("chatcmpl-", 28), x.model("gpt-5"), x.run.state.began.Unix()
	finish, said := "stop", "content"
	switch x.fault.Finish {
	case FinishLength:
		finish = "length"
	case FinishContentFilter:
		finish = "content_filter"
	case FinishRefusal:
		said = "refusal" // the text is sent as a refusal; the finish is a normal one
	}
	in, out := x.inputTokens(), len(x.tokens)
	usage := fmt.Sprintf(`{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,`+
		`"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},`+
		`"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`,
		in, out, in+out)
	chunkUsage := ""
	if x.chat.StreamOptions.IncludeUsage {
		chunkUsage = `,"usage":null`
	}
	object := func(kind, rest string) string {
		return fmt.Sprintf(`{"id":%s,"object":%s,"created":%d,"model":%s,"service_tier":"default","system_fingerprint":"fp_chattest",%s}`,
			quote(id), quote(kind), created, quote(model), rest)
	}
	chunk := func(delta, finish string) string {
		return object("chat.completion.chunk", fmt.Sprintf(`"choices":[{"index":0,"delta":%s,"logprobs":null,"finish_reason":%s}]%s`, delta, finish, chunkUsage))
	}

	content, refusal := quote(x.text), "null"
	if said == "refusal" {
		content, refusal = "null", content
	}
	a := answer{
		stream: x.chat.Stream,
		whole: object("chat.completion", fmt.Sprintf(
			`"choices":[{"index":0,"message":{"role":"assistant","content":%s,"refusal":%s,"annotations":[]},"logprobs":null,"finish_reason":%s}],"usage":%s`,
			content, refusal, quote(finish), usage)),
		ping:   event{comment: "keep-alive"},
		inBand: func(_ int, e errorWords) event { return event{data: openAIErrorBody(x, 0, e)} },
	}
	first := `{"role":"assistant","content":"","refusal":null}`
	if said == "refusal" {
		first = `{"role":"assistant","content":null,"refusal":""}`
	}
	a.head = []event{{data: chunk(first, "null")}}
	for _, token := range x.tokens {
		a.tokens = append(a.tokens, event{data: chunk(`{"`+said+`":`+quote(token)+`}`, "null")})
	}
	a.tail = []event{{data: chunk(`{}`, quote(finish)), marker: true}}
	if x.chat.StreamOptions.IncludeUsage {
		a.tail = append(a.tail, event{data: object("chat.completion.chunk", `"choices":[],"usage":`+usage), marker: true})
	}
	a.tail = append(a.tail, event{data: "[DONE]", marker: true, done: true})
	return a
}
