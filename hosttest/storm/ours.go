package main

import (
	"strconv"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/retry/session"
)

// epoch is the wall clock at the start of a storm.
const epoch = 1_800_000_000_000

// ours is sessions of one group, as in one process: real ones, driven as a
// host drives them.
type ours struct {
	w        *world
	group    session.Group
	sessions []*session.Session
	attempts []int
}

func newOurs(w *world) clients {
	o := &ours{w: w, sessions: make([]*session.Session, len(w.born)), attempts: make([]int, len(w.born))}
	for c := range o.sessions {
		s, err := session.NewSession(&session.Config{
			ID:      c,
			Request: session.Request{Method: "POST", URL: "https://api.openai.com/v1/chat/completions", Body: `{"stream":true}`},
		}, &o.group)
		if err != nil {
			panic(err)
		}
		o.sessions[c] = s
	}
	return o
}

func (o *ours) start(c int) { o.step(c, session.Happened{What: session.OnStart}) }
func (o *ours) timer(c int) { o.step(c, session.Happened{What: session.OnTimer}) }

func (o *ours) headers(c, status int, wish int64) {
	h := session.Happened{What: session.OnResponse, Status: status, Headers: classify.Headers{"content-type": "text/event-stream"}}
	if wish >= 0 {
		h.Headers["retry-after"] = strconv.FormatInt(wish/1000, 10)
	}
	o.step(c, h)
	if status >= 400 {
		o.step(c, session.Happened{What: session.OnEnd})
		return
	}
	o.chunk(c, `data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"A"}}]}`+"\n\n")
}

func (o *ours) end(c int) {
	o.chunk(c, `data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	o.step(c, session.Happened{What: session.OnEnd})
	o.sessions[c] = nil // as hosts free it
}

func (o *ours) chunk(c int, events string) {
	if _, a := o.sessions[c].Chunk(o.attempts[c], epoch+o.w.now, []byte(events)); a != nil {
		o.act(c, a)
	}
}

func (o *ours) step(c int, h session.Happened) {
	s := o.sessions[c]
	if s == nil {
		return
	}
	h.Now, h.Attempt = epoch+o.w.now, o.attempts[c]
	o.act(c, s.Step(&h))
}

func (o *ours) act(c int, a *session.Answer) {
	o.attempts[c] = a.Attempt
	o.w.wake(c, -1)
	if a.TimerAt > 0 {
		o.w.wake(c, max(a.TimerAt-epoch-o.w.now, 0))
	}
	if a.Do == session.DoOpen {
		o.w.send(c)
	}
	for _, id := range a.Wake {
		o.w.wake(id, 0)
	}
}
