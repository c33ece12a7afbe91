package jsonscan

// maxMember is how much is kept of a member's name and of its value: longer
// ones are passed over.
const maxMember = 256

// Members reads the members of a JSON object that comes in pieces of any size,
// without keeping it. Of each member whose value is a number, a literal or a
// short string, Found is called with its path ("model", "generationConfig.n");
// of one that is an object or array, when it begins, with its first byte. For
// an array of objects it reads the first of them, and Batch is set.
//
// The zero Members with Found set is ready. Text that is no JSON gives
// whatever was found until then; nothing panics, and memory is bounded.
type Members struct {
	Found func(path string, v Value)
	// Depth is how deep members are told of: 1 is the top level.
	Depth int
	// Batch is set if the text is an array.
	Batch bool

	depth    int  // of objects and arrays that are open
	base     int  // the depth of the top level's members: 1, or 2 in a batch
	inString bool // between two quotes
	escaped  bool // behind a backslash
	isKey    bool // the string or what follows is a name
	broken   bool // no object, or the first one of a batch is over
	key      []byte
	value    []byte
	long     bool     // value is longer than maxMember
	path     []string // names of the objects that are open, from base on
	arrays   uint64   // bit n: what is open at depth n is an array
}

// Write takes the next piece.
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
			m.tell()
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

// Done says that no more will be found, whatever comes.
func (m *Members) Done() bool { return m.broken }

func (m *Members) inArray() bool { return m.depth < 64 && m.arrays&(1<<m.depth) != 0 }

// keeps says whether what comes can still be of interest: the text of a whole
// document in a member, or of a message further in, is not.
func (m *Members) keeps() bool {
	return !m.long && m.depth >= m.base && m.depth < m.base+m.Depth && !m.inArray()
}

// plainRun is how many bytes at the beginning of p are neither a quote nor a
// backslash. It looks at eight at a time.
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

// holds is not 0 if one of the eight bytes of w is c.
func holds(w uint64, c byte) uint64 {
	const ones = 0x0101010101010101
	x := w ^ ones*uint64(c)
	return (x - ones) &^ x & (ones << 7)
}

// keep adds a byte to the name or value at hand.
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

// begin opens an object or an array.
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

// end closes one.
func (m *Members) end() {
	m.tell()
	m.depth--
	if m.depth >= m.base && m.depth < m.base+m.Depth && len(m.path) > m.depth-m.base && !m.inArray() {
		m.path = m.path[:m.depth-m.base]
	}
	m.broken = m.depth < m.base // the object is over
	m.isKey = false
}

func (m *Members) colon() {
	m.isKey = false
	m.value = m.value[:0]
}

// tell gives a member that is complete.
func (m *Members) tell() {
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
