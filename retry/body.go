package retry

import (
	"strings"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/classify/jsonscan"
	"github.com/steadfetch/steadfetch/classify/stream"
)

// response takes the headers of an attempt.
func (s *Session) response(h Happened) Answer {
	s.status, s.headers = h.Status, h.Headers
	o := s.group.at(s.origin)
	o.answered = true
	if h.Status >= 400 {
		s.mode = modeError
		s.opened = s.now
		return s.answer(DoRead)
	}
	released := o.until != 0 && (o.prober == s || o.until+s.offset <= s.now)
	if released {
		o.until, o.prober = 0, nil
	}
	var a Answer
	if h.Status/100 == 2 && h.Status != 204 && h.Status != 205 && s.streams(header(h.Headers, "content-type")) {
		s.mode = modeSniff
		a = s.answer(DoRead)
	} else {
		a = s.done(DoPass, nil, false)
	}
	if released {
		a.Poke = true
		a.Share = &Shared{Origin: s.origin}
	}
	return a
}

// streams says whether a good response is, or should have been, a stream of
// events. Anything else is not ours to look into.
func (s *Session) streams(contentType string) bool {
	if hasFold(contentType, "text/event-stream") {
		return true
	}
	if contentType != "" && !hasFold(contentType, "text/") && !hasFold(contentType, "application/json") && !hasFold(contentType, "application/octet-stream") {
		return false // NDJSON, AWS event streams, media
	}
	r := s.cfg.Request
	return hasFold(header(r.Headers, "accept"), "text/event-stream") || strings.Contains(r.URL, "alt=sse") ||
		strings.Contains(r.URL, "stream=true") || asksForStream(r.Body)
}

// asksForStream finds "stream": true as a member of a JSON body. Inside a
// string its quotes would be escaped.
func asksForStream(body string) bool {
	for {
		i := strings.Index(body, `"stream"`)
		if i < 0 {
			return false
		}
		escaped := i > 0 && body[i-1] == '\\'
		body = body[i+len(`"stream"`):]
		rest := strings.TrimLeft(body, " \t\r\n")
		if !escaped && strings.HasPrefix(rest, ":") && strings.HasPrefix(strings.TrimLeft(rest[1:], " \t\r\n"), "true") {
			return true
		}
	}
}

func header(headers map[string]string, name string) string {
	if v, ok := headers[name]; ok {
		return v
	}
	for k, v := range headers {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// hasFold is a case-insensitive strings.Contains; part is in lower case.
func hasFold(s, part string) bool {
	for i := 0; i+len(part) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// Chunk takes bytes of an attempt's body. n of Bytes may go on now; where
// news is true, the answer says the rest, and its Bytes is n.
func (s *Session) Chunk(attempt int, now int64, p []byte) (n int, a Answer, news bool) {
	s.tick(now)
	s.out = nil
	if attempt != s.attempt || s.mode == modeNone || s.state != StateOpening && s.state != StateStreaming || len(p) == 0 {
		return 0, Answer{}, false
	}
	if s.committed {
		s.flowed += s.now - s.lastByte
	}
	s.lastByte, s.gotBytes = s.now, true
	s.framer.Write(p)
	switch s.mode {
	case modeError:
		if len(s.framer.Held()) < maxBody {
			return 0, Answer{}, false
		}
		a = s.errorStatus(nil)
	case modeSSE:
		a, news = s.events()
		if !news {
			if s.committed {
				n = s.release(len(s.framer.Ready()))
			}
			return n, a, false
		}
	default:
		if s.mode == modeSniff {
			s.mode = s.sniff()
		}
		switch {
		case s.mode == modeSSE:
			a, news = s.events()
			if !news {
				return 0, Answer{}, false
			}
		case s.mode == modeDoc && (len(s.framer.Held()) >= maxBody || s.harmlessArray()):
			a = s.document()
		default:
			return 0, Answer{}, false
		}
	}
	return a.Bytes, a, true
}

// sniff tells a stream from a document by the first byte that is neither
// white space nor a byte order mark.
func (s *Session) sniff() mode {
	for _, c := range s.framer.Held() {
		switch c {
		case ' ', '\t', '\r', '\n', 0xEF, 0xBB, 0xBF:
		case '{', '[', '<':
			return modeDoc
		default:
			return modeSSE
		}
	}
	return modeSniff
}

// harmlessArray knows the start of a JSON array that is no error. Gemini
// streams such an array where alt=sse was not asked for.
func (s *Session) harmlessArray() bool {
	head := strings.TrimLeft(s.head(512), " \t\r\n")
	return len(head) >= 256 && head[0] == '[' && !strings.Contains(head, `"error"`)
}

// head is a copy of the first bytes that are held, n at most.
func (s *Session) head(n int) string {
	held := s.framer.Held()
	return string(held[:min(n, len(held))])
}

// document judges a body that is one document where a stream was asked for:
// an error in disguise, or an answer that was simply not streamed.
func (s *Session) document() Answer {
	body := strings.TrimLeft(s.head(maxBody), "\uFEFF \t\r\n")
	if body != "" && body[0] == '<' || errorDocument(jsonscan.ParsePrefix(body)) {
		return s.errorStatus(nil)
	}
	return s.done(DoPass, nil, true)
}

// errorDocument knows a JSON document that reports an error.
func errorDocument(v jsonscan.Value) bool {
	if v.Kind() == jsonscan.Array {
		v = v.First()
	}
	if e := v.Get("error"); !e.Empty() && e != "false" {
		return true
	}
	if v.Get("type").Is("error") || v.Get("object").Is("error") || v.Get("success") == "false" {
		return true
	}
	for _, name := range [...]string{"code", "status"} {
		if n, ok := v.Get(name).Int(); ok && n >= 400 {
			return true
		}
	}
	// A document that has a message for a person and nothing of an answer.
	talks := false
	for it := v.Iter(); it.Next(); {
		switch it.Key.Str() {
		case "id", "model", "choices", "content", "output", "candidates", "usage":
			return false
		case "message", "detail", "errors", "title":
			talks = talks || !it.Value.Empty()
		}
	}
	return talks
}

// errorStatus classifies an attempt by its status and what there is of its body.
func (s *Session) errorStatus(e *classify.ErrorInfo) Answer {
	return s.failed(classify.Classify(classify.Failure{
		Phase: classify.PhaseResponse, Status: s.status, Headers: s.headers, Body: s.head(maxBody), Error: e,
		Provider: s.cfg.Provider, URL: s.cfg.Request.URL, Now: s.wall(s.now), UnknownRetryable: s.policy.UnknownRetryable,
	}), true)
}

// events takes all whole events that have come. news says that the answer counts.
func (s *Session) events() (a Answer, news bool) {
	for {
		e, ok := s.framer.Next()
		if !ok {
			break
		}
		facts := s.tracker.Read(e)
		if a, over := s.take(e, facts); over {
			return a, true
		}
	}
	return s.commit()
}

// commit announces the first output of an attempt, and the completion of an
// answer that no end marker followed yet.
func (s *Session) commit() (a Answer, news bool) {
	ready := len(s.framer.Ready())
	first := s.state == StateOpening && ready > 0 && (s.committed || s.tracker.Seen&stream.Output != 0)
	if first {
		s.committed, s.delivered = true, true
		s.state, s.slow, s.retry = StateStreaming, false, nil
	}
	completed := s.tracker.Seen&stream.Finished != 0
	if completed {
		s.finishedAt = s.lastByte
	}
	if !first && !completed {
		return Answer{}, false
	}
	a = s.answer(DoNothing)
	if first {
		a.Committed = true
		if s.resetDue {
			a.Reset, s.resetDue = true, false
			s.seam.forget()
		}
	}
	if s.committed {
		a.Bytes = s.release(ready)
	}
	return a, true
}

// take acts on one event. over says that it ended the attempt.
func (s *Session) take(e stream.Event, facts stream.Facts) (a Answer, over bool) {
	if facts&stream.KeepAlive == 0 {
		s.lastContent = s.now
	}
	if facts&stream.Failed != 0 {
		if s.tracker.Seen&stream.Finished != 0 {
			// The answer was complete before the connection had its trouble.
			s.framer.Replace(nil)
			return s.finish(), true
		}
		return s.failed(classify.Classify(classify.Failure{
			Phase: classify.PhaseMidstream, Status: s.status, Headers: s.headers,
			// The event is a view of a buffer that will be written over.
			Event:    &classify.Event{Event: strings.Clone(e.Type), Data: strings.Clone(e.Data)},
			Provider: s.cfg.Provider, URL: s.cfg.Request.URL, Now: s.wall(s.now), UnknownRetryable: s.policy.UnknownRetryable,
		}), true), true
	}
	if s.seam.on {
		raw, verb := s.seam.event(&s.tracker, e, facts, s.framer.Last())
		switch verb {
		case seamDrop:
			s.framer.Replace(nil)
		case seamReplace:
			s.framer.Replace(raw)
		case seamMismatch:
			s.framer.Replace(nil)
			return s.failed(classify.NewVerdict(classify.SeamMismatch, s.provider()), false), true
		}
	}
	if facts&stream.Ended != 0 {
		return s.finish(), true
	}
	return Answer{}, false
}

// bodyEnd takes the end of an attempt's body.
func (s *Session) bodyEnd() Answer {
	switch s.mode {
	case modeError:
		return s.errorStatus(nil)
	case modeDoc:
		return s.document()
	case modeNone:
		return s.nothing()
	}
	if e, ok := s.framer.Final(); ok {
		// A last event without its blank line counts if it is whole: half an
		// event is half a JSON text.
		whole := e.Empty() || e.Data == "[DONE]" || jsonscan.Parse(e.Data) != "" ||
			s.tracker.Protocol == stream.Unknown && s.promised == stream.Unknown
		if whole {
			if a, over := s.take(e, s.tracker.Read(e)); over {
				return a
			}
		} else {
			s.framer.Replace(nil)
		}
	}
	t := &s.tracker
	known := t.Protocol != stream.Unknown || t.Events == 0 && s.promised != stream.Unknown && s.gotBytes
	switch {
	case t.Seen&stream.Finished != 0, !known && t.Events > 0, s.policy.Lenient && t.Seen&stream.Output != 0:
		s.mode = modeSSE
		return s.finish()
	case !known:
		return s.failed(classify.NewVerdict(classify.EmptyOutput, s.provider()), false)
	}
	v := classify.NewVerdict(classify.Truncated, s.provider())
	v.Status = s.status
	return s.failed(v, false)
}

// broke takes a fetch or a body that failed.
func (s *Session) broke(e *classify.ErrorInfo) Answer {
	switch {
	case s.mode == modeError:
		return s.errorStatus(nil)
	case s.tracker.Seen&stream.Finished != 0:
		return s.finish()
	}
	v := classify.Classify(classify.Failure{
		Phase: s.phase(), Error: e, Provider: s.cfg.Provider, URL: s.cfg.Request.URL, Now: s.wall(s.now),
	})
	if v.Kind == classify.Unknown || v.Kind == classify.Canceled {
		// The host called fetch itself, and the caller did not cancel: it is
		// the network by structure, whatever the text says.
		rule := v.Rule
		v = classify.NewVerdict(classify.Network, v.Provider)
		v.Rule = rule
	}
	return s.failed(v, false)
}
