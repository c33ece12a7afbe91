package classify

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// flatCap is how much text is searched at a time, in bytes. Nearly every error says in
// its first lines what it is.
const flatCap = 8 << 10

// maxScan is how much text is searched in all, in bytes, through the window that flat
// is: a wrapper can say much before what it wraps.
const maxScan = 32 << 10

// scan is a failure in a form that can be searched.
//
// All its texts are in flat, in a simple alphabet: lower-case letters and digits, one
// space for any run of white space and punctuation, a semicolon where a sentence ends,
// and a bar where a JSON value, an object or a text ends. No phrase matches across a
// bar. JSON, JSON in a string in JSON, the repr of a Python dict, a Go rendering and the
// visible text of an HTML page all become the same words.
//
// A text that is longer than flat passes through it as through a window: everything is
// searched for before the window moves on.
type scan struct {
	flat [flatCap]byte
	n    int // how much of flat is in use
	left int // how much more text may be read

	// Words are found by a hash of their first two bytes: head has the position plus
	// one of the first such word, and next that of the following one.
	head [256]uint16
	next [flatCap]uint16

	parts  [24]part
	nparts int

	tested [factCount]bool  // which facts were searched for
	found  [factCount]level // how certain they are
	status int              // the status that counts: the response's, or one in a text
	outer  int              // the response's
	wait   int64            // the wait that the texts ask for, in milliseconds; -1 for none
	open   bool             // the last text ends in a word, and may be cut there
	cut    bool             // and that word is part of the wait: 2, of "2 hours"

	foreign bool // thrown by code that is not the engine's: loose words do not count
}

// level is how certain a fact is.
type level uint8

const (
	unfounded level = iota // not found
	loosely                // by a word that other errors use too
	fully
)

// part is where one text starts in flat.
type part struct {
	name  string
	start int
}

// noise are the members of a JSON answer that say nothing about a failure, or that
// repeat the caller's request.
const noise = "input output instructions messages prompt content text parts delta tools schema domain failed_generation " +
	"incomplete_details truncation param model url id request_id user usage timestamp safetyratings content_filter_results content_filter_result"

func (t *scan) reset() {
	clear(t.head[:])
	t.n, t.nparts, t.left, t.wait = 0, 0, maxScan, -1
	clear(t.tested[:])
	clear(t.found[:])
}

// add appends a text, in the alphabet of flat. It reads one character at a time: a
// letter or digit is kept, an escape is decoded, a tag and a member that is noise are
// skipped, and everything else becomes a mark.
func (t *scan) add(name, s string) {
	if s == "" || t.nparts == len(t.parts) {
		return
	}
	t.mark('|')
	t.parts[t.nparts] = part{name, t.n}
	t.nparts++
	s = s[:min(len(s), t.left)]
	t.left -= len(s)
	t.open = isWord(at(s, len(s)-1))
	json := looksLikeJSON(s)
	html := hasTags(s)
	path, end := -1, 0 // of a URL: they say nothing about the failure
	for i := 0; i < len(s); i++ {
		if t.n+8 > flatCap {
			t.slide()
		}
		c := s[i]
		switch {
		case i == path && end > i:
			i, c = end-1, ' '
		case isWord(c):
			c = ascii.Lower(c)
		case c == '\\':
			for at(s, i+1) == '\\' {
				i++
			}
			c = ' '
			switch at(s, i+1) {
			case 'n', 'r', 't':
				i++
			case 'u':
				if r := jsonscan.Hex4(s, i+2); r >= 0 {
					i += 5
					if r >= 0x800 {
						t.wide(byte(0xE0|r>>12), byte(0x80|r>>6&0x3F), byte(0x80|r&0x3F))
						continue
					}
					if r < 0x80 && isWord(byte(r)) {
						c = ascii.Lower(byte(r))
					}
				}
			}
		case c == '{' || c == '}' || c == '[' || c == ']':
			c = '|'
		case c == ':' && i >= end && at(s, i+1) == '/' && at(s, i+2) == '/':
			for path = i + 3; isWord(at(s, path)) || at(s, path) == '.' || at(s, path) == '-' || at(s, path) == ':'; path++ {
			}
			end = beforeMarks(s, pathEnd(s, path))
			c = ' '
		case c == '"':
			c = ' '
			if at(s, i+1) == ',' {
				c = '|'
			} else if json {
				if end := skipNoise(s, i); end > 0 {
					i, c = end-1, '|'
				}
			}
		case (c == '.' || c == ',') && isDigit(at(s, i+1)) && t.n > 0 && isDigit(t.flat[t.n-1]):
			if c == ',' { // 20,000
				continue
			}
		case (c == '.' || c == '!' || c == '?') && at(s, i+1) <= ' ':
			c = ';'
		case c == '-' && isDigit(at(s, i+1)) && !isWord(at(s, i-1)):
			// A negative number keeps its sign.
		case c == '<' && html:
			c = ' '
			if end := skipTag(s, i); end > 0 {
				i = end - 1
			}
		case c >= 0xC0 && c < 0xE0:
			t.twoBytes(c, at(s, i+1))
			i++
			continue
		case c >= 0xE0:
			t.wide(c, at(s, i+1), at(s, i+2))
			i += 2
			continue
		default:
			c = ' '
		}
		if isMark(c) {
			t.mark(c)
		} else {
			t.flat[t.n] = c
			t.n++
		}
	}
	t.mark('|')
}

// twoBytes appends a character of two bytes: a Latin, Cyrillic or Greek letter, whose
// case is not changed.
func (t *scan) twoBytes(a, b byte) {
	if a == 0xC2 {
		t.mark(' ') // a punctuation mark or symbol
		return
	}
	t.flat[t.n], t.flat[t.n+1] = a, b
	t.n += 2
}

// wide appends a character of three bytes, such as a Chinese one. General and wide
// punctuation (from U+2000, U+3000 and U+FF00) becomes a mark.
func (t *scan) wide(a, b, c byte) {
	switch {
	case a == 0xE3 && b == 0x80 && c == 0x82:
		t.mark(';')
	case a == 0xE2 || a == 0xE3 && b == 0x80 || a == 0xEF:
		t.mark(' ')
	default:
		t.flat[t.n], t.flat[t.n+1], t.flat[t.n+2] = a, b, c
		t.n += 3
	}
}

// isMark reports whether c separates words in flat.
func isMark(c byte) bool { return c == ' ' || c == ';' || c == '|' }

// fillers are words without meaning for the search: without them, "the model is
// currently overloaded" and "model overloaded" are the same.
const fillers = "is are was were be been being has have had the a an your our its currently"

// mark appends a mark, and drops the word before it if that is a filler. Of several
// marks in a row the strongest stays: a bar, then a semicolon, then a space.
func (t *scan) mark(c byte) {
	start := t.wordStart(t.n)
	if n := t.n - start; start > 0 && n > 0 && n < 10 && ascii.ListedFold(fillers, string(t.flat[start:t.n])) {
		t.n = start
	}
	if t.n > 0 && isMark(t.flat[t.n-1]) {
		t.flat[t.n-1] = max(t.flat[t.n-1], c)
		return
	}
	t.flat[t.n] = c
	t.n++
}

// slide searches the window for everything, and moves it on. The end of the window
// stays in it, so that no phrase is missed between two.
func (t *scan) slide() {
	const overlap = 256
	t.flat[t.n] = '|' // no phrase reaches further
	t.look()
	for f := none + 1; f <= lexical; f++ {
		t.level(f)
		t.tested[f] = t.found[f] == fully
	}
	copy(t.flat[:overlap], t.flat[t.n-overlap:t.n])
	t.n = overlap
	t.parts[0] = part{t.parts[t.nparts-1].name, 0}
	t.nparts = 1
	clear(t.head[:])
}

// pathEnd returns where the path and query of a URL end. Chinese texts go on without a
// space, and the fragment may name the error.
func pathEnd(s string, i int) int {
	for c := at(s, i); c > ' ' && c < 0x80 && strings.IndexByte("<>(),|#"+quotes, c) < 0; c = at(s, i) {
		i++
	}
	return i
}

// look builds the index of words, and reads the status and the wait in the texts. A
// status in a text outranks the response's: that of a wrapper is often just 400, 500 or
// 200. Of several the last counts, which is the innermost in most renderings.
func (t *scan) look() {
	for i := t.n - 1; i >= 0; i-- {
		c := t.flat[i]
		if isMark(c) || c >= 0x80 && c < 0xC0 || i > 0 && c < 0x80 && isWord(t.flat[i-1]) {
			continue
		}
		h := &t.head[headOf(c, t.flat[i+1])]
		t.next[i] = *h
		*h = uint16(i + 1)
		if t.status == t.outer {
			t.statusAt(i)
		}
	}
	if t.wait < 0 {
		t.wait = t.textHint()
	}
}

// headOf returns the index in head of words that begin with these bytes.
func headOf(a, b byte) byte { return a*31 + b }

// statusCues are words after which three digits are a status. After foreignStatusCues
// they are one even in errors of code that is not the engine's.
const (
	foreignStatusCues = "status;http;status code;http 1.1;http 2;status of"
	statusCues        = foreignStatusCues + ";code;error;exception;failed;message;returned;response;received;got;upstream"
)

// statusAt sets the status if the word at i is one: 4xx or 5xx, at the start of a text
// or after a word that says so. Three digits in an id, a port, a count or the name of a
// model are not a status.
func (t *scan) statusAt(i int) {
	n := 0
	end := i
	for isDigit(t.flat[end]) && n < 100 {
		n = n*10 + int(t.flat[end]-'0')
		end++
	}
	if c := t.flat[end]; n < 400 || n > 599 || isDigit(c) || c == '.' {
		return
	}
	words := statusCues
	if t.foreign {
		words = foreignStatusCues
	}
	if start := t.parts[t.partAt(i)].start; i == start && !isWord(t.flat[end]) && !t.foreign {
		t.status = n
	} else if i > start {
		for words != "" {
			var word string
			word, words = ascii.CutByte(words, ';')
			// Text can follow without a space: "status code 429This request …".
			if at := i - 1 - len(word); at >= 0 && string(t.flat[at:i-1]) == word && (!isWord(t.flat[end]) || word == "code") {
				t.status = n
			}
		}
	}
}

// partAt returns the index of the part that i is in.
func (t *scan) partAt(i int) int {
	p := t.nparts - 1
	for p > 0 && t.parts[p].start > i {
		p--
	}
	return p
}

// level returns how certain a fact is. It searches for the fact if that was not done yet.
func (t *scan) level(f fact) level {
	if !t.tested[f] && f <= lexical && f > none {
		t.tested[f] = true
		w := &phrases[f]
		if t.search(w.full, w.claim) {
			t.found[f] = fully
		} else if !t.foreign && t.search(w.loose, w.claim) {
			t.found[f] = max(t.found[f], loosely)
		}
	}
	return t.found[f]
}

// search reports whether one of some phrases is in the texts.
func (t *scan) search(phrases string, claim bool) bool {
	at, _ := t.find(phrases, claim)
	return at >= 0
}

// anyOf reports whether one of set is at least as certain as need.
func (t *scan) anyOf(set *facts, need level) bool {
	for _, f := range set {
		if f != none && t.level(f) >= need {
			return true
		}
	}
	return false
}

// find searches for any of some phrases, which are separated by semicolons, and returns
// where one is. A phrase is words in lower case. The space between two words stands for
// any mark or nothing, so that "rate limit" is also rate_limit and RateLimit. A phrase must
// begin and end where words do, unless it has a star there. A bar stands for the beginning
// or the end of a value, a tilde for a few words, a hash for a number. "a:b,c" is "a b" or
// "a c". With claim set, a phrase counts only where claimed reports true.
func (t *scan) find(phrases string, claim bool) (at int, phrase string) {
	for phrases != "" {
		phrase, phrases = ascii.CutByte(phrases, ';')
		if phrase[0] == '*' {
			for i := 0; i < t.n; i++ {
				if t.flat[i] == phrase[1] && t.match(i, phrase[1:]) >= 0 && (!claim || t.claimed(i)) {
					return i, phrase
				}
			}
			continue
		}
		words := phrase
		if phrase[0] == '|' {
			words = phrase[1:]
		}
		for next := int(t.head[headOf(words[0], words[1])]); next > 0; {
			i := next - 1
			next = int(t.next[i])
			if len(words) < len(phrase) && i > 0 && t.flat[i-1] != '|' {
				continue
			}
			if t.match(i, words) >= 0 && (!claim || t.claimed(i)) {
				return i, phrase
			}
		}
	}
	return -1, ""
}

// claimed reports whether the phrase at i is a statement: not denied just before it,
// and not part of advice.
func (t *scan) claimed(i int) bool {
	const (
		denials = "not never t without nor" // "isn't" is two words here
		advice  = "check ensure sure verify confirm if whether"
		between = "you any this that by of to due because related about count counts counted against toward towards caused"
	)
	near := true
	for range 8 {
		end := i - 1
		if end < 1 || t.flat[end] != ' ' {
			return true
		}
		i = t.wordStart(end)
		word := string(t.flat[i:end])
		if near && ascii.ListedFold(denials, word) || ascii.ListedFold(advice, word) {
			return false
		}
		near = near && ascii.ListedFold(between, word)
	}
	return true
}

// gap is how many bytes a tilde can stand for: enough for a model's name in quotes.
const gap = 60

// match returns where phrase ends if it is at i, else -1.
func (t *scan) match(i int, phrase string) int {
	for p := 0; p < len(phrase); p++ {
		switch c := phrase[p]; c {
		case ' ', ':':
			if t.flat[i] == ' ' || t.flat[i] == ';' {
				i++
			}
			if c == ':' {
				tail, tails := "", phrase[p+1:]
				for tails != "" {
					tail, tails = ascii.CutByte(tails, ',')
					if at := t.match(i, tail); at >= 0 {
						return at
					}
				}
				return -1
			}
		case '*':
			return i
		case '#':
			if !isDigit(t.flat[i]) {
				return -1
			}
			for isDigit(t.flat[i]) {
				i++
			}
		case '~':
			if i == 0 || t.flat[i-1] != ' ' {
				return -1
			}
			rest := phrase[p+2:]
			for end := min(i+gap, t.n); i < end && t.flat[i] != '|'; i++ {
				if t.flat[i-1] == ' ' {
					if at := t.match(i, rest); at >= 0 {
						return at
					}
				}
			}
			return -1
		default:
			if t.flat[i] != c {
				return -1
			}
			i++
		}
	}
	// flat ends with a bar, so i is still inside.
	if c := t.flat[i]; (isWord(c) || c == '.') && isWord(phrase[len(phrase)-1]) {
		return -1
	}
	return i
}

func isWord(c byte) bool { return isLetter(c) || isDigit(c) }

// skipSpace returns where the first byte from s[i] on is that is not white space.
func skipSpace(s string, i int) int {
	for c := at(s, i); c == ' ' || c == '\n' || c == '\t' || c == '\r'; c = at(s, i) {
		i++
	}
	return i
}

// begins reports whether the first byte of s that is not white space is c.
func begins(s string, c byte) bool {
	return at(s, skipSpace(s, 0)) == c
}

func looksLikeJSON(s string) bool { return begins(s, '{') || begins(s, '[') }

// skipNoise returns where a member of a JSON object ends whose name, at s[i], is noise.
// It returns 0 for any other member.
func skipNoise(s string, i int) int {
	const longest = 24
	i++
	n := strings.IndexByte(s[i:min(i+longest, len(s))], '"')
	if n < 2 {
		return 0
	}
	name := s[i : i+n]
	if i = skipSpace(s, i+n+1); at(s, i) != ':' || !ascii.ListedFold(noise, name) {
		return 0
	}
	i = skipSpace(s, i+1)
	value := jsonscan.ParsePrefix(s[i:])
	if value.Kind() == jsonscan.Missing {
		return 0
	}
	return i + len(value)
}

// hasTags reports whether s has an end tag, as every HTML page does.
func hasTags(s string) bool {
	for s != "" {
		if _, s = ascii.CutByte(s, '<'); at(s, 0) == '/' {
			return true
		}
	}
	return false
}

// skipTag returns where an HTML tag at s[i] ends or, if it starts a script or a style
// sheet, where that ends. It returns 0 if there is no tag.
func skipTag(s string, i int) int {
	const longest = 600
	if c := at(s, i+1); !isWord(c) && c != '/' && c != '!' {
		return 0
	}
	n := strings.IndexByte(s[i:min(i+longest, len(s))], '>')
	if n < 0 {
		return 0
	}
	tag := s[i+1 : i+n]
	i += n + 1
	if ascii.Lower(at(tag, 1)) == 'c' || ascii.Lower(at(tag, 2)) == 'y' { // script, style
		for i < len(s) && s[i] != '<' {
			i++
		}
	}
	return i
}
