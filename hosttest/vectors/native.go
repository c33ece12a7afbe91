package vectors

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
)

// Native returns the engine compiled by Go, called directly.
func Native() Host { return &native{} }

type native struct{ group session.Group }

func (h *native) Policy(policy []byte) ([]byte, error) {
	var p retry.Policy
	if err := Decode(policy, &p); err != nil {
		return nil, err
	}
	if err := p.Fill(); err != nil {
		return nil, Refusal(err.Error())
	}
	return json.Marshal(p)
}

func (h *native) Delay(attempt int) (int64, error) { return retry.Delay(attempt).Milliseconds(), nil }

func (h *native) Share(shared []byte) error {
	var s session.Shared
	if err := Decode(shared, &s); err != nil {
		return err
	}
	h.group.Hear(&s)
	return nil
}

func (h *native) NewSession(config []byte) (Session, error) {
	var cfg session.Config
	if err := Decode(config, &cfg); err != nil {
		return nil, err
	}
	s, err := session.NewSession(&cfg, &h.group)
	if err != nil {
		return nil, Refusal(err.Error())
	}
	return &nativeSession{s: s}, nil
}

func (h *native) Close() error { return nil }

type nativeSession struct {
	s       *session.Session
	held    session.Queue
	attempt int // the open one; chunks of others are dropped
	ready   []byte
}

func (s *nativeSession) Step(happened []byte) ([]byte, error) {
	var h session.Happened
	if err := Decode(happened, &h); err != nil {
		return nil, err
	}
	a := s.s.Step(&h)
	s.take(a)
	return json.Marshal(a)
}

func (s *nativeSession) Chunk(attempt int, now int64, p []byte) (int, []byte, error) {
	if attempt == s.attempt {
		s.held.Add(p)
	}
	n, a := s.s.Chunk(attempt, now, p)
	if a == nil {
		s.take(&session.Answer{Do: session.DoNothing, Bytes: n})
		return n, nil, nil
	}
	s.take(a)
	answer, err := json.Marshal(a)
	return a.Bytes, answer, err
}

// take keeps the released bytes for Bytes.
func (s *nativeSession) take(a *session.Answer) {
	s.ready = append(s.ready[:0], s.held.Take(a.Bytes, s.s.Moves())...)
	switch a.Do {
	case session.DoNothing, session.DoRead:
	case session.DoOpen:
		s.held.Reset()
		s.attempt = a.Attempt
	default:
		s.attempt = 0
	}
}

func (s *nativeSession) Bytes() []byte             { return s.ready }
func (s *nativeSession) Snapshot() ([]byte, error) { return json.Marshal(s.s.Snapshot()) }
func (s *nativeSession) Close() error              { return nil }

func (s *nativeSession) Rewrite(body string) (string, error) {
	rewritten, ok := s.s.Rewrite(body)
	if !ok {
		return "", Refusal("the body has no list of messages that could be continued")
	}
	return rewritten, nil
}

// Decode reads JSON. A name that the type does not have is an error, so that mistakes
// in vectors are found.
func Decode(text []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err != nil && strings.HasPrefix(err.Error(), "retry: ") {
		return Refusal(err.Error())
	}
	return err
}
