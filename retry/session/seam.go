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
	maxMarks = 1 << 16 // events whose keys are kept for a resume
	maxText  = 1 << 20 // bytes of an answer's text that are kept for a resume
	// overlapWindow is how many bytes before its end the old text may begin to be
	// repeated.
	overlapWindow = 4096
	// minOverlap is how many bytes must be the same to count as a repetition: two
	// texts can share a few letters by chance.
	minOverlap = 8
	// minWhole is the same if the whole answer is repeated.
	minWhole = 2
	// startedOver is how many repeated bytes of the answer's beginning show that the
	// model started over instead of continuing.
	startedOver = 32
)

// seam remembers what the consumer has, and joins a resumed stream to it: repeated
// events and repeated text are cut out, and a contradiction is an error. It does not
// rely on a server to resume exactly where it was asked to.
type seam struct {
	how retry.ResumeKind // how this attempt resumes, "" if it does not

	protocol *protocol.Protocol
	// By key: the id of an event, or its sequence_number.
	marks    marks
	keyless  bool // keys repeat or are too many, so they identify nothing
	lastID   []byte
	sequence int64
	response string // the id of an OpenAI response that runs in the background
	// By text.
	text   []byte
	opaque bool  // something other than text was delivered
	block  int64 // Anthropic: the index of the last content block

	// Of this attempt.
	joined       bool
	pending      []byte // new text that may still be a repetition
	start        int    // where in text the repetition may begin
	matched      int    // how much of pending is the same from there on
	matchedWhole int    // how much of pending is the same as the beginning of text
	shift        int64  // Anthropic: what to add to the new stream's block indices
	template     sse.Event
}

// mark identifies an event that the consumer has.
type mark struct {
	key, hash uint64
	set       bool
}

// marks is a hash table with open addressing: a server may send all events again,
// and the time for that must grow only linearly with their number.
type marks struct {
	table []mark // its length is a power of two
	n     int
	last  uint64
}

// slot returns where the mark of a key is or belongs.
func (m *marks) slot(key uint64) *mark {
	at := key * fnv.Prime >> 20
	for {
		p := &m.table[at&uint64(len(m.table)-1)]
		if !p.set || p.key == key {
			return p
		}
		at++
	}
}

// find returns the mark of a key, nil if there is none.
func (m *marks) find(key uint64) *mark {
	if m.n == 0 {
		return nil
	}
	if p := m.slot(key); p.set {
		return p
	}
	return nil
}

// add adds a mark, or replaces the one with the same key.
func (m *marks) add(added mark) {
	if 2*m.n >= len(m.table) {
		old := m.table
		m.table = make([]mark, max(64, 2*len(old)))
		for i := range old {
			if old[i].set {
				*m.slot(old[i].key) = old[i]
			}
		}
	}
	m.last, added.set = added.key, true
	p := m.slot(added.key)
	if !p.set {
		m.n++
	}
	*p = added
}

// forget drops everything, because the consumer has nothing of the answer.
func (m *seam) forget() {
	m.how, m.response = "", ""
	m.keyless, m.opaque = false, false
	m.marks, m.lastID, m.text = marks{}, m.lastID[:0], m.text[:0]
}

// planAfterCommit reports whether an answer that broke off after its first output can
// be resumed or restarted, and prepares for that. A page acts on a complete tool call,
// so after one the answer ends, unless the caller chose AfterCommit.
func (s *Session) planAfterCommit() bool {
	p := s.policy
	if s.toolCall && !s.resetDue && !s.afterCommitSet {
		return false
	}
	if p.AfterCommit == retry.AfterCommitResume && !s.resetDue && s.seam.chooseResume(p.Resume, s.promised) {
		return true
	}
	if p.AfterCommit != retry.AfterCommitFail && s.canReset {
		s.resetDue = true
	}
	return s.resetDue
}

// chooseResume chooses how to resume, and reports whether there is a way.
func (m *seam) chooseResume(want retry.ResumeKind, promised *protocol.Protocol) bool {
	keyed := !m.keyless && m.marks.n > 0
	textual := !m.opaque && len(m.text) > 0 && len(m.text) < maxText && m.protocol != nil && m.protocol.Turns != ""
	return m.try(want, retry.ResumeBackground, keyed && m.response != "" && promised == protocol.OpenAIResponses) ||
		m.try(want, retry.ResumeLastEventID, keyed && len(m.lastID) > 0) ||
		m.try(want, retry.ResumeContinue, textual) ||
		m.try(want, retry.ResumeCustom, keyed || textual)
}

// try chooses how if it is possible, and either wanted or nothing else is.
func (m *seam) try(want, how retry.ResumeKind, can bool) bool {
	can = can && (want == how || want == "" && how != retry.ResumeCustom)
	if can {
		m.how = how
	}
	return can
}

// begin starts a resume. It returns how the next request differs from the first,
// which went to url.
func (m *seam) begin(url string) *Resume {
	m.joined, m.pending, m.shift = false, m.pending[:0], 0
	m.start, m.matched, m.matchedWhole = 0, 0, 0
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

// edit is how an event's bytes are changed: put is delivered before it, and drop
// means that the event itself is not delivered.
type edit struct {
	put  []byte
	drop bool
}

var dropped = edit{drop: true}

// join processes the next event of an attempt and returns how to change it. ok is
// false if the event contradicts what the consumer has.
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

// record remembers an event that is delivered to the consumer.
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
	text, onlyText := t.Text(e)
	if m.opaque = m.opaque || !onlyText; len(m.text) < maxText {
		m.text = append(m.text, text.Str()...)
	}
}

// keyOf returns what identifies an event: its id or its sequence number.
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

// byKey drops events that the consumer has, recognised by their keys.
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

// byText holds new text back until it is clear how much of it repeats the old text,
// and cuts that off.
func (m *seam) byText(t *protocol.Tracker, e *sse.Event, facts protocol.Facts) (change edit, ok bool) {
	v := jsonscan.Parse(e.Data)
	at := v.Get("index") // of Anthropic's content block; other protocols have none here
	index, _ := at.Int()
	if m.joined {
		m.record(t, e, facts)
		if m.shift != 0 && at != "" {
			return edit{m.shifted(e, at, index), true}, true
		}
		return edit{}, true
	}
	text, onlyText := t.Text(e)
	if !text.Empty() {
		m.template.Type, m.template.Data = strings.Clone(e.Type), strings.Clone(e.Data)
		if t.Protocol == protocol.Anthropic {
			m.shift = m.block - index
		}
	}
	if facts&protocol.Opaque != 0 || !onlyText || e.Cut && !text.Empty() {
		return edit{}, false // a tool call instead of more text: to drop it would lose it
	}
	closing := m.closing(v, facts, !text.Empty())
	if text.Empty() && !closing {
		if facts&protocol.Reasoned != 0 {
			return edit{}, true
		}
		return dropped, true // the beginning of the second stream, which the consumer has already
	}
	m.pending = append(m.pending, text.Str()...)
	cut, verdict := m.overlap(closing)
	if verdict != overlapKnown {
		return dropped, verdict == overlapOpen
	}
	m.joined = true
	change.drop = true
	if rest := string(m.pending[cut:]); rest != "" || closing && !text.Empty() {
		m.text = append(m.text, rest...)
		change.put = m.withText(t, rest)
	}
	if text.Empty() { // the current event is not text, so it follows the text
		if m.shift != 0 && at != "" {
			change.put = append(change.put, m.shifted(e, at, index)...)
		} else {
			change.drop = false
		}
	}
	return change, true
}

// closing reports whether no more text follows that could repeat the old one.
func (m *seam) closing(v jsonscan.Value, facts protocol.Facts, hasText bool) bool {
	switch {
	case facts&(protocol.Finished|protocol.Ended) != 0:
		return true
	case facts&protocol.Reasoned != 0 && (len(m.pending) > 0 || hasText):
		// Gemini may send text after a finish reason. So the reason alone ends
		// nothing, but the text before it must be delivered before it.
		return true
	}
	kind := v.Get("type").In("message_delta content_block_stop")
	return kind == 0 || kind == 1 && len(m.pending) > 0
}

// withText returns the last event that had text, with this text instead.
func (m *seam) withText(t *protocol.Tracker, text string) []byte {
	place, _ := t.Text(&m.template)
	data := swap(m.template.Data, place, string(jsonscan.AppendString(nil, text)))
	if m.shift != 0 {
		data = swap(data, jsonscan.Parse(data).Get("index"), decimal(m.block))
	}
	return renderEvent(m.template.Type, data)
}

type overlapVerdict uint8

const (
	overlapKnown       overlapVerdict = iota // the first cut bytes are a repetition
	overlapOpen                              // more could still grow into one
	overlapContradicts                       // the model started over with another answer
)

// overlap finds how much of the new text repeats the end of the old one. final says
// that the new text will not grow. A start that did not match is not tried again, so
// all calls together take linear time.
func (m *seam) overlap(final bool) (cut int, verdict overlapVerdict) {
	have, more := m.text, m.pending
	for m.start < len(have) {
		tail := have[m.start:]
		for m.matched < len(tail) && m.matched < len(more) && tail[m.matched] == more[m.matched] {
			m.matched++
		}
		least := minOverlap
		if m.start == 0 { // the whole answer may be repeated
			m.matchedWhole = m.matched
			least = minWhole
		}
		if m.matched == len(tail) && m.matched >= least {
			return m.matched, overlapKnown
		}
		if m.matched == len(more) && m.matched < len(tail) && !final {
			return 0, overlapOpen
		}
		m.start = max(m.start+1, len(have)-overlapWindow)
		m.matched = 0
	}
	if m.matchedWhole >= startedOver {
		return 0, overlapContradicts
	}
	return 0, overlapKnown
}

// Rewrite returns the body of the request that continues a partial answer: the first
// request's body with two more turns, the partial answer and a user's [CONTINUE]. ok
// is false if body has no turns to add to. The host must then open nothing and
// report OnError, and this way to resume is not tried again.
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
		before = `[{"role":"user","content":` + string(turns) + `}` // input may be a string
	default:
		s.seam.opaque = true
		return "", false
	}
	return swap(body, turns, before+","+p.Turn(s.seam.text)+"]"), true
}

// shifted returns an event whose index, the value at, continues the consumer's count.
func (m *seam) shifted(e *sse.Event, at jsonscan.Value, index int64) []byte {
	return renderEvent(e.Type, swap(e.Data, at, decimal(index+m.shift)))
}

func decimal(n int64) string { return string(jsonscan.AppendInt(nil, n)) }

// swap returns s with text in place of v, which is a view of a part of s.
func swap(s string, v jsonscan.Value, text string) string {
	at := jsonscan.Place(v, s)
	return s[:at] + text + s[at+len(v):]
}

// renderEvent returns an event as bytes. A line feed in data starts another data line.
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
