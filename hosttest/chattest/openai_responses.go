package chattest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// openAIResponses is the Responses API (OpenAI API reference, "Responses",
// "Streaming events"; guide "Background mode").
var openAIResponses = &protocol{
	inBandStatus: http.StatusInternalServerError,
	words:        openAIWords,
	errorBody:    openAIErrorBody,
	header:       openAIHeader,
	answer:       openAIResponsesAnswer,
}

func openAIResponsesAnswer(x *exchange) answer {
	if x.q.Method == http.MethodGet {
		return openAIResponsesResume(x)
	}
	st := x.run.state
	st.mu.Lock()
	st.responses++
	id := "resp_" + hexID(32, x.run.ID, strconv.Itoa(st.responses))
	if x.chat.Background {
		st.background[id] = x.text
	}
	st.mu.Unlock()
	return openAIResponsesEvents(x, id, x.model("gpt-5"), x.chat.Background)
}

// openAIResponsesResume answers GET /v1/responses/{id}: the events again, starting
// after the last one seen. The model has finished long ago, so the only wait is the
// tokens' delay.
func openAIResponsesResume(x *exchange) answer {
	_, id, _ := strings.Cut(x.path, "/responses/")
	st := x.run.state
	st.mu.Lock()
	text, ok := st.background[id]
	st.mu.Unlock()
	if !ok {
		return answer{refuse: http.StatusNotFound, message: "Response with id '" + id + "' not found."}
	}
	query := x.q.URL.Query()
	after := -1
	if s := query.Get("starting_after"); s != "" {
		var err error
		if after, err = strconv.Atoi(s); err != nil || after < 0 {
			return answer{refuse: http.StatusBadRequest, message: "Invalid 'starting_after': expected a whole number."}
		}
	}
	if !x.fault.EmptyOutput && x.fault.Text == "" {
		x.text = text
		x.tokens = tokenize(text)
	}
	a := openAIResponsesEvents(x, id, "gpt-5", true)
	a.stream = query.Get("stream") == "true"
	// Event k has sequence number k, so after+1 events are skipped.
	skip := after + 1
	for _, part := range []*[]event{&a.head, &a.tokens, &a.tail} {
		n := min(skip, len(*part))
		*part = (*part)[n:]
		skip -= n
	}
	inBand := a.inBand
	a.inBand = func(sent int, e errorWords) event { return inBand(sent+after+1, e) }
	return a
}

func openAIResponsesEvents(x *exchange, id, model string, background bool) answer {
	created, item := x.run.state.began.Unix(), "msg_"+hexID(32, id)
	in, out := x.inputTokens(), len(x.tokens)

	partType, said := "output_text", "text"
	if x.fault.Finish == FinishRefusal {
		partType, said = "refusal", "refusal"
	}
	part := func(text string) string {
		if partType == "refusal" {
			return `{"type":"refusal","refusal":` + quote(text) + `}`
		}
		return `{"type":"output_text","annotations":[],"logprobs":[],"text":` + quote(text) + `}`
	}
	status, incomplete := "completed", "null"
	switch x.fault.Finish {
	case FinishLength:
		status, incomplete = "incomplete", `{"reason":"max_output_tokens"}`
	case FinishContentFilter:
		status, incomplete = "incomplete", `{"reason":"content_filter"}`
	}
	message := func(status, content string) string {
		return fmt.Sprintf(`{"id":%s,"type":"message","status":%s,"content":[%s],"role":"assistant"}`, quote(item), quote(status), content)
	}
	response := func(status, incomplete, failure, output, usage string) string {
		return fmt.Sprintf(`{"id":%s,"object":"response","created_at":%d,"status":%s,"background":%t,"error":%s,"incomplete_details":%s,`+
			`"instructions":null,"max_output_tokens":null,"metadata":{},"model":%s,"output":[%s],"parallel_tool_calls":true,`+
			`"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"service_tier":"default","store":true,"temperature":1.0,`+
			`"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":1.0,"truncation":"disabled","usage":%s,"user":null}`,
			quote(id), created, quote(status), background, failure, incomplete, quote(model), output, usage)
	}
	usage := fmt.Sprintf(`{"input_tokens":%d,"input_tokens_details":{"cached_tokens":0},"output_tokens":%d,`+
		`"output_tokens_details":{"reasoning_tokens":0},"total_tokens":%d}`, in, out, in+out)
	output := ""
	if x.text != "" {
		output = message(status, part(x.text))
	}

	sequence := 0
	numbered := func(kind, rest string) event {
		e := event{name: kind, data: fmt.Sprintf(`{"type":%s,"sequence_number":%d,%s}`, quote(kind), sequence, rest)}
		sequence++
		return e
	}
	place := fmt.Sprintf(`"item_id":%s,"output_index":0,"content_index":0,`, quote(item))

	a := answer{
		stream: x.chat.Stream,
		whole:  response(status, incomplete, "null", output, usage),
		ping:   event{comment: "keep-alive"},
		inBand: func(sent int, e errorWords) event {
			code := e.code
			if code == "" {
				code = e.errorType
			}
			if x.fault.ErrorEvent {
				return event{name: "error", data: fmt.Sprintf(`{"type":"error","sequence_number":%d,"code":%s,"message":%s,"param":null}`,
					sent, quote(code), quote(e.message))}
			}
			failure := `{"code":` + quote(code) + `,"message":` + quote(e.message) + `}`
			return event{name: "response.failed", data: fmt.Sprintf(`{"type":"response.failed","sequence_number":%d,"response":%s}`,
				sent, response("failed", "null", failure, "", "null"))}
		},
	}
	if background {
		a.head = append(a.head, numbered("response.queued", `"response":`+response("queued", "null", "null", "", "null")))
	}
	a.head = append(
		a.head,
		numbered("response.created", `"response":`+response("in_progress", "null", "null", "", "null")),
		numbered("response.in_progress", `"response":`+response("in_progress", "null", "null", "", "null")),
	)
	if x.text != "" {
		a.head = append(
			a.head,
			numbered("response.output_item.added", `"output_index":0,"item":`+message("in_progress", "")),
			numbered("response.content_part.added", place+`"part":`+part("")),
		)
		logprobs := ""
		if partType == "output_text" {
			logprobs = `,"logprobs":[]`
		}
		for _, token := range x.tokens {
			a.tokens = append(a.tokens, numbered("response."+partType+".delta", place+`"delta":`+quote(token)+logprobs))
		}
		a.tail = append(
			a.tail,
			numbered("response."+partType+".done", place+`"`+said+`":`+quote(x.text)+logprobs),
			numbered("response.content_part.done", place+`"part":`+part(x.text)),
			numbered("response.output_item.done", `"output_index":0,"item":`+message(status, part(x.text))),
		)
	}
	end := numbered("response."+status, `"response":`+a.whole)
	end.marker = true
	a.tail = append(a.tail, end)
	return a
}
