package session

import (
	"strings"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
)

// requestInfo holds the facts of the request that a session guards. The body is
// read once, in pieces, and only these facts of it are kept.
type requestInfo struct {
	request Request // without its body, which members reads
	method  string
	path    string // without the query, one trailing slash cut off
	query   string
	stream  bool   // the member "stream" is true
	tokens  bool   // there is a member "max_tokens"
	rpc     bool   // JSON-RPC: one call, or a batch of them
	model   string // the member "model"
	wanted  int    // how many answers are asked for: "n", or Gemini's candidateCount
	members jsonscan.Members
}

func newRequestInfo(r *Request) *requestInfo {
	q := &requestInfo{request: *r, method: r.Method}
	q.request.Body = ""
	q.path, q.query = splitURL(r.URL)
	q.members = jsonscan.Members{Depth: 2, Found: q.found}
	q.members.Write([]byte(r.Body))
	return q
}

// found records a member of the request's body.
func (q *requestInfo) found(path string, v jsonscan.Value) {
	switch path {
	case "stream":
		q.stream = v.True()
	case "jsonrpc":
		q.rpc = true
	case "max_tokens":
		q.tokens = true
	case "model":
		q.model = strings.Clone(v.Str())
	case "n", "generationConfig.candidateCount", "generation_config.candidate_count":
		if n, ok := v.Int(); ok && v.Kind() == jsonscan.Number {
			q.wanted = int(min(max(n, 0), 32))
		}
	}
}

// splitURL returns the path of a URL, absolute or not, without a trailing slash,
// and its query.
func splitURL(url string) (path, query string) {
	path, query, _ = ascii.Cut(ascii.Before(url, "#"), "?")
	if _, rest, absolute := ascii.Cut(path, "://"); absolute {
		path = rest[len(ascii.Before(rest, "/")):]
	}
	return strings.TrimSuffix(path, "/"), query
}

// parameter returns the value of a query parameter, not decoded, or "".
func (q *requestInfo) parameter(name string) string {
	for rest := q.query; rest != ""; {
		var pair string
		pair, rest, _ = ascii.Cut(rest, "&")
		if key, value, _ := ascii.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

func (q *requestInfo) post() bool { return ascii.EqualFold(q.method, "post") }

func (q *requestInfo) get() bool { return q.method == "" || ascii.EqualFold(q.method, "get") }

// promised returns the protocol in which the request asks for a stream. It is nil if
// it asks for none, or if its address is not of a known protocol.
func (q *requestInfo) promised(h classify.Headers) *protocol.Protocol {
	if !q.get() && !q.post() {
		return nil
	}
	a := protocol.Address{Get: q.get(), Path: q.path, Stream: q.stream, MaxTokens: q.tokens, Version: h.Get("anthropic-version") != ""}
	if a.Get {
		a.Stream = q.parameter("stream") == "true"
	}
	return protocol.Promised(&a)
}

// streamed reports whether the request asks for a stream in any known way.
func (q *requestInfo) streamed(h classify.Headers) bool {
	return q.stream || q.parameter("stream") == "true" || q.parameter("alt") == "sse" || protocol.OnlyStreams(q.path) ||
		ascii.IndexFold(h.Get("accept"), "text/event-stream") >= 0
}

// Body reads the next piece of the request's body, if Request.Body does not have all
// of it, and reports whether more is wanted. It must be called before OnStart. p is
// not kept.
func (s *Session) Body(p []byte) (more bool) {
	if s.state != idle {
		return false
	}
	s.request.members.Write(p)
	return !s.request.members.Done()
}
