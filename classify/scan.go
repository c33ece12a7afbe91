package classify

import (
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/steadfetch/steadfetch/classify/jsonscan"
)

// flatCap bounds the text that is looked at. An error says what it is in its
// first lines; what follows is a trace, a page or the request once more.
const flatCap = 16 << 10

// scan is a failure made ready to be searched.
//
// All its texts stand in flat, in one simple alphabet: lower-case letters and
// digits, one space for any run of white space and punctuation, and one bar
// where a JSON value, an object or a text ends, over which no phrase reaches.
// JSON, JSON in a string in JSON, the repr of a Python dict, a Go rendering
// and the visible text of an HTML page all come out as the same words.
type scan struct {
	flat [flatCap]byte
	n    int // how much of flat is in use
	end  int // how far the text that is being added may go

	// Words are found by their first two bytes: head holds the place of the
	// last such word, plus one, and next that of the one before.
	head [256]uint16
	next [flatCap]uint16

	parts  [24]part
	nparts int

	tested, found facts // which facts were looked for, and which hold
	status        int   // the status that counts: the response's, or one told inside
	hint          int64 // the wait that the texts ask for, in ms; -1 for none
}

// part is where one text begins in flat.
type part struct {
	name  string
	start int
}

// noise names the members of a JSON answer that say nothing about a failure,
// or that give back what the request said, in the caller's words.
const noise = " input output instructions messages prompt content text parts delta tools schema failed_generation" +
	" param model url id request_id user usage timestamp safetyratings content_filter_results content_filter_result "

func (t *scan) reset() {
	clear(t.head[:])
	t.n, t.nparts = 0, 0
	t.tested, t.found = 0, 0
	t.status, t.hint = 0, -1
}

// add appends a text, as much of it as fits into limit bytes.
func (t *scan) add(name, s string, limit int) {
	if s == "" || t.n+2 >= flatCap || t.nparts == len(t.parts) {
		return
	}
	t.mark('|')
	t.parts[t.nparts] = part{name, t.n}
	t.nparts++
	t.end = min(t.n+limit, flatCap-1)
	json := looksLikeJSON(s)
	html := strings.Contains(s, "</")
	for i := 0; i < len(s) && t.n < t.end; i++ {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case isWord(c):
		case c == '\\':
			for i+1 < len(s) && s[i+1] == '\\' {
				i++
			}
			c = ' '
			if i+1 == len(s) {
				break
			}
			switch s[i+1] {
			case 'n', 'r', 't':
				i++
			case 'u':
				if r := jsonscan.Hex4(s, i+2); r >= 0 {
					i += 5
					t.rune(r)
					continue
				}
			}
		case c == '{' || c == '}' || c == '[' || c == ']':
			c = '|'
		case c == '"':
			c = ' '
			if i+1 < len(s) && s[i+1] == ',' {
				c = '|'
			} else if json {
				if end := skipNoise(s, i); end > 0 {
					i, c = end-1, '|'
				}
			}
		case (c == '.' || c == ',') && i+1 < len(s) && isDigit(s[i+1]) && t.n > 0 && isDigit(t.flat[t.n-1]):
			if c == ',' { // 20,000
				continue
			}
		case c == '-' && i+1 < len(s) && isDigit(s[i+1]) && (i == 0 || !isWord(s[i-1])):
			// A number below zero.
		case c == '<' && html:
			c = ' '
			if end := skipTag(s, i); end > 0 {
				i = end - 1
			}
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			i += size - 1
			t.rune(r)
			continue
		default:
			c = ' '
		}
		if c == ' ' || c == '|' {
			t.mark(c)
		} else {
			t.flat[t.n] = c
			t.n++
		}
	}
	t.mark('|')
}

// mark puts a space or a bar behind the last word.
func (t *scan) mark(c byte) {
	if t.n > 0 {
		switch t.flat[t.n-1] {
		case '|':
			return
		case ' ':
			t.n--
		}
	}
	t.flat[t.n] = c
	t.n++
}

// rune appends a character from beyond ASCII, or one that was escaped.
func (t *scan) rune(r rune) {
	switch {
	case r < utf8.RuneSelf && isWord(byte(r)):
		t.flat[t.n] = byte(r) | 0x20
		t.n++
	case r < 0xC0, r >= 0x2000 && r < 0x2070, r >= 0x3000 && r < 0x3020, r >= 0xFF00 && r < 0xFF10, r >= 0xFF1A && r < 0xFF20:
		t.mark(' ') // punctuation, wide or not
	case t.n+4 <= t.end:
		t.n = len(utf8.AppendRune(t.flat[:t.n], r))
	default:
		t.end = t.n
	}
}

// index makes the words findable and reads the statuses that the texts tell.
// A status told inside outranks the response's: a wrapper's own is often just
// 400, 500 or 200. Of several the last counts, which is the innermost in most
// renderings.
func (t *scan) index() {
	outer := t.status
	for i := 0; i < t.n; i++ {
		c := t.flat[i]
		if !isWord(c) && c < 0xC0 && c != '-' || i > 0 && c < utf8.RuneSelf && isWord(t.flat[i-1]) {
			continue
		}
		h := &t.head[bucket(c, t.flat[i+1])]
		t.next[i] = *h
		*h = uint16(i + 1)
		if (c == '4' || c == '5') && i+3 < t.n {
			if status := t.statusAt(i); status != 0 && status != outer {
				t.status = status
			}
		}
	}
}

func bucket(a, b byte) byte { return a*31 + b }

// before lists the ends of words behind which three digits are a status. Only
// the first two may have text glued to the digits ("status code 429This …").
const before = "code;status;error;http;exception;failed;message;returned;response;received;got;upstream;http 1.1;http 2;status of;status is"

// statusAt reads a status where the word at i is one: three digits at the
// start of a text, or behind a word that says what they are. Three digits in
// an id, a port, a count or a model's name are none.
func (t *scan) statusAt(i int) int {
	if !isDigit(t.flat[i+1]) || !isDigit(t.flat[i+2]) || isDigit(t.flat[i+3]) || t.flat[i+3] == '.' {
		return 0
	}
	n := int(t.flat[i]-'0')*100 + int(t.flat[i+1]-'0')*10 + int(t.flat[i+2]-'0')
	glued := isWord(t.flat[i+3])
	if i == t.parts[t.partAt(i)].start {
		if glued {
			return 0
		}
		return n
	}
	if t.flat[i-1] != ' ' {
		return 0
	}
	text := t.flat[:i-1]
	words := before
	for k := 0; words != "" && (k < 2 || !glued); k++ {
		var word string
		word, words, _ = strings.Cut(words, ";")
		if len(text) >= len(word) && string(text[len(text)-len(word):]) == word {
			return n
		}
	}
	return 0
}

// partAt is the index of the part that i lies in.
func (t *scan) partAt(i int) int {
	p := t.nparts - 1
	for p > 0 && t.parts[p].start > i {
		p--
	}
	return p
}

// index is the place of a lexical fact in the lexicon.
func (fact facts) index() int { return bits.TrailingZeros64(uint64(fact)) }

// has looks, in order, for the first fact of set that holds, or 0.
func (t *scan) has(set facts) facts {
	for set != 0 {
		fact := set & -set
		set &^= fact
		if t.tested&fact == 0 {
			t.tested |= fact
			if at, _ := t.find(lexicon[fact.index()]); at >= 0 {
				t.found |= fact
			}
		}
		if t.found&fact != 0 {
			return fact
		}
	}
	return 0
}

// find searches for any of some phrases. A phrase is words in lower case; the
// space between two of them stands for anything or nothing between words, so
// that "rate limit" is also rate_limit and RateLimit. It must begin and end
// where words do, but for a star at its end or at its beginning. A tilde
// stands for a few words more, a bar for the end of a value.
func (t *scan) find(phrases string) (at int, phrase string) {
	for phrases != "" {
		phrase, phrases, _ = strings.Cut(phrases, ";")
		if phrase[0] == '*' {
			for i := 0; i < t.n; i++ {
				if t.flat[i] == phrase[1] && t.match(i, phrase[1:]) >= 0 {
					return i, phrase
				}
			}
			continue
		}
		for i := int(t.head[bucket(phrase[0], phrase[1])]); i > 0; i = int(t.next[i-1]) {
			if t.match(i-1, phrase) >= 0 {
				return i - 1, phrase
			}
		}
	}
	return -1, ""
}

// gap is how far a tilde reaches: over a model's name, in quotes.
const gap = 80

// match gives the place behind phrase if that stands at i, else -1.
func (t *scan) match(i int, phrase string) int {
	for p := 0; p < len(phrase); p++ {
		switch c := phrase[p]; c {
		case ' ':
			if t.flat[i] == ' ' {
				i++
			}
		case '*':
			return i
		case '~':
			if t.flat[i-1] != ' ' {
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
	// flat ends in a bar, so i is still inside.
	if c := t.flat[i]; (isWord(c) || c == '.') && isWord(phrase[len(phrase)-1]) {
		return -1
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) }

// fold says whether two texts are equal but for the case of ASCII letters.
func fold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if x >= 'A' && x <= 'Z' {
			x |= 0x20
		}
		if y >= 'A' && y <= 'Z' {
			y |= 0x20
		}
		if x != y {
			return false
		}
	}
	return true
}

// listed says whether word is one of list, in any case.
func listed(list, word string) bool {
	for list != "" {
		var w string
		if w, list, _ = strings.Cut(list, " "); fold(w, word) {
			return true
		}
	}
	return false
}

// looksLikeJSON says whether s begins as a JSON object or array does.
func looksLikeJSON(s string) bool {
	s = strings.TrimLeft(s, " \t\r\n")
	return s != "" && (s[0] == '{' || s[0] == '[')
}

// skipNoise gives the place behind a member of a JSON object whose name, at
// s[i], is noise, or 0.
func skipNoise(s string, i int) int {
	const longest = 24
	i++
	end := strings.IndexByte(s[i:min(i+longest, len(s))], '"')
	if end <= 0 || !listed(noise, s[i:i+end]) {
		return 0
	}
	rest := strings.TrimLeft(s[i+end+1:], " \t\r\n")
	if rest == "" || rest[0] != ':' {
		return 0
	}
	rest = strings.TrimLeft(rest[1:], " \t\r\n")
	value := jsonscan.ParsePrefix(rest)
	if value.Kind() == jsonscan.Missing {
		return 0
	}
	return len(s) - len(rest) + len(value)
}

// skipTag gives the place behind an HTML tag at s[i], and behind the text of a
// script or a style sheet, or 0 if there is no tag.
func skipTag(s string, i int) int {
	const longest = 600
	if i+1 == len(s) || !isWord(s[i+1]) && s[i+1] != '/' && s[i+1] != '!' {
		return 0
	}
	end := strings.IndexByte(s[i:min(i+longest, len(s))], '>')
	if end < 0 {
		return 0
	}
	tag := s[i+1 : i+end]
	end += i + 1
	if len(tag) >= 6 && fold(tag[:6], "script") || len(tag) >= 5 && fold(tag[:5], "style") {
		if behind := strings.Index(s[end:], "</"); behind >= 0 {
			return end + behind
		}
		return len(s)
	}
	return end
}
