package session

import (
	"strings"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
)

// asked is what the request that a session guards says of itself. The body is
// read once, in pieces, and only these facts stay.
type asked struct {
	request Request // its body is members'
	method  string
	path    string // without the query, one trailing slash cut off
	query   string
	stream  bool   // the member "stream" is true
	tokens  bool   // there is a member "max_tokens"
	rpc     bool   // JSON-RPC: one call, or a batch of them
	model   string // the member "model"
	wanted  int    // answers asked for: "n", or Gemini's candidateCount
	members jsonscan.Members
}

func newAsked(r *Request) *asked {
	q := &asked{request: *r, method: r.Method}
	q.request.Body = ""
	q.path, q.query = splitURL(r.URL)
	q.members = jsonscan.Members{Depth: 2, Found: q.found}
	q.members.Write([]byte(r.Body))
	return q
}

func (q *asked) found(path string, v jsonscan.Value) {
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

// splitURL cuts a URL, absolute or not, into its path, without a trailing
// slash, and its query.
func splitURL(url string) (path, query string) {
	path, query, _ = ascii.Cut(ascii.Before(url, "#"), "?")
	if _, rest, absolute := ascii.Cut(path, "://"); absolute {
		path = rest[len(ascii.Before(rest, "/")):]
	}
	return strings.TrimSuffix(path, "/"), query
}

// parameter is the value of a query's parameter, as it stands there.
func (q *asked) parameter(name string) string {
	for rest := q.query; rest != ""; {
		var pair string
		pair, rest, _ = ascii.Cut(rest, "&")
		if key, value, _ := ascii.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

func (q *asked) post() bool { return ascii.EqualFold(q.method, "post") }

func (q *asked) get() bool { return q.method == "" || ascii.EqualFold(q.method, "get") }

// promised is the protocol in which a stream was asked for, nil if none was,
// or if the address is of no protocol.
func (q *asked) promised(h classify.Headers) *protocol.Protocol {
	if !q.get() && !q.post() {
		return nil
	}
	a := protocol.Address{Get: q.get(), Path: q.path, Stream: q.stream, MaxTokens: q.tokens, Version: h.Get("anthropic-version") != ""}
	if a.Get {
		a.Stream = q.parameter("stream") == "true"
	}
	return protocol.Promised(&a)
}

// streamed reports whether a stream was asked for, in any way in which one can be.
func (q *asked) streamed(h classify.Headers) bool {
	return q.stream || q.parameter("stream") == "true" || q.parameter("alt") == "sse" || protocol.OnlyStreams(q.path) ||
		ascii.IndexFold(h.Get("accept"), "text/event-stream") >= 0
}

// Body takes the next piece of the request's body, where Request.Body does not
// hold all of it, and reports whether more is wanted. It must come before OnStart,
// and is not kept.
func (s *Session) Body(p []byte) (more bool) {
	if s.state != idle {
		return false
	}
	s.asked.members.Write(p)
	return !s.asked.members.Done()
}
