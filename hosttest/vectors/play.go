package vectors

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Host is one way to run the engine. JSON has the wire form. Vectors check errors that
// are a Refusal; any other error is a failure.
type Host interface {
	Policy(policy []byte) (filled []byte, err error)
	Delay(attempt int) (ms int64, err error)
	Share(shared []byte) error
	NewSession(config []byte) (Session, error)
	Close() error
}

// Session is a session of a Host.
type Session interface {
	Step(happened []byte) (answer []byte, err error)
	Chunk(attempt int, now int64, p []byte) (n int, answer []byte, err error) // answer may be nil
	Bytes() []byte
	Snapshot() ([]byte, error)
	Rewrite(body string) (string, error)
	Close() error
}

// Refusal is the reason why the engine refused an input.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// Play plays a vector on a new host. It returns the steps with their actual results,
// and the first difference from the expected results, or "".
func (f *File) Play(v *Vector, h Host) (got []*Step, difference string, err error) {
	var sessions []Session
	for at, want := range v.Steps {
		step := *want
		step.Result = Result{}
		var p []byte
		if step.New != nil {
			s, err := h.NewSession(step.New)
			if !refused(&step, err) && err != nil {
				return nil, "", fmt.Errorf("step %d: %w", at, err)
			}
			sessions = append(sessions, s)
		} else {
			var s Session
			if step.Session < len(sessions) {
				s = sessions[step.Session]
			}
			p, err = f.call(h, s, &step)
			if !refused(&step, err) && err != nil {
				return nil, "", fmt.Errorf("step %d: %w", at, err)
			}
		}
		same, err := want.Bytes.same(p, f.Fragments)
		if err != nil {
			return nil, "", fmt.Errorf("step %d: %w", at, err)
		}
		if same {
			step.Bytes = want.Bytes
		} else {
			step.Bytes = describe(p, f.Fragments)
		}
		if Equal(want.Answer, step.Answer) {
			step.Answer = want.Answer // as it is formatted in the file
		} else {
			same = false
		}
		if difference == "" && (!same || want.Refused != step.Refused) {
			difference = fmt.Sprintf("step %d, %s\nwant %s\ngot  %s", at, compact(inputOf(step)), compact(want.Result), compact(step.Result))
		}
		got = append(got, &step)
	}
	for _, s := range sessions {
		if s == nil {
			continue
		}
		if err := s.Close(); err != nil {
			return nil, "", err
		}
	}
	return got, difference, nil
}

func inputOf(s Step) Step {
	s.Result = Result{}
	return s
}

// refused records err in step if it is a Refusal, and reports whether it is.
func refused(step *Step, err error) bool {
	var why Refusal
	if !errors.As(err, &why) {
		return false
	}
	step.Refused = string(why)
	return true
}

// call makes a step's call and returns the bytes that are released.
func (f *File) call(h Host, s Session, step *Step) (ready []byte, err error) {
	switch {
	case step.Policy != nil:
		step.Answer, err = h.Policy(step.Policy)
		return nil, err
	case step.Delay != nil:
		ms, err := h.Delay(*step.Delay)
		step.Answer = json.RawMessage(compact(ms))
		return nil, err
	case step.Share != nil:
		return nil, h.Share(step.Share)
	case s == nil:
		return nil, errors.New("vectors: there is no such session")
	case step.Happened != nil:
		if step.Answer, err = s.Step(step.Happened); err != nil {
			return nil, err
		}
		return s.Bytes(), nil
	case step.Chunk != nil:
		p, err := step.Chunk.Bytes(f.Fragments)
		if err != nil {
			return nil, err
		}
		n, answer, err := s.Chunk(step.Attempt, step.Now, p)
		if err != nil {
			return nil, err
		}
		step.Answer = answer
		if ready = s.Bytes(); len(ready) != n {
			return nil, fmt.Errorf("vectors: %d bytes are ready, but %d were reported", len(ready), n)
		}
		return ready, nil
	case step.Snapshot:
		step.Answer, err = s.Snapshot()
		return nil, err
	case step.Rewrite != nil:
		body, err := s.Rewrite(*step.Rewrite)
		if err == nil {
			step.Answer = json.RawMessage(compact(body))
		}
		return nil, err
	}
	return nil, errors.New("vectors: a step without a call")
}
