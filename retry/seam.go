package retry

import (
	"strings"
	"unsafe"

	"github.com/steadfetch/steadfetch/classify/jsonscan"
	"github.com/steadfetch/steadfetch/classify/stream"
)

const (
	maxMarks = 1 << 16 // events whose keys are remembered for a resume
	maxText  = 1 << 20 // bytes of an answer's text that are remembered for a resume
	// overlapWindow is how far back a continuation may begin to repeat.
	overlapWindow = 4096
	// minOverlap is the least that counts as a repetition: two texts can share
	// a few letters by chance.
	minOverlap = 8
	// startedOver is how much of an answer's beginning says, when it comes
	// again, that the model did not continue but began anew.
	startedOver = 32
)

// seam remembers what the consumer has, and joins what a resumed stream brings
// to it: repeated events or text are recognised and cut, and what contradicts
// is an error. It trusts no server to resume where it was asked to.
type seam struct {
	on  bool
	how string // the resume in force, "" in an attempt that is none

	protocol stream.Protocol
	// By key: the id of an event, or its sequence_number.
	marks    []mark
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
	shift    int64  // Anthropic: what to add to the new stream's block indices
	template stream.Event
}

type mark struct{ key, hash uint64 }

type seamVerb uint8

const (
	seamKeep seamVerb = iota
	seamDrop
	seamReplace
	seamMismatch
)

func (m *seam) forget() { *m = seam{on: m.on} }

// mendable says whether a failure after commit can be mended, and prepares it.
func (s *Session) mendable() bool {
	if s.policy.AfterCommit == AfterCommitResume && !s.resetDue && s.seam.possible(s.policy.Resume, s.cfg) {
		return true
	}
	if s.policy.AfterCommit != AfterCommitFail && s.cfg.CanReset {
		s.resetDue = true
		return true
	}
	return false
}

// possible chooses how to resume.
func (m *seam) possible(want string, cfg Config) bool {
	keyed := !m.keyless && len(m.marks) > 0
	textual := !m.opaque && len(m.text) > 0 && len(m.text) < maxText &&
		(m.protocol == stream.Anthropic || m.protocol == stream.OpenAIChat || m.protocol == stream.Gemini)
	switch {
	case (want == "" || want == ResumeBackground) && m.response != "" && keyed && stream.ByURL(cfg.Request.URL) == stream.OpenAIResponses:
		m.how = ResumeBackground
	case (want == "" || want == ResumeLastEventID) && len(m.lastID) > 0 && keyed:
		m.how = ResumeLastEventID
	case (want == "" || want == ResumeContinue) && textual:
		m.how = ResumeContinue
	case want == ResumeCustom && (textual || keyed):
		m.how = ResumeCustom
	default:
		return false
	}
	return true
}

// begin says how the next request differs from the first.
func (m *seam) begin() *Resume {
	m.joined, m.pending, m.shift = false, m.pending[:0], 0
	r := &Resume{
		How: m.how, LastEventID: string(m.lastID), ResponseID: m.response, Sequence: m.sequence,
	}
	switch m.how {
	case ResumeLastEventID:
		r.Headers = map[string]string{"last-event-id": r.LastEventID}
	case ResumeBackground:
		r.Method, r.NoBody = "GET", true
		r.Suffix = "/" + r.ResponseID + "?stream=true&starting_after=" + string(jsonscan.AppendInt(nil, r.Sequence))
	case ResumeContinue:
		r.Rewrite = true
	case ResumeCustom:
		r.Text = string(m.text)
	}
	return r
}

// event takes the next event of an attempt. raw is its bytes.
func (m *seam) event(t *stream.Tracker, e stream.Event, facts stream.Facts, raw []byte) ([]byte, seamVerb) {
	if e.Empty() {
		return nil, seamKeep
	}
	switch {
	case m.how == "":
		m.record(t, e, facts)
		return nil, seamKeep
	case m.how == ResumeContinue, m.how == ResumeCustom && len(m.text) > 0:
		return m.byText(t, e, facts, raw)
	}
	return m.byKey(t, e, facts)
}

// record remembers an event that goes on to the consumer.
func (m *seam) record(t *stream.Tracker, e stream.Event, facts stream.Facts) {
	m.protocol = t.Protocol
	if facts&stream.Opaque != 0 {
		m.opaque = true
	}
	if key, ok := keyOf(t, e); ok && !m.keyless {
		if n := len(m.marks); n == maxMarks || n > 0 && m.marks[n-1].key == key {
			m.keyless = true
		}
		m.marks = append(m.marks, mark{key, hash(hash(fnvOffset, e.Type), e.Data)})
	}
	if e.HasID {
		m.lastID = append(m.lastID[:0], e.ID...)
	}
	m.sequence = t.Sequence
	if t.Background {
		m.response = t.ResponseID
	}
	if t.Protocol == stream.Anthropic {
		if v := jsonscan.Parse(e.Data); v.Get("type").Is("content_block_start") {
			m.block, _ = v.Get("index").Int()
		}
	}
	if text := t.Text(e); !text.Empty() && len(m.text) < maxText {
		m.text = append(m.text, text.Str()...)
	}
}

// keyOf is what an event can be recognised by.
func keyOf(t *stream.Tracker, e stream.Event) (uint64, bool) {
	if e.HasID {
		return hash(fnvOffset, e.ID), true
	}
	if t.Protocol == stream.OpenAIResponses {
		if n, ok := jsonscan.Parse(e.Data).Get("sequence_number").Int(); ok {
			return uint64(n), true
		}
	}
	return 0, false
}

func (m *seam) byKey(t *stream.Tracker, e stream.Event, facts stream.Facts) ([]byte, seamVerb) {
	key, ok := keyOf(t, e)
	if ok {
		for i := len(m.marks) - 1; i >= 0; i-- {
			if m.marks[i].key != key {
				continue
			}
			if m.marks[i].hash != hash(hash(fnvOffset, e.Type), e.Data) {
				return nil, seamMismatch
			}
			return nil, seamDrop
		}
		// Sequence numbers have no gaps (OpenAI Responses, streaming events).
		if m.how == ResumeBackground && t.Sequence != m.sequence+1 {
			return nil, seamMismatch
		}
	}
	id := m.response
	m.record(t, e, facts)
	m.response = id // a resumed stream need not repeat it
	return nil, seamKeep
}

func (m *seam) byText(t *stream.Tracker, e stream.Event, facts stream.Facts, raw []byte) ([]byte, seamVerb) {
	anthropic := t.Protocol == stream.Anthropic
	v := jsonscan.Parse(e.Data)
	index, _ := v.Get("index").Int()
	if m.joined {
		m.record(t, e, facts)
		m.block += m.shift
		if anthropic && m.shift != 0 && v.Get("index") != "" {
			return renderEvent(e.Type, swap(e.Data, v.Get("index"), string(jsonscan.AppendInt(nil, index+m.shift)))), seamReplace
		}
		return nil, seamKeep
	}
	closing := facts&(stream.Finished|stream.Ended) != 0
	if anthropic {
		closing = closing || v.Get("type").Is("message_delta") || v.Get("type").Is("content_block_stop") && len(m.pending) > 0
	}
	text := t.Text(e)
	if text.Empty() && !closing {
		return nil, seamDrop // the second stream's preamble: the consumer has had one
	}
	m.pending = append(m.pending, text.Str()...)
	if !text.Empty() {
		m.template = stream.Event{Type: strings.Clone(e.Type), Data: strings.Clone(e.Data)}
		m.shift = m.block - index
	}
	cut, decided, contradicts := overlap(m.text, m.pending, closing)
	switch {
	case contradicts:
		return nil, seamMismatch
	case !decided:
		return nil, seamDrop
	}
	m.joined = true
	rest := string(m.pending[cut:])
	m.text = append(m.text, rest...)
	if facts&stream.Opaque != 0 {
		m.opaque = true
	}
	var out []byte
	if rest != "" || !text.Empty() && closing {
		data := swap(m.template.Data, t.Text(m.template), string(jsonscan.AppendString(nil, rest)))
		if at := jsonscan.Parse(data).Get("index"); anthropic && m.shift != 0 && at != "" {
			data = swap(data, at, string(jsonscan.AppendInt(nil, m.block)))
		}
		out = renderEvent(m.template.Type, data)
	}
	if text.Empty() { // the event that ended the waiting is another one
		if anthropic && m.shift != 0 && v.Get("index") != "" {
			raw = renderEvent(e.Type, swap(e.Data, v.Get("index"), string(jsonscan.AppendInt(nil, index+m.shift))))
		}
		out = append(out, raw...)
	}
	return out, seamReplace
}

// overlap finds how much of more repeats the end of have. It is undecided while
// more could still grow into a repetition, unless it is final.
func overlap(have, more []byte, final bool) (cut int, decided, contradicts bool) {
	shared := commonPrefix(have, more)
	if shared == len(more) && shared < len(have) && !final {
		return 0, false, false
	}
	if shared == len(have) && shared >= minOverlap/2 {
		return shared, true, false // the whole answer came again
	}
	for i := max(1, len(have)-overlapWindow); i < len(have); i++ {
		tail := have[i:]
		switch n := commonPrefix(tail, more); {
		case n == len(tail) && n >= minOverlap:
			return n, true, false
		case n == len(more) && n < len(tail) && !final:
			return 0, false, false
		}
	}
	return 0, true, shared >= startedOver
}

func commonPrefix(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// Rewrite makes the body of the request that continues a partial answer: the
// first request's body with the partial answer and a user turn [CONTINUE] at
// the end of its messages. ok is false if body is not such a request; nothing
// is to be opened then, and the host reports Error.
func (s *Session) Rewrite(body string) (rewritten string, ok bool) {
	list, answer, turn := "messages", `{"role":"assistant","content":`, `},{"role":"user","content":"[CONTINUE]"}`
	if s.seam.protocol == stream.Gemini {
		list, answer, turn = "contents", `{"role":"model","parts":[{"text":`, `}]},{"role":"user","parts":[{"text":"[CONTINUE]"}]}`
	}
	messages := jsonscan.Parse(body).Get(list)
	if messages.Kind() != jsonscan.Array || messages.Empty() {
		return "", false
	}
	grown := append([]byte(messages[:len(messages)-1]), ',')
	grown = append(grown, answer...)
	grown = jsonscan.AppendString(grown, string(s.seam.text))
	grown = append(append(grown, turn...), ']')
	return swap(body, messages, string(grown)), true
}

// swap puts text in the place of v, which is a view of a part of s.
func swap(s string, v jsonscan.Value, text string) string {
	at := int(uintptr(unsafe.Pointer(unsafe.StringData(string(v)))) - uintptr(unsafe.Pointer(unsafe.StringData(s))))
	return s[:at] + text + s[at+len(v):]
}

func renderEvent(typ, data string) []byte {
	var b []byte
	if typ != "" {
		b = append(append(append(b, "event: "...), typ...), '\n')
	}
	for line := range strings.SplitSeq(data, "\n") {
		b = append(append(append(b, "data: "...), line...), '\n')
	}
	return append(b, '\n')
}

// FNV-1a, 64 bits.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

func hash(h uint64, s string) uint64 {
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return (h ^ 0xFF) * fnvPrime // so that "a","b" is not "ab",""
}
