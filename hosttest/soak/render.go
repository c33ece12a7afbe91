package soak

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
)

// Attempt is what the provider does with one request.
type Attempt struct {
	// Fault says in words what it is, for whoever reads a failure.
	Fault   string            `json:"fault"`
	AfterMs int               `json:"after_ms,omitempty"` // before the headers
	Refused bool              `json:"refused,omitempty"`  // no headers: the connection fails
	Mute    bool              `json:"mute,omitempty"`     // no headers, ever
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Pieces  []Piece           `json:"pieces,omitempty"`
	End     End               `json:"end,omitempty"`
	// Instead of Pieces: what the request lacks of Parts, from Back of them
	// before that on, Chunk bytes at a time, and Stop bytes at most.
	Parts []Part `json:"parts,omitempty"`
	Back  int    `json:"back,omitempty"`
	Stop  int    `json:"stop,omitempty"`
	Chunk int    `json:"chunk,omitempty"`

	// What the oracle knows besides.
	what  fault
	bytes []byte // all pieces
}

// Piece is what arrives at once of a body.
type Piece struct {
	Bytes   []byte `json:"bytes"` // base64
	AfterMs int    `json:"after_ms,omitempty"`
}

// End is how a body ends.
type End string

const (
	EndClean End = "end"
	EndReset End = "reset"
	EndHang  End = "hang"
)

// protocol is a way to ask for an answer.
type protocol struct {
	name, method, path, body string
	// reason says that the reason for the end comes in an event before the last.
	reason bool
	ping   string
}

var protocols = []*protocol{
	{name: "anthropic", method: "POST", path: "/v1/messages", body: `{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}`, reason: true, ping: "event: ping\ndata: {\"type\": \"ping\"}\n\n"},
	{name: "openai-chat", method: "POST", path: "/v1/chat/completions", body: `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`, reason: true, ping: ": keep-alive\n\n"},
	{name: "openai-responses", method: "POST", path: "/v1/responses", body: `{"model":"m","stream":true,"input":[{"role":"user","content":"hi"}]}`, ping: ": keep-alive\n\n"},
	{name: "gemini", method: "POST", path: "/v1beta/models/m:streamGenerateContent?alt=sse", body: `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, ping: ": keep-alive\r\n\r\n"},
	{name: "sse", method: "POST", path: "/sse", body: `{"stream":true}`, ping: ": keep-alive\n\n"},
	{name: "ai-sdk", method: "POST", path: "/api/chat", body: `{"messages":[]}`, ping: ": keep-alive\n\n"},
}

// provider renders answers. Nobody connects to its address.
type provider struct{ server *chattest.Server }

// answer is what chattest says to a request that meets f, all at once.
func (p *provider) answer(id string, s *Script, f chattest.Fault) *httptest.ResponseRecorder {
	run := p.server.NewRun(chattest.Run{ID: id, Text: s.text, TokenDelayMs: -1, Faults: []chattest.Fault{f}})
	w := httptest.NewRecorder()
	p.server.ServeHTTP(w, httptest.NewRequest(s.protocol.method, "/run/"+run.ID+s.Path, strings.NewReader(s.Body)))
	p.server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodDelete, "/_chattest/runs/"+run.ID, nil))
	return w
}

// render makes an attempt of what chattest answers. Where the body breaks, it
// is rendered as one that ends, and end says how.
func (p *provider) render(s *Script, f chattest.Fault, end End) Attempt {
	s.rendered++
	w := p.answer(fmt.Sprintf("%d-%d", s.Seed, s.rendered), s, f) // ids of answers are made of it
	a := Attempt{Status: w.Code, Headers: map[string]string{}, End: end, bytes: bytes.Clone(w.Body.Bytes())}
	for name, values := range w.Header() {
		switch name {
		case "Connection", "Content-Length", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers":
		default:
			if len(values) > 0 {
				a.Headers[strings.ToLower(name)] = values[0]
			}
		}
	}
	return a
}
