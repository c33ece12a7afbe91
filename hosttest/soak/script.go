package soak

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
)

// Script is one stream: the request, what the provider does with each attempt,
// and what the caller does meanwhile. Times are milliseconds after its start.
type Script struct {
	Seed     uint64            `json:"seed"`
	Client   string            `json:"client"` // "fetch" or "stream"
	Path     string            `json:"path"`
	Headers  map[string]string `json:"headers"`
	Body     string            `json:"body"`
	Policy   map[string]any    `json:"policy"`
	Attempts []Attempt         `json:"attempts"`
	// Forever says that all attempts beyond the last meet what that one met.
	Forever bool  `json:"forever,omitempty"`
	Reads   Reads `json:"reads"`
	Acts    []Act `json:"acts,omitempty"`
	// Resume is how a broken answer is gone on with; else it starts over, or fails.
	Resume string `json:"resume,omitempty"`

	parts    []Part // of a whole answer that can be gone on with
	protocol *protocol
	text     string
	rendered int // attempts so far
}

// Reads is how the consumer takes what comes.
type Reads struct {
	EveryMs int `json:"every_ms,omitempty"` // a pause before each read
	PauseMs int `json:"pause_ms,omitempty"` // one long pause, after the first
	// LeaveAfter is the number of reads after which the consumer has enough; 0 is never.
	LeaveAfter int `json:"leave_after,omitempty"`
}

// Act is what the caller, or a person, does at a moment.
type Act struct {
	AtMs int    `json:"at_ms"`
	What string `json:"what"` // "abort", "stop", "retryNow"
}

// class is what an attempt is to the caller.
type class int

const (
	whole     class = iota // the answer
	told                   // a failure that is tried again without end
	suspected              // one that is tried again a few times
	permanent              // one that is never tried again
	withheld               // an answer that the provider's filter ended
	asItCame               // not the engine's business
)

// outcome is what may become of an attempt.
type outcome struct {
	class     class
	kinds     []string // of the verdict
	suspicion string
	// explained: the provider's own response says why.
	explained bool
	// inBand: an event in the body says so, and no byte of it may be seen by whom the attempt is hidden from.
	inBand bool
}

// fault is what an attempt meets: more than one outcome where what the engine
// is told leaves it the choice.
type fault struct {
	outcomes []outcome
	askedMs  int
	answers  bool // it has headers
}

func one(o outcome) fault { return fault{outcomes: []outcome{o}} }

type dice struct {
	*rand.Rand
	p *provider
}

func pick[T any](d *dice, list ...T) T { return list[d.IntN(len(list))] }

func (d *dice) chance(percent int) bool { return d.IntN(100) < percent }

// words make texts with characters of one to four bytes, and what is special in JSON and in event streams.
var words = []string{
	"plain", " words", " Größe", " 日本語", "。", " 🚀", " 👩‍💻", "\n\n", " \"quoted\"", " back\\slash", " data: x", " [DONE]", " \u2028", " é", "\t", " 429 overloaded",
	" {\"error\":1}", " :", " naïve",
}

func (d *dice) text() string {
	var b strings.Builder
	b.WriteString("Once")
	for range d.IntN(14) {
		b.WriteString(pick(d, words...))
	}
	return b.String()
}

// NewScript makes the script of a seed.
func NewScript(p *provider, seed uint64) *Script {
	if seed>>2%8 == 0 { // each host has each fourth seed
		return newResumeScript(p, seed)
	}
	d := &dice{Rand: rand.New(rand.NewPCG(seed, 1)), p: p}
	s := &Script{Seed: seed, Client: pick(d, "fetch", "stream"), Policy: map[string]any{}}
	s.protocol = pick(d, protocols...)
	s.Path, s.Body, s.text = s.protocol.path, s.protocol.body, d.text()
	s.Headers = s.headers()
	if d.chance(30) {
		s.Policy["first_byte_timeout_ms"] = 60_000
	}
	if d.chance(30) {
		s.Policy["silence_timeout_ms"] = 90_000
	}
	if d.chance(20) {
		s.Policy["content_timeout_ms"] = 120_000
	}
	if d.chance(20) {
		s.Policy["max_attempts"] = 1 + d.IntN(4)
	}
	if d.chance(20) {
		s.Policy["jitter"] = pick(d, "full", "equal")
	}
	if d.chance(10) {
		s.Policy["lenient"] = true
	}
	suspicious := 0
	for range pick(d, 0, 0, 1, 1, 1, 2, 3) {
		a := d.faulty(s)
		s.Attempts = append(s.Attempts, a)
		if o := a.what.outcomes[0]; o.class == suspected {
			if suspicious++; suspicious == 1 && d.chance(30) && !a.what.clock() {
				s.Forever = true
				break
			}
		}
	}
	if !s.Forever {
		s.Attempts = append(s.Attempts, d.healthy(s))
	}
	d.caller(s)
	return s
}

// clock says that nothing but a clock ends the attempt.
func (f fault) clock() bool { return f.outcomes[0].kinds != nil && f.outcomes[0].kinds[0] == "silence" }

// caller decides what the caller does.
func (d *dice) caller(s *Script) {
	if d.chance(25) {
		s.Reads.EveryMs = 1 + d.IntN(400)
	}
	if d.chance(5) {
		s.Reads.PauseMs = 60_000 * (1 + d.IntN(30))
	}
	if d.chance(7) {
		s.Reads.LeaveAfter = 1 + d.IntN(5)
	}
	when := func() int { return pick(d, 0, d.IntN(50), d.IntN(3000), d.IntN(20_000), d.IntN(700_000)) }
	if d.chance(15) {
		s.Acts = append(s.Acts, Act{when(), "abort"})
	}
	if d.chance(8) {
		s.Acts = append(s.Acts, Act{when(), "stop"})
	}
	if d.chance(12) && !s.Forever && s.Policy["max_attempts"] == nil {
		for range 1 + d.IntN(4) {
			s.Acts = append(s.Acts, Act{when(), "retryNow"})
		}
	}
	for _, a := range s.Attempts {
		// What is not watched may be silent for as long as it likes.
		if a.Mute || a.End == EndHang {
			s.Acts = append(s.Acts, Act{90 * 60_000, "abort"})
			break
		}
	}
}

// healthy is an attempt that brings the answer, in some shape.
func (d *dice) healthy(s *Script) Attempt {
	f := chattest.Fault{}
	end := EndClean
	if d.chance(50) {
		f.LineEnding = pick(d, chattest.LF, chattest.CRLF, chattest.CR)
		f.BOM, f.Comments = d.chance(20), d.chance(20)
		switch d.IntN(7) {
		case 0:
			f.NoDone = true
		case 1:
			f.NoFinalBlank = true
		case 2:
			f.NoFinalNewline = true
		case 3:
			f.Finish = chattest.FinishLength
		case 4:
			f.Kind = chattest.JSONAnswer
			f.LineEnding, f.BOM, f.Comments = "", false, false
		case 5:
			if s.protocol.name != "sse" && s.protocol.name != "ai-sdk" {
				f.ContentType = "text/plain"
			}
		case 6:
			if s.protocol.name != "sse" { // of which nobody knows the end
				end = EndHang
			}
		}
	}
	a := d.p.render(s, f, end)
	a.Fault = "healthy " + describe(f, end)
	a.what = one(outcome{class: whole})
	a.what.answers = true
	d.cut(s, &a)
	if d.chance(15) && len(a.Pieces) > 1 {
		a.Pieces[d.IntN(len(a.Pieces)/2)].AfterMs = 1 + d.IntN(40_000) // a short stall, before the answer may have ended
	}
	return a
}

func describe(f chattest.Fault, end End) string {
	f.Headers, f.Body = nil, "" // they are seen elsewhere
	return mustJSON(f) + " " + string(end)
}

// faulty is an attempt that goes wrong.
func (d *dice) faulty(s *Script) Attempt {
	var a Attempt
	if d.chance(45) {
		a = d.refusal(s)
	} else {
		a = d.broken(s)
	}
	a.AfterMs = pick(d, 0, 0, d.IntN(20), d.IntN(3000))
	return a
}

// refusal is an attempt without an answer.
func (d *dice) refusal(s *Script) Attempt {
	again := func(kinds ...string) outcome { return outcome{class: told, kinds: kinds, explained: true} }
	never := func(kinds ...string) outcome { return outcome{class: permanent, kinds: kinds, explained: true} }
	var f chattest.Fault
	var o outcome
	asked := 0
	switch d.IntN(9) {
	case 0:
		return Attempt{Fault: "refused", Refused: true, what: one(outcome{class: told, kinds: []string{"network", "network_or_cors"}})}
	case 1:
		if s.undecided() && s.Policy["first_byte_timeout_ms"] == nil && s.Policy["silence_timeout_ms"] == nil && s.Policy["content_timeout_ms"] == nil {
			return Attempt{Fault: "mute", Mute: true, what: one(outcome{class: asItCame})}
		}
		return Attempt{Fault: "mute", Mute: true, what: one(outcome{class: told, kinds: []string{"timeout", "silence"}})}
	case 2, 3, 4:
		f.Status = pick(d, 408, 429, 500, 502, 503, 504, 529)
		o = again("rate_limit", "server", "timeout", "overloaded")
		if d.chance(40) {
			asked = pick(d, 0, 1, 700, 4000, d.IntN(90_000), 601_000)
			f.Headers = map[string]string{"retry-after-ms": fmt.Sprint(asked)}
			if asked > 600_000 {
				o = never("retry_after_too_long")
			}
		}
	case 5:
		f.Kind = pick(d, chattest.HTML, chattest.HugeError)
		f.Size = 70_000
		o = again("server", "overloaded", "network", "timeout")
	case 6:
		f.Status = pick(d, 400, 401, 403, 404)
		o = never("invalid_request", "auth", "permission", "model_not_found")
	case 7:
		f = chattest.OpenAIErrorResponse(429, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details.").Fault()
		o = never("quota")
	case 8:
		if s.protocol.name == "sse" {
			f.Status = 500
			o = again("server")
			break
		}
		f.Kind = chattest.JSONError
		o = again("server", "overloaded")
		o.explained = false
	}
	a := d.p.render(s, f, EndClean)
	a.Fault = describe(f, EndClean)
	a.what = one(o)
	a.what.askedMs, a.what.answers = asked, true
	a.Pieces = []Piece{{Bytes: a.bytes}}
	return a
}

// undecided reports whether the address tells nothing of the answer.
func (s *Script) undecided() bool { return s.protocol.name == "sse" || s.protocol.name == "ai-sdk" }

// broken is an answer that breaks.
func (d *dice) broken(s *Script) Attempt {
	f := chattest.Fault{LineEnding: pick(d, "", "", chattest.LF, chattest.CRLF, chattest.CR)}
	end := EndClean
	switch d.IntN(12) {
	case 0:
		f.Kind = chattest.EmptyBody
		f.LineEnding = ""
	case 1:
		f.EmptyOutput = true
	case 2:
		f.NoEndMarker = true
	case 3:
		f.Finish = pick(d, chattest.FinishContentFilter, chattest.FinishRefusal)
	case 4, 5, 6:
		f.Kind = chattest.InBand
		f.Status = pick(d, 0, 0, 400, 429)
		d.place(&f)
	default:
		f.Kind = chattest.EOF
		f.Half = pick(d, "", chattest.HalfEvent, chattest.HalfChar)
		d.place(&f)
		end = pick(d, EndClean, EndReset, EndReset, EndHang)
	}
	a := d.p.render(s, f, end)
	a.Fault = describe(f, end)
	d.cut(s, &a)
	if end == EndHang && d.chance(40) {
		for range 400 { // pings hide the silence from all but the content clock
			a.Pieces = append(a.Pieces, Piece{Bytes: []byte(s.protocol.ping), AfterMs: 20_000})
		}
		if f.Half != "" || f.At == chattest.InLastEvent {
			a.Pieces = a.Pieces[:len(a.Pieces)-400] // they would be a part of the event
		}
	}
	a.what = fault{outcomes: s.judge(f, end, a.bytes), answers: true}
	return a
}

func (d *dice) place(f *chattest.Fault) {
	switch d.IntN(6) {
	case 0:
		f.At = chattest.FirstEvent
	case 1:
		f.At = chattest.BeforeOutput
	case 2:
		f.At = chattest.BeforeEnd
	case 3:
		f.At = chattest.InLastEvent
	default:
		f.AtToken = 1 + d.IntN(12)
	}
}

// cut cuts an attempt's body into what arrives at once.
func (d *dice) cut(s *Script, a *Attempt) {
	pause := 0
	if d.chance(20) {
		pause = 1 + d.IntN(300)
	}
	add := func(p []byte) {
		piece := Piece{Bytes: p}
		if pause > 0 {
			piece.AfterMs = d.IntN(pause)
		}
		a.Pieces = append(a.Pieces, piece)
	}
	switch rest := a.bytes; d.IntN(6) {
	case 0: // all at once
		if len(rest) > 0 {
			add(rest)
		}
	case 1: // one event after the other
		events, _ := parse(rest)
		at := 0
		for _, e := range events {
			add(rest[at:e.late])
			at = e.late
		}
		if at < len(rest) {
			add(rest[at:])
		}
	case 2: // one byte after the other, here and there
		for len(rest) > 0 {
			n := 1
			if d.chance(30) {
				n = min(len(rest), 1+d.IntN(200))
			}
			add(rest[:n])
			rest = rest[n:]
		}
	case 3: // between CR and LF, and between the two ends of a line
		for len(rest) > 0 {
			n := 1 + strings.IndexAny(string(rest), "\r\n")
			if n == 0 || d.chance(20) {
				n = min(len(rest), 1+d.IntN(300))
			}
			add(rest[:n])
			rest = rest[n:]
		}
	case 4: // inside characters
		for len(rest) > 0 {
			n := 2 + strings.IndexFunc(string(rest), func(r rune) bool { return r >= 0x80 })
			if n < 2 || n > len(rest) {
				n = len(rest)
			}
			add(rest[:n])
			rest = rest[n:]
		}
	default:
		most := 1 + d.IntN(700)
		for len(rest) > 0 {
			n := min(len(rest), 1+d.IntN(most))
			add(rest[:n])
			rest = rest[n:]
		}
	}
}

// headers are the request's. The credential is the script's own, so that no
// limit is shared with another.
func (s *Script) headers() map[string]string {
	h := map[string]string{"content-type": "application/json", "authorization": fmt.Sprintf("Bearer soak-%d", s.Seed)}
	if s.protocol.name == "anthropic" {
		h["anthropic-version"] = "2023-06-01"
	}
	return h
}
