package jsonscan

// maxMember is the longest name and the longest value that is kept. Members with
// longer ones are not reported.
const maxMember = 256

// Members reads the members of a JSON object that arrives in pieces of any size,
// without buffering it. It calls Found for each member whose value is a number,
// a literal or a short string, with its path ("model", "generationConfig.n") and
// value; and for each one that is an object or an array, when it begins, with its
// first byte. Of an array of objects it reads the first one, and sets Batch.
//
// A Members with Found and Depth set is ready to use. Text that is not JSON
// yields whatever was found up to there; nothing panics, and memory is bounded.
type Members struct {
	Found func(path string, v Value)
	// Depth is how deep members are reported: 1 is the top level only.
	Depth int
	// Batch is set if the text is an array (a JSON-RPC batch).
	Batch bool

	depth    int  // of objects and arrays that are open
	base     int  // the depth of the top level's members: 1, or 2 in a batch
	inString bool // between two quotes
	escaped  bool // after a backslash
	isKey    bool // the current or next string is a name
	broken   bool // not an object, or the object (of a batch, the first) has ended
	key      []byte
	value    []byte
	long     bool     // value is longer than maxMember
	path     []string // names of the objects that are open, from base on
	arrays   uint64   // bit n: what is open at depth n is an array
}

// Write reads the next piece.
func (m *Members) Write(p []byte) {
	for i := 0; i < len(p) && !m.broken; i++ {
		if m.inString && !m.escaped && !m.keeps() {
			if i += plainRun(p[i:]); i == len(p) {
				return
			}
		}
		c := p[i]
		if m.inString {
			m.keep(c)
			switch {
			case m.escaped:
				m.escaped = false
			case c == '\\':
				m.escaped = true
			case c == '"':
				m.inString = false
			}
			continue
		}
		switch c {
		case ' ', '\t', '\n', '\r':
		case '"':
			m.inString = true
			m.keep(c)
		case '{', '[':
			m.begin(c)
		case '}', ']':
			m.end()
		case ':':
			m.colon()
		case ',':
			m.report()
			m.isKey = !m.inArray()
		default:
			if m.depth == 0 {
				m.broken = c != 0xEF && c != 0xBB && c != 0xBF // a byte order mark
				continue
			}
			m.keep(c)
		}
	}
}

// Done reports whether nothing more can be found, whatever follows.
func (m *Members) Done() bool { return m.broken }

func (m *Members) inArray() bool { return m.depth < 64 && m.arrays&(1<<m.depth) != 0 }

// keeps reports whether the value being read is kept: the text of a whole
// document in a member, or of a message further in, is not.
func (m *Members) keeps() bool {
	return !m.long && m.depth >= m.base && m.depth < m.base+m.Depth && !m.inArray()
}

// plainRun returns how many bytes at the beginning of p are neither a quote nor
// a backslash. It looks at eight at a time.
func plainRun(p []byte) int {
	i := 0
	for ; i+8 <= len(p); i += 8 {
		w := uint64(p[i]) | uint64(p[i+1])<<8 | uint64(p[i+2])<<16 | uint64(p[i+3])<<24 |
			uint64(p[i+4])<<32 | uint64(p[i+5])<<40 | uint64(p[i+6])<<48 | uint64(p[i+7])<<56
		if holds(w, '"')|holds(w, '\\') != 0 {
			break
		}
	}
	for i < len(p) && p[i] != '"' && p[i] != '\\' {
		i++
	}
	return i
}

// holds returns nonzero if one of the eight bytes of w is c.
func holds(w uint64, c byte) uint64 {
	const ones = 0x0101010101010101
	x := w ^ ones*uint64(c)
	return (x - ones) &^ x & (ones << 7)
}

// keep appends a byte to the current name or value.
func (m *Members) keep(c byte) {
	if m.depth < m.base || m.depth >= m.base+m.Depth || m.inArray() {
		return
	}
	to := &m.value
	if m.isKey {
		to = &m.key
	}
	if len(*to) < maxMember {
		if *to == nil {
			*to = make([]byte, 0, 32) // most fit, so that they grow no further
		}
		*to = append(*to, c)
	} else {
		m.long = true
	}
}

// begin enters an object or an array.
func (m *Members) begin(c byte) {
	switch {
	case m.depth == 0 && c == '[':
		m.Batch, m.base = true, 2
	case m.depth == 0:
		m.base = 1
	case m.depth >= m.base && m.depth < m.base+m.Depth && !m.inArray():
		m.value = append(m.value[:0], c)
		m.call()
		m.path = append(m.path, Value(m.key).Str())
	}
	if m.depth < 63 {
		m.arrays &^= 1 << (m.depth + 1)
		if c == '[' {
			m.arrays |= 1 << (m.depth + 1)
		}
	}
	m.depth++
	m.isKey = c == '{'
	m.key, m.value, m.long = m.key[:0], m.value[:0], false
}

// end leaves an object or an array.
func (m *Members) end() {
	m.report()
	m.depth--
	if m.depth >= m.base && m.depth < m.base+m.Depth && len(m.path) > m.depth-m.base && !m.inArray() {
		m.path = m.path[:m.depth-m.base]
	}
	m.broken = m.depth < m.base // the object has ended
	m.isKey = false
}

func (m *Members) colon() {
	m.isKey = false
	m.value = m.value[:0]
}

// report calls Found for the current member if it is complete.
func (m *Members) report() {
	if len(m.key) > 0 && len(m.value) > 0 && !m.long && m.depth >= m.base && m.depth < m.base+m.Depth && !m.inArray() {
		m.call()
	}
	m.key, m.value, m.long = m.key[:0], m.value[:0], false
}

func (m *Members) call() {
	path := ""
	for _, name := range m.path {
		path += name + "."
	}
	m.Found(path+Value(m.key).Str(), Value(m.value))
}
