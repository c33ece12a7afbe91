package chattest

import "net/http"

// aiSDK is the UI message stream that a route of the Vercel AI SDK sends to its
// chat transports in the browser (AI SDK UI, "Stream protocols").
var aiSDK = &protocol{
	inBandStatus: http.StatusInternalServerError,
	words:        openAIWords,
	errorBody:    plainErrorBody,
	header: func(_ *exchange, h http.Header) {
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Vercel-Ai-Ui-Message-Stream", "v1")
		h.Set("X-Accel-Buffering", "no")
	},
	answer: aiSDKAnswer,
}

func aiSDKAnswer(x *exchange) answer {
	finish := "stop"
	switch x.fault.Finish {
	case FinishLength:
		finish = "length"
	case FinishContentFilter, FinishRefusal:
		finish = "content-filter"
	}
	a := answer{
		stream: true,
		whole:  `{"text":` + quote(x.text) + `}`,
		ping:   event{comment: "keep-alive"},
		inBand: func(_ int, e errorWords) event {
			return event{data: `{"type":"error","errorText":` + quote(e.message) + `}`}
		},
	}
	a.head = []event{
		{data: `{"type":"start","messageId":` + quote(x.id("", 16)) + `}`},
		{data: `{"type":"start-step"}`},
	}
	if x.text != "" {
		a.head = append(a.head, event{data: `{"type":"text-start","id":"0"}`})
		for _, token := range x.tokens {
			a.tokens = append(a.tokens, event{data: `{"type":"text-delta","id":"0","delta":` + quote(token) + `}`})
		}
		a.tail = append(a.tail, event{data: `{"type":"text-end","id":"0"}`})
	}
	a.tail = append(
		a.tail,
		event{data: `{"type":"finish-step"}`},
		event{data: `{"type":"finish","finishReason":` + quote(finish) + `}`, marker: true},
		event{data: "[DONE]", marker: true, done: true},
	)
	return a
}
