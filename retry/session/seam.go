package session

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/fnv"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
	"github.com/steadfetch/steadfetch/retry"
)

const (
	maxMarks = 1 << 16 // events whose keys are remembered for a resume
	maxText  = 1 << 20 // bytes of an answer's text that are remembered for a resume
	// overlapWindow is how far back a continuation may begin to repeat.
	overlapWindow = 4096
	// minOverlap is the least that counts as a repetition: two texts can share
	// a few letters by chance.
	minOverlap = 8
	// minWhole is the same where all of the answer comes again.
	minWhole = 2
	// startedOver is how much of an answer's beginning says, when it comes
	// again, that the model did not continue but started over.
	startedOver = 32
)

// seam remembers what the consumer has, and joins what a resumed stream brings
// to it: repeated events or text are recognised and cut, and what contradicts
// is an error. It trusts no server to resume where it was asked to.
type seam struct {
	how retry.ResumeKind // the resume in force, "" in an attempt that is none

	protocol *protocol.Protocol
	// By key: the id of an event, or its sequence_number.
	marks    marks
	keyless  bool // keys repeat or are too many, so they tell nothing
	lastID   []byte
	sequence int64
	response string // OpenAI Responses' id, if it goes on in the background
	// By text.
	text   []byte
	opaque bool // something other than text was delivered
	block  int64

	// Of the attempt in force.
	joined   bool
	pending  []byte // new text that may still turn out to be a repetition
	place    int    // where in text it may begin to repeat
	fits     int    // how much of it fits there
	whole    int    // how much of it fits the beginning of text
	shift    int64  // Anthropic: what to add to the new stream's block indices
	template sse.Event
}

// mark is an event that the consumer has.
type mark struct {
	key, hash uint64
	set       bool
}

// marks are found by their key, in a table with open addressing: a server may
// send all of them again, and the time that takes must not be the square of
// their number.
type marks struct {
	table []mark // its length is a power of two
	n     int
	last  uint64
}

// place is where the mark of a key is, or belongs.
func (m *marks) place(key uint64) *mark {
	at := key * fnv.Prime >> 20
	for {
		p := &m.table[at&uint64(len(m.table)-1)]
		if !p.set || p.key == key {
			return p
		}
		at++
	}
}

func (m *marks) find(key uint64) *mark {
	if m.n == 0 {
		return nil
	}
	if p := m.place(key); p.set {
		return p
	}
	return nil
}

func (m *marks) add(added mark) {
	if 2*m.n >= len(m.table) {
		old := m.table
		m.table = make([]mark, max(64, 2*len(old)))
		for i := range old {
			if old[i].set {
				*m.place(old[i].key) = old[i]
			}
		}
	}
	m.last, added.set = added.key, true
	p := m.place(added.key)
	if !p.set {
		m.n++
	}
	*p = added
}

// forget drops what is remembered, because the consumer has nothing of it.
func (m *seam) forget() {
	m.how, m.response = "", ""
	m.keyless, m.opaque = false, false
	m.marks, m.lastID, m.text = marks{}, m.lastID[:0], m.text[:0]
}

// mendable reports whether a failure after commit can be mended, and prepares it.
// A page acts on a tool call that is complete, so behind one nothing goes on by
// itself, unless the caller said what is to happen.
func (s *Session) mendable() bool {
	p := s.policy
	if s.toolCall && !s.resetDue && !s.afterCommitSet {
		return false
	}
	if p.AfterCommit == retry.AfterCommitResume && !s.resetDue && s.seam.possible(p.Resume, s.promised) {
		return true
	}
	if p.AfterCommit != retry.AfterCommitFail && s.canReset {
		s.resetDue = true
	}
	return s.resetDue
}

// possible chooses how to resume.
func (m *seam) possible(want retry.ResumeKind, promised *protocol.Protocol) bool {
	keyed := !m.keyless && m.marks.n > 0
	textual := !m.opaque && len(m.text) > 0 && len(m.text) < maxText && m.protocol != nil && m.protocol.Turns != ""
	return m.choose(want, retry.ResumeBackground, keyed && m.response != "" && promised == protocol.OpenAIResponses) ||
		m.choose(want, retry.ResumeLastEventID, keyed && len(m.lastID) > 0) ||
		m.choose(want, retry.ResumeContinue, textual) ||
		m.choose(want, retry.ResumeCustom, keyed || textual)
}

// choose takes how if it can be had, and is wanted or the best.
func (m *seam) choose(want, how retry.ResumeKind, can bool) bool {
	can = can && (want == how || want == "" && how != retry.ResumeCustom)
	if can {
		m.how = how
	}
	return can
}

// begin says how the next request differs from the first, which went to url.
func (m *seam) begin(url string) *Resume {
	m.joined, m.pending, m.shift = false, m.pending[:0], 0
	m.place, m.fits, m.whole = 0, 0, 0
	r := &Resume{How: m.how, LastEventID: string(m.lastID), ResponseID: m.response, Sequence: m.sequence}
	switch m.how {
	case retry.ResumeBackground:
		r.Method, r.NoBody = "GET", true
		r.URL = backgroundURL(url, r.ResponseID, r.Sequence)
	case retry.ResumeContinue:
		r.Rewrite = true
	case retry.ResumeCustom:
		r.Text = string(m.text)
	}
	return r
}

// edit is what becomes of an event's bytes: something goes on before it, or it
// does not go on.
type edit struct {
	put  []byte
	drop bool
}

var dropped = edit{drop: true}

// join takes the next event of an attempt and says what must not go on as it
// is. ok is false if the event contradicts what the consumer has.
func (m *seam) join(t *protocol.Tracker, e *sse.Event, facts protocol.Facts) (change edit, ok bool) {
	switch {
	case e.Empty():
	case m.how == "":
		m.record(t, e, facts)
	case m.how == retry.ResumeContinue, m.how == retry.ResumeCustom && len(m.text) > 0:
		return m.byText(t, e, facts)
	default:
		return m.byKey(t, e, facts)
	}
	return edit{}, true
}

// record remembers an event that goes on to the consumer.
func (m *seam) record(t *protocol.Tracker, e *sse.Event, facts protocol.Facts) {
	m.protocol = t.Protocol
	if facts&protocol.Opaque != 0 || e.Cut {
		m.opaque = true
	}
	if key, ok := keyOf(t, e); ok && !m.keyless {
		m.keyless = m.marks.n == maxMarks || m.marks.n > 0 && m.marks.last == key
		m.marks.add(mark{key: key, hash: e.Hash})
	}
	if e.HasID {
		m.lastID = append(m.lastID[:0], e.ID...)
	}
	m.sequence = t.Sequence
	if t.Background {
		m.response = t.ResponseID
	}
	if t.Protocol == protocol.Anthropic {
		v := jsonscan.Parse(e.Data)
		if v.Says("type", "content_block_start") {
			n, _ := v.Get("index").Int()
			m.block = n + m.shift
		}
	}
	text, alone := t.Text(e)
	if m.opaque = m.opaque || !alone; len(m.text) < maxText {
		m.text = append(m.text, text.Str()...)
	}
}

// keyOf is what an event can be recognised by.
func keyOf(t *protocol.Tracker, e *sse.Event) (uint64, bool) {
	if e.HasID {
		return hash(fnv.Offset, e.ID), true
	}
	if t.Protocol == protocol.OpenAIResponses {
		if n, ok := jsonscan.Parse(e.Data).Get("sequence_number").Int(); ok {
			return uint64(n), true
		}
	}
	return 0, false
}

func (m *seam) byKey(t *protocol.Tracker, e *sse.Event, facts protocol.Facts) (change edit, ok bool) {
	if key, ok := keyOf(t, e); ok {
		if known := m.marks.find(key); known != nil {
			return dropped, known.hash == e.Hash
		}
		// Sequence numbers have no gaps (OpenAI Responses, streaming events).
		if m.how == retry.ResumeBackground && t.Sequence != m.sequence+1 {
			return edit{}, false
		}
	}
	m.record(t, e, facts)
	return edit{}, true
}

func (m *seam) byText(t *protocol.Tracker, e *sse.Event, facts protocol.Facts) (change edit, ok bool) {
	v := jsonscan.Parse(e.Data)
	at := v.Get("index") // Anthropic's content block; the others have none here
	index, _ := at.Int()
	if m.joined {
		m.record(t, e, facts)
		if m.shift != 0 && at != "" {
			return edit{m.shifted(e, at, index), true}, true
		}
		return edit{}, true
	}
	text, alone := t.Text(e)
	if !text.Empty() {
		m.template.Type, m.template.Data = strings.Clone(e.Type), strings.Clone(e.Data)
		if t.Protocol == protocol.Anthropic {
			m.shift = m.block - index
		}
	}
	closing := facts&(protocol.Finished|protocol.Ended) != 0
	// A reason for the end that is not believed yet (Gemini) goes on as it is, once the text before it has.
	reasoned := facts&protocol.Reasoned != 0
	closing = closing || reasoned && (len(m.pending) > 0 || !text.Empty())
	if kind := v.Get("type").In("message_delta content_block_stop"); kind == 0 || kind == 1 && len(m.pending) > 0 {
		closing = true
	}
	if facts&protocol.Opaque != 0 || !alone || e.Cut && !text.Empty() {
		return edit{}, false // a tool call where text was to go on: dropped, it would be lost
	}
	if text.Empty() && !closing {
		if reasoned {
			return edit{}, true
		}
		return dropped, true // the second stream's preamble: the consumer has had one
	}
	m.pending = append(m.pending, text.Str()...)
	cut, verdict := m.overlap(closing)
	if verdict != overlapKnown {
		return dropped, verdict == overlapOpen
	}
	m.joined = true
	if facts&protocol.Opaque != 0 {
		m.opaque = true
	}
	change.drop = true
	if rest := string(m.pending[cut:]); rest != "" || closing && !text.Empty() {
		m.text = append(m.text, rest...)
		place, _ := t.Text(&m.template)
		data := swap(m.template.Data, place, string(jsonscan.AppendString(nil, rest)))
		if m.shift != 0 {
			data = swap(data, jsonscan.Parse(data).Get("index"), decimal(m.block))
		}
		change.put = renderEvent(m.template.Type, data)
	}
	if text.Empty() { // what ended the waiting is an event of its own
		if m.shift != 0 && at != "" {
			change.put = append(change.put, m.shifted(e, at, index)...)
		} else {
			change.drop = false
		}
	}
	return change, true
}

type overlapVerdict uint8

const (
	overlapKnown       overlapVerdict = iota // the first cut bytes are a repetition
	overlapOpen                              // more could still grow into one
	overlapContradicts                       // the answer restarted, and differently
)

// overlap finds how much of the new text repeats the end of the old one. final
// says that the new one will not grow. A place of the old text that was once
// found not to fit is not looked at again, so all calls together are linear.
func (m *seam) overlap(final bool) (cut int, verdict overlapVerdict) {
	have, more := m.text, m.pending
	for m.place < len(have) {
		tail := have[m.place:]
		for m.fits < len(tail) && m.fits < len(more) && tail[m.fits] == more[m.fits] {
			m.fits++
		}
		least := minOverlap
		if m.place == 0 { // the whole answer comes again, or does not
			m.whole = m.fits
			least = minWhole
		}
		if m.fits == len(tail) && m.fits >= least {
			return m.fits, overlapKnown
		}
		if m.fits == len(more) && m.fits < len(tail) && !final {
			return 0, overlapOpen
		}
		m.place = max(m.place+1, len(have)-overlapWindow)
		m.fits = 0
	}
	if m.whole >= startedOver {
		return 0, overlapContradicts
	}
	return 0, overlapKnown
}

// Rewrite makes the body of the request that continues a partial answer: the
// first request's body with the partial answer and a user turn [CONTINUE] at
// the end of its turns. ok is false if body is not such a request; nothing is
// to be opened then, the host reports OnError, and no other is tried.
func (s *Session) Rewrite(body string) (rewritten string, ok bool) {
	if s.seam == nil {
		return "", false
	}
	p := s.seam.protocol
	if p == nil || p.Turns == "" {
		s.seam.opaque = true
		return "", false
	}
	turns := jsonscan.Parse(body).Get(p.Turns)
	before := ""
	switch {
	case turns.Kind() == jsonscan.Array && !turns.Empty():
		before = string(turns[:len(turns)-1])
	case turns.Kind() == jsonscan.String && !turns.Empty() && p == protocol.OpenAIResponses:
		before = `[{"role":"user","content":` + string(turns) + `}` // input may be a text
	default:
		s.seam.opaque = true
		return "", false
	}
	return swap(body, turns, before+","+p.Turn(s.seam.text)+"]"), true
}

// shifted is an event whose index, which stands at, fits the consumer's count.
func (m *seam) shifted(e *sse.Event, at jsonscan.Value, index int64) []byte {
	return renderEvent(e.Type, swap(e.Data, at, decimal(index+m.shift)))
}

func decimal(n int64) string { return string(jsonscan.AppendInt(nil, n)) }

// swap puts text in the place of v, which is a view of a part of s.
func swap(s string, v jsonscan.Value, text string) string {
	at := jsonscan.Place(v, s)
	return s[:at] + text + s[at+len(v):]
}

// renderEvent writes an event. A line feed inside data begins another data line.
func renderEvent(typ, data string) []byte {
	var b []byte
	if typ != "" {
		b = append(b, "event: "+typ+"\n"...)
	}
	b = append(b, "data: "...)
	start := 0
	for i := 0; i < len(data); i++ {
		if data[i] == '\n' {
			b = append(b, data[start:i+1]+"data: "...)
			start = i + 1
		}
	}
	return append(b, data[start:]+"\n\n"...)
}

// hash adds s to the hash h, and a byte that ends it: "a" and "b" are not "ab" and "".
func hash(h uint64, s string) uint64 { return (fnv.Add(h, s) ^ 0xFF) * fnv.Prime }
