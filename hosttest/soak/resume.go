package soak

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
)

// Part is an event of an answer that can be gone on with, and how a request
// names it that has all until here: by its id, its number, or the text so far.
type Part struct {
	Bytes []byte `json:"bytes"`
	Key   string `json:"key,omitempty"`
	Head  bool   `json:"head,omitempty"` // before all output; each answer has it
}

// resumable are the ways to go on, and a protocol that has each.
var resumable = []struct{ how, protocol, body string }{
	{how: "last_event_id", protocol: "sse"},
	{how: "background", protocol: "openai-responses", body: `{"model":"m","stream":true,"background":true,"input":[{"role":"user","content":"hi"}]}`},
	{how: "continue", protocol: "openai-chat"},
	{how: "continue", protocol: "anthropic"},
	{how: "continue", protocol: "gemini"},
}

// newResumeScript makes the script of an answer that breaks, perhaps more than
// once, and is gone on with where it broke. Whatever the caller does not end
// himself must come to its end, with nothing missing and nothing twice.
func newResumeScript(p *provider, seed uint64) *Script {
	d := &dice{Rand: rand.New(rand.NewPCG(seed, 2)), p: p}
	way := pick(d, resumable...)
	s := &Script{Seed: seed, Client: pick(d, "fetch", "stream"), Resume: way.how}
	s.protocol = protocols[slices.IndexFunc(protocols, func(p *protocol) bool { return p.name == way.protocol })]
	s.Path, s.Body, s.text = s.protocol.path, s.protocol.body, d.words()
	if way.body != "" {
		s.Body = way.body
	}
	s.Headers = s.headers()
	s.Policy = map[string]any{"after_commit": "resume", "silence_timeout_ms": 90_000}
	if way.protocol == "sse" {
		s.Policy["protocol"] = "sse"
	}
	whole := p.render(s, chattest.Fault{LineEnding: pick(d, chattest.LF, chattest.CRLF)}, EndClean)
	s.parts = s.split(whole.bytes)
	// Half a body is only suspected to be a failure, and so is silence: each is
	// believed to pass twice.
	ends := []End{EndReset, EndReset, EndHang, EndHang}
	if way.protocol != "sse" { // of which nobody knows the end
		ends = append(ends, EndClean, EndClean)
	}
	d.Shuffle(len(ends), func(i, j int) { ends[i], ends[j] = ends[j], ends[i] })
	for _, end := range ends[:1+d.IntN(3)] {
		a := d.part(s, whole, end)
		a.Stop = 1 + d.IntN(len(whole.bytes))
		s.Attempts = append(s.Attempts, a)
		if d.chance(20) {
			refused := p.render(s, chattest.Fault{Status: pick(d, 500, 503, 529)}, EndClean)
			refused.Fault = "refused"
			refused.Pieces = []Piece{{Bytes: refused.bytes}}
			s.Attempts = append(s.Attempts, refused)
		}
	}
	s.Attempts = append(s.Attempts, d.part(s, whole, EndClean))
	d.caller(s)
	return s
}

// words make a text in which nothing comes twice, so that what is repeated is a
// repetition.
func (d *dice) words() string {
	var b strings.Builder
	b.WriteString("Once")
	for i := range 6 + d.IntN(25) {
		fmt.Fprintf(&b, " %c%06d", 'a'+i, d.IntN(1_000_000))
	}
	return b.String()
}

// part is an attempt that sends what its request lacks, or begins a little
// before that.
func (d *dice) part(s *Script, whole Attempt, end End) Attempt {
	a := Attempt{Status: whole.Status, Headers: whole.Headers, Parts: s.parts, End: end, Chunk: pick(d, 1<<20, 1+d.IntN(40), 1+d.IntN(400))}
	switch {
	case d.chance(50):
	case s.Resume == "continue":
		a.Back = 4 // fewer letters can be the same by chance
	default:
		a.Back = pick(d, 1, 3, len(s.parts))
	}
	a.Fault = fmt.Sprintf("goes on %d events before, ends with %s", a.Back, end)
	return a
}

func (s *Script) split(body []byte) []Part {
	events, _ := parse(body)
	parts := make([]Part, len(events))
	said, at, head := "", 0, s.Resume == "continue"
	for i, e := range events {
		key := e.ID
		text := s.protocol.textOf(e)
		if said += text; s.Resume == "continue" {
			if head = head && said == ""; text != "" {
				key = said
			}
		} else if s.Resume == "background" {
			var v struct {
				Number *int `json:"sequence_number"`
			}
			if json.Unmarshal([]byte(e.Data), &v) == nil && v.Number != nil {
				key = fmt.Sprint(*v.Number)
			}
		}
		parts[i] = Part{Bytes: body[at:e.late], Key: key, Head: head}
		at = e.late
	}
	return parts
}

// answer is the body for a request that has all up to the part that it names.
func (a *Attempt) answer(after string) []byte {
	start := 0
	if after != "" {
		start = 1 + slices.IndexFunc(a.Parts, func(p Part) bool { return p.Key == after })
	}
	start = max(start-a.Back, 0)
	var body []byte
	for i, p := range a.Parts {
		if i >= start || p.Head {
			body = append(body, p.Bytes...)
		}
	}
	if a.Stop > 0 {
		body = body[:min(a.Stop, len(body))]
	}
	return body
}

// forRequest is the attempt as a request meets it that has all up to a part.
func (a *Attempt) forRequest(after string) *Attempt {
	if a.Parts == nil {
		return a
	}
	own := *a
	for piece := range slices.Chunk(a.answer(after), a.Chunk) {
		own.Pieces = append(own.Pieces, Piece{Bytes: piece})
	}
	return &own
}

// after is the part that a request names.
func after(lastID, query, body string) string {
	if lastID != "" {
		return lastID
	}
	if _, number, ok := strings.Cut(query, "starting_after="); ok {
		return number
	}
	type turn struct {
		Content json.RawMessage
		Parts   []struct{ Text string }
	}
	var v struct{ Messages, Contents []turn }
	_ = json.Unmarshal([]byte(body), &v) // a GET has none
	turns := append(v.Messages, v.Contents...)
	if len(turns) < 3 {
		return ""
	}
	partial := turns[len(turns)-2]
	var text string
	if json.Unmarshal(partial.Content, &text) == nil {
		return text
	}
	_ = json.Unmarshal(partial.Content, &partial.Parts) // Anthropic's blocks; Gemini has parts
	for _, p := range partial.Parts {
		text += p.Text
	}
	return text
}

// textOf is the text that an event adds to the answer.
func (p *protocol) textOf(e event) (text string) {
	var v struct {
		Delta   struct{ Text string }
		Choices []struct {
			Delta struct{ Content string }
		}
		Candidates []struct {
			Content struct{ Parts []struct{ Text string } }
		}
	}
	_ = json.Unmarshal([]byte(e.Data), &v) // what does not fit has no text
	text = v.Delta.Text
	for _, c := range v.Choices {
		text += c.Delta.Content
	}
	for _, c := range v.Candidates {
		for _, part := range c.Content.Parts {
			text += part.Text
		}
	}
	return text
}

// checkResumed says what is wrong with the result of a script that resumes.
func (s *Script) checkResumed(r *Result) error {
	whole := (&Attempt{Parts: s.parts}).answer("")
	all, _ := parse(whole)
	came := r.Events
	if s.Client == "fetch" {
		events, _ := parse(r.Bytes)
		came = messages(events)
	}
	ended := r.End == "done"
	switch {
	case ended:
	case r.End == "aborted" && s.acted("abort", r), r.Kind == "stopped_by_user" && s.acted("stop", r), r.End == "left" && s.Reads.LeaveAfter > 0:
	default:
		return fmt.Errorf("it ended %q (%s %s) after %d attempts", r.End, r.Kind, r.Error, len(r.Opened))
	}
	if s.Resume == "continue" {
		said := ""
		for _, m := range came {
			said += s.protocol.textOf(event{Data: m.Data})
		}
		if ended && said != s.text || !strings.HasPrefix(s.text, said) {
			return fmt.Errorf("of the text %q came %q", s.text, said)
		}
		return nil
	}
	if s.Client == "fetch" {
		sent, got := oneBlank(whole), oneBlank(r.Bytes)
		if ended && bytes.Equal(got, sent) || !ended && bytes.HasPrefix(sent, bytes.TrimRight(got, "\r\n")) {
			return nil
		}
		return fmt.Errorf("the bytes are not those of the unbroken answer: they differ at %d\nsent %q\ncame %q", differ(sent, got), sent, got)
	}
	if want := messages(all); ended && !slices.Equal(came, want) || !fits(came, want) {
		return fmt.Errorf("the events are not those that were sent\nsent %q\ncame %q", want, came)
	}
	return nil
}

var blank = regexp.MustCompile(`(\r\n|\r|\n){2,}`)

// oneBlank has one blank line wherever there are more: a body that broke between
// the CR and the LF of one is gone on with behind a whole one.
func oneBlank(body []byte) []byte { return blank.ReplaceAll(body, []byte("\n\n")) }
