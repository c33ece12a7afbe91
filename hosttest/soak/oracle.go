package soak

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
)

// Result is what a host made of a script.
type Result struct {
	Seed uint64 `json:"seed"`
	// End is "done", "error", "aborted" (with the caller's own reason), "left" or "hung".
	End     string    `json:"end"`
	Kind    string    `json:"kind,omitempty"`  // the verdict's, where the error has one
	Error   string    `json:"error,omitempty"` // its text
	Status  int       `json:"status,omitempty"`
	Bytes   []byte    `json:"bytes,omitempty"`    // fetch: the body, base64
	Events  []Message `json:"events,omitempty"`   // stream: since the last reset
	Retries []Retry   `json:"retries,omitempty"`  // as onRetry was told
	Opened  []int64   `json:"opened,omitempty"`   // when each attempt began
	Failed  []int64   `json:"answered,omitempty"` // when it had its headers, or failed; -1 is never
	Open    int       `json:"open,omitempty"`     // attempts that were neither ended nor let go
	Ms      int64     `json:"ms"`                 // when it was over
	Resumed int       `json:"resumed,omitempty"`  // requests that asked for the rest of an answer
}

// Message is an event as stream() gives it.
type Message struct{ Event, Data, ID string }

// Retry is what a retry event says.
type Retry struct {
	Attempt int   `json:"attempt"`
	DelayMs int64 `json:"delay_ms"`
}

// judge says what an answer that breaks, or ends, is to its caller.
func (s *Script) judge(f chattest.Fault, end End, body []byte) []outcome {
	p := s.protocol
	events, complete := parse(body)
	outputs, reason, marker, failed := 0, false, false, false
	for i, e := range events {
		if e.late > complete && !p.stands(e) {
			events = events[:i]
			break
		}
		failed = failed || p.fails(e)
		if p.isOutput(e) {
			outputs++
		}
		r, m := p.ends(e)
		reason, marker = reason || r, marker || m
	}
	stream := s.Client == "stream"
	begun := slices.ContainsFunc(events, func(e event) bool { return e.Type != "ping" }) // something that decides has come
	again := func(kinds ...string) outcome { return outcome{class: told, kinds: kinds} }
	suspect := func(name string, kinds ...string) outcome {
		return outcome{class: suspected, suspicion: name, kinds: kinds}
	}

	if p.name == "sse" || p.name == "ai-sdk" && !begun {
		// Nobody knows what it is: as it came, but for an error in a known form at the very beginning.
		if f.Kind == chattest.InBand && len(events) == 1 && !(p.name == "sse" && stream && false) {
			o := again("server", "overloaded", "rate_limit", "invalid_request")
			o.inBand, o.explained = true, true
			if f.Status == 400 {
				o.class = permanent
			}
			if p.name == "ai-sdk" {
				return []outcome{o, {class: asItCame}, suspect("error", o.kinds...)}
			}
			return []outcome{o}
		}
		switch {
		case end == EndClean:
			return []outcome{{class: asItCame}}
		case end == EndReset && begun:
			return []outcome{{class: asItCame, kinds: []string{"network"}}}
		case end == EndReset:
			return []outcome{again("network")}
		case !begun:
			return []outcome{again("silence", "timeout"), suspect("silence", "silence", "timeout"), {class: asItCame}}
		}
		return []outcome{{class: asItCame}}
	}

	if failed {
		o := again("server", "overloaded", "rate_limit")
		o.inBand, o.explained = true, true
		if f.Status == 400 {
			o.class, o.kinds = permanent, []string{"invalid_request"}
		}
		if reason || marker {
			return []outcome{{class: whole}}
		}
		if p.name == "ai-sdk" { // its texts may say nothing, and pass on
			return []outcome{o, {class: asItCame}, suspect("error", "server", "unknown", "rate_limit")}
		}
		return []outcome{o}
	}
	finished := marker || reason && p.reason && outputs > 0
	switch {
	case f.Finish == chattest.FinishContentFilter || f.Finish == chattest.FinishRefusal:
		return []outcome{{class: withheld, kinds: []string{"content_policy"}}, {class: whole}}
	case finished && outputs > 0:
		return []outcome{{class: whole}}
	case finished || reason: // and nothing in it
		return []outcome{suspect("empty_ended", "empty_output"), suspect("empty", "empty_output", "truncated")}
	case end == EndReset:
		return []outcome{again("network")}
	case end == EndHang && len(body) == 0:
		return []outcome{suspect("silence", "silence", "timeout")}
	case end == EndHang:
		return []outcome{suspect("silence", "silence", "timeout")}
	case outputs > 0 && s.Policy["lenient"] == true:
		return []outcome{{class: whole}}
	case outputs > 0:
		return []outcome{suspect("truncated", "truncated")}
	}
	return []outcome{suspect("truncated", "truncated", "empty_output"), suspect("empty", "empty_output", "truncated")}
}

// stands reports whether a last event without its blank line is a whole one: half
// an event is half a JSON text.
func (p *protocol) stands(e event) bool {
	return e.Data == "[DONE]" || p.name != "sse" && json.Valid([]byte(e.Data)) && strings.HasPrefix(e.Data, "{")
}

// ends reports whether an event gives the reason for the end, and whether it is the end's marker.
func (p *protocol) ends(e event) (reason, marker bool) {
	has := func(s string) bool { return strings.Contains(e.Data, s) }
	switch p.name {
	case "anthropic":
		return e.Type == "message_delta" && has(`"stop_reason":"`), e.Type == "message_stop"
	case "openai-chat":
		return has(`"finish_reason":"`), e.Data == "[DONE]"
	case "openai-responses":
		return false, e.Type == "response.completed" || e.Type == "response.incomplete"
	case "gemini":
		return false, has(`"finishReason":"`)
	case "ai-sdk":
		return false, has(`"type":"finish"`)
	}
	return false, false
}

// fails reports whether an event is the protocol's error.
func (p *protocol) fails(e event) bool {
	switch p.name {
	case "anthropic":
		return e.Type == "error"
	case "openai-chat", "gemini":
		return strings.HasPrefix(e.Data, `{"error":`)
	case "openai-responses":
		return e.Type == "response.failed" || e.Type == "error"
	case "ai-sdk":
		return strings.HasPrefix(e.Data, `{"type":"error"`)
	}
	return e.Type == "error"
}

// believed is how many requests a suspicion is worth, the first included.
var believed = map[string]int{"truncated": 3, "empty_ended": 2, "empty": 3, "error": 3, "silence": 3}

// final is a way in which a script may end.
type final struct {
	attempts  int // that were made
	outcome   outcome
	kinds     []string
	delivered bool // the last attempt's output was
	how       string
}

// The ways to end.
const (
	answered = "answered" // the consumer has the last attempt's answer
	passed   = "passed"   // the caller has the provider's own response
	failed   = "failed"   // there is an error of one of the kinds
)

func (f final) String() string {
	return fmt.Sprintf("%s after %d attempts %v", f.how, f.attempts, f.kinds)
}

// seen reports whether output of the attempt went on before it broke: yes, no, or either.
func (s *Script) seen(a *Attempt, o outcome) (yes, no bool) {
	before := a.Pieces
	if o.inBand && len(before) > 0 {
		// The error arrives with its piece, and hides what comes with it.
		at := 0
		events, _ := parse(a.bytes)
		if len(events) == 0 {
			return false, true
		}
		start := 0
		if len(events) > 1 {
			start = events[len(events)-2].late
		}
		for i, piece := range a.Pieces {
			if at += len(piece.Bytes); at > start {
				before = a.Pieces[:i]
				break
			}
		}
	}
	n := 0
	for _, piece := range before {
		n += len(piece.Bytes)
	}
	events, complete := parse(a.bytes)
	for _, e := range events {
		if !s.protocol.isOutput(e) || s.protocol.fails(e) {
			continue
		}
		switch {
		case e.late > complete && !o.inBand && n >= len(a.bytes) && s.protocol.stands(e):
			return true, true // at the end of the body it may count
		case e.late > complete:
			return false, true // half an event
		case e.late <= complete && n >= e.late && n > e.late || n == e.late && e.late == e.early:
			return true, false
		case n >= e.early:
			return true, true // its last line may or may not have ended
		}
		// A piece of more than the host's buffer, and an error behind output in one piece, leave the host the choice.
		return o.inBand, true
	}
	return false, true
}

// finals are all ways in which the script may end.
func (s *Script) finals() []final {
	pressed := slices.ContainsFunc(s.Acts, func(a Act) bool { return a.What == "retryNow" })
	most, _ := s.Policy["max_attempts"].(int)
	var all []final
	var walk func(i int, counts map[string]int, delivered bool)
	walk = func(i int, counts map[string]int, delivered bool) {
		at := i
		if at >= len(s.Attempts) {
			if !s.Forever || i > 10 {
				return // more requests than there can be
			}
			at = len(s.Attempts) - 1
		}
		a := &s.Attempts[at]
		n := i + 1
		for _, o := range a.what.outcomes {
			switch o.class {
			case whole, asItCame:
				f := final{attempts: n, outcome: o, how: answered}
				if len(o.kinds) > 0 {
					f.how, f.kinds, f.delivered = failed, append([]string{""}, o.kinds...), true
				}
				all = append(all, f)
				if o.class == asItCame && delivered { // what is no stream does not follow one
					walk(i+1, counts, delivered)
				}
				continue
			case withheld:
				if s.Client == "stream" {
					all = append(all, final{n, o, o.kinds, true, failed})
				} else {
					all = append(all, final{attempts: n, outcome: o, how: answered})
				}
				continue
			}
			yes, no := s.seen(a, o)
			stop := func(kinds []string) {
				if yes {
					all = append(all, final{n, o, kinds, true, failed})
				}
				if no && o.explained && s.Client == "fetch" {
					all = append(all, final{attempts: n, outcome: o, how: passed})
				} else if no {
					all = append(all, final{n, o, kinds, false, failed})
				}
			}
			if o.class == permanent {
				if most > 0 && n >= most && o.kinds[0] == "retry_after_too_long" {
					o.kinds = []string{"attempts_exhausted"} // which comes first
				}
				stop(o.kinds)
				continue
			}
			if yes && s.Client == "fetch" { // nothing can be taken back
				all = append(all, final{n, o, o.kinds, true, failed})
				if !no {
					continue
				}
			}
			counts := counts
			if o.class == suspected {
				counts = add(counts, o.suspicion)
				if counts[o.suspicion] >= believed[o.suspicion] || total(counts) >= 5 {
					if o.suspicion == "empty_ended" {
						all = append(all, final{attempts: n, outcome: o, how: answered})
					} else {
						stop(o.kinds)
					}
					if !pressed {
						continue
					}
				}
			}
			if most > 0 && n >= most {
				stop([]string{"attempts_exhausted"})
				continue
			}
			walk(i+1, counts, delivered || yes)
		}
	}
	walk(0, nil, false)
	return all
}

func add(counts map[string]int, name string) map[string]int {
	next := map[string]int{name: 1}
	for other, n := range counts {
		next[other] += n
	}
	return next
}

func total(counts map[string]int) (n int) {
	for _, count := range counts {
		n += count
	}
	return n
}

// Check says what is wrong with a result.
func (s *Script) Check(r *Result) error {
	if err := s.checkEnd(r); err != nil {
		return err
	}
	if r.Open != 0 {
		return fmt.Errorf("%d attempts are left open", r.Open)
	}
	return s.checkWaits(r)
}

func (s *Script) checkEnd(r *Result) error {
	if s.Resume != "" {
		return s.checkResumed(r)
	}
	if r.Status >= 400 {
		r.Bytes = note.ReplaceAll(r.Bytes, nil)
	}
	last := s.attempt(len(r.Opened) - 1)
	switch {
	case r.End == "hung":
		return fmt.Errorf("it does not end: %s", r.Error)
	case r.End == "aborted" && s.acted("abort", r), r.Kind == "stopped_by_user" && s.acted("stop", r), r.End == "left" && s.Reads.LeaveAfter > 0:
		if last == nil {
			return nil
		}
		return s.checkPart(last, r, false)
	}
	finals := s.finals()
	var first error
	for _, f := range finals {
		if f.attempts != len(r.Opened) {
			continue
		}
		if err := s.checkFinal(last, f, r); err == nil {
			return nil
		} else if first == nil {
			first = err
		}
	}
	if r.End == "done" && s.acted("stop", r) && last != nil && s.checkPart(last, r, false) == nil {
		return nil // an answer that is complete stays one, though its last marker was not waited for
	}
	return fmt.Errorf("it ended %q (%s %s %d) after %d attempts; right would be %v; %w", r.End, r.Kind, r.Error, r.Status, len(r.Opened), finals, orNone(first))
}

func orNone(err error) error {
	if err == nil {
		return errors.New("none after so many")
	}
	return err
}

func (s *Script) acted(what string, r *Result) bool {
	return slices.ContainsFunc(s.Acts, func(a Act) bool { return a.What == what && int64(a.AtMs) <= r.Ms })
}

// attempt is what the provider did with request i.
func (s *Script) attempt(i int) *Attempt {
	switch {
	case i < 0:
		return nil
	case i < len(s.Attempts):
		return &s.Attempts[i]
	case s.Forever:
		return &s.Attempts[len(s.Attempts)-1]
	}
	return nil
}

func (s *Script) checkFinal(a *Attempt, f final, r *Result) error {
	switch {
	case a == nil:
		return errors.New("there were more requests than attempts")
	case f.how == failed:
		if r.End != "error" || !slices.Contains(f.kinds, r.Kind) {
			return fmt.Errorf("the error is %q, not one of %v", r.Kind, f.kinds)
		}
		if s.Client == "fetch" && !f.delivered && (r.Status != 0 || len(r.Bytes) > 0) {
			return fmt.Errorf("a response with %d bytes came with the error", len(r.Bytes))
		}
		return s.checkPart(a, r, f.delivered && f.outcome.class != withheld)
	case r.End != "done":
		return fmt.Errorf("it ended %q (%s)", r.End, r.Kind)
	case s.Client == "fetch" && r.Status != a.Status:
		return fmt.Errorf("the status is %d, not %d", r.Status, a.Status)
	case f.how == passed || f.outcome.class == asItCame:
		if s.Client == "fetch" && !bytes.Equal(r.Bytes, a.all()) {
			return fmt.Errorf("the body is not the provider's: %q", r.Bytes)
		}
		return s.checkAnswer(a, r)
	}
	return s.checkAnswer(a, r)
}

// note is what the package adds to the text of an error, for the SDK to show,
// where the server asks for a longer wait than is allowed.
var note = regexp.MustCompile(` \([^()"]+ asks to wait [^()"]+, which is more than is allowed here\.\)`)

// all is the body as it was sent, pings and all.
func (a *Attempt) all() []byte {
	var all []byte
	for _, piece := range a.Pieces {
		all = append(all, piece.Bytes...)
	}
	return all
}

func (a *Attempt) document() bool {
	return strings.HasPrefix(a.Headers["content-type"], "application/json")
}

// sent are the events of an attempt. A document counts as one.
func (s *Script) sent(a *Attempt) (events []event, complete int) {
	body := a.all()
	if a.document() {
		n := len(body)
		return []event{{Type: "message", Data: string(body), early: n, late: n}}, n
	}
	return parse(body)
}

// checkAnswer reports whether the consumer has the answer, once and whole.
func (s *Script) checkAnswer(a *Attempt, r *Result) error {
	body := a.all()
	document := a.document()
	events, complete := s.sent(a)
	// The last event may lack its blank line, or be half of one.
	half := len(events) > 0 && events[len(events)-1].late > complete && !s.protocol.stands(events[len(events)-1])
	if s.Client == "fetch" {
		switch {
		case bytes.Equal(r.Bytes, body):
			return nil
		case !document && bytes.HasPrefix(r.Bytes, body) && len(r.Bytes) <= len(body)+4 && strings.Trim(string(r.Bytes[len(body):]), "\r\n") == "":
			// Its blank line was added, and made nothing of half an event.
			again, _ := parse(r.Bytes)
			if len(again) == len(events) {
				return nil
			}
		case bytes.Equal(r.Bytes, body[:complete]), bytes.Equal(r.Bytes, s.beforeError(body, events)):
			return nil
		}
		return fmt.Errorf("of %d bytes came %d: they differ at %d\nsent %q\ncame %q", len(body), len(r.Bytes), differ(body, r.Bytes), body, r.Bytes)
	}
	want := messages(events)
	if n := len(events) - 1; n >= 0 && s.protocol.fails(events[n]) && slices.Equal(r.Events, want[:n]) {
		return nil
	}
	if slices.Equal(r.Events, want) || half && slices.Equal(r.Events, want[:len(want)-1]) {
		return nil
	}
	return fmt.Errorf("the events are not those that were sent\nsent %q\ncame %q", want, r.Events)
}

// beforeError is the body without the error that follows a whole answer: its
// consumer has no need of it.
func (s *Script) beforeError(body []byte, events []event) []byte {
	if n := len(events); n > 1 && s.protocol.fails(events[n-1]) {
		return body[:events[n-2].late]
	}
	return body
}

func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// messages are events as stream() gives them. Half a character is a replacement character (WHATWG Encoding, "UTF-8 decode").
func messages(events []event) []Message {
	var list []Message
	for _, e := range events {
		list = append(list, Message{e.Type, strings.ToValidUTF8(e.Data, "\ufffd"), e.ID})
	}
	return list
}

// checkPart reports whether what the consumer has is the beginning of an attempt's
// answer; and, if all of it had arrived when it broke, whether nothing whole is missing.
func (s *Script) checkPart(a *Attempt, r *Result, arrived bool) error {
	body := a.all()
	events, complete := s.sent(a)
	whole := 0 // events that came before what broke it
	for _, e := range events {
		if e.late > min(complete, len(a.bytes)) || s.protocol.fails(e) { // pings come later
			break
		}
		whole++
	}
	if s.Client == "stream" {
		// What is in hand belongs to the last attempt, or to the one before, until the reset.
		if fits(r.Events, messages(events)) && (!arrived || len(r.Events) >= whole) {
			return nil
		}
		for i := len(r.Opened) - 2; i >= 0 && !arrived; i-- {
			earlier, _ := s.sent(s.attempt(i))
			if fits(r.Events, messages(earlier)) {
				return nil
			}
		}
		return fmt.Errorf("the events are no beginning of the answer, or not all that had come\nsent %q\ncame %q", messages(events), r.Events)
	}
	n := len(r.Bytes)
	if n > 0 && (n > len(body) || !bytes.Equal(r.Bytes, body[:n])) {
		extra := n - len(body)
		if extra < 0 || extra > 4 || !bytes.HasPrefix(r.Bytes, body) {
			return fmt.Errorf("what came is no beginning of what was sent: they differ at %d\nsent %q\ncame %q", differ(body, r.Bytes), body, r.Bytes)
		}
	}
	if arrived && whole > 0 && n < events[whole-1].early {
		return fmt.Errorf("%d bytes came, but whole events of %d bytes had arrived", n, events[whole-1].late)
	}
	return nil
}

func fits(part, all []Message) bool {
	return len(part) <= len(all) && slices.Equal(part, all[:len(part)])
}

// checkWaits reports whether no request was sooner than the provider asked, and
// whether the attempts only rose.
func (s *Script) checkWaits(r *Result) error {
	pressed := slices.ContainsFunc(s.Acts, func(a Act) bool { return a.What == "retryNow" })
	if pressed {
		return nil
	}
	for i := 1; i < len(r.Opened); i++ {
		asked := int64(s.attempt(i - 1).what.askedMs)
		if failed := r.Failed[i-1]; failed >= 0 && r.Opened[i]-failed < asked {
			return fmt.Errorf("attempt %d began %d ms after a failure that asked for %d", i+1, r.Opened[i]-failed, asked)
		}
	}
	for i, retry := range r.Retries {
		if retry.Attempt != i+1 {
			return fmt.Errorf("retry event %d says attempt %d", i+1, retry.Attempt)
		}
	}
	return nil
}

func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // of plain data
	}
	return string(text)
}
