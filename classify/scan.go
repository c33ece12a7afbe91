package classify

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// flatCap bounds the text that is looked at. An error says what it is in its
// first lines; what follows is a trace, a page or the request once more.
const flatCap = 8 << 10

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

	tested, found [64]bool // which facts were looked for, and which hold
	status        int      // the status that counts: the response's, or one told inside
}

// part is where one text begins in flat.
type part struct {
	name  string
	start int
}

// noise names the members of a JSON answer that say nothing about a failure,
// or that give back what the request said, in the caller's words.
const noise = "input output instructions messages prompt content text parts delta tools schema failed_generation " +
	"incomplete_details param model url id request_id user usage timestamp safetyratings content_filter_results content_filter_result"

func (t *scan) reset() {
	clear(t.head[:])
	t.n, t.nparts = 0, 0
	clear(t.tested[:])
	clear(t.found[:])
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
	s = s[:min(len(s), 4*flatCap)] // white space and tags leave nothing in flat
	json := looksLikeJSON(s)
	html := hasTags(s)
	for i := 0; i < len(s) && t.n < t.end; i++ {
		c := s[i]
		switch {
		case isWord(c):
			c = lower(c)
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
					if r >= 0x800 && t.n+3 < t.end {
						t.wide(byte(0xE0|r>>12), byte(0x80|r>>6&0x3F), byte(0x80|r&0x3F))
						continue
					}
					if r < 0x80 && isWord(byte(r)) {
						c = lower(byte(r))
					}
				}
			}
		case c == '{' || c == '}' || c == '[' || c == ']':
			c = '|'
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
		case c == '-' && isDigit(at(s, i+1)) && !isWord(at(s, i-1)):
			// A number below zero.
		case c == '<' && html:
			c = ' '
			if end := skipTag(s, i); end > 0 {
				i = end - 1
			}
		case c >= 0xE0 && t.n+3 < t.end:
			t.wide(c, at(s, i+1), at(s, i+2))
			i += 2
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

// wide appends a character of three bytes, such as a Chinese one; general and
// wide punctuation (U+2000, U+3000 and U+FF00 onward) is but a mark.
func (t *scan) wide(a, b, c byte) {
	if a == 0xE2 || a == 0xE3 && b == 0x80 || a == 0xEF {
		t.mark(' ')
		return
	}
	t.flat[t.n], t.flat[t.n+1], t.flat[t.n+2] = a, b, c
	t.n += 3
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

// index makes the words findable and reads the statuses that the texts tell.
// A status told inside outranks the response's: a wrapper's own is often just
// 400, 500 or 200. Of several the last counts, which is the innermost in most
// renderings.
func (t *scan) index() {
	outer := t.status
	for i := t.n - 1; i >= 0; i-- {
		c := t.flat[i]
		if !isWord(c) && c < 0xC0 && c != '-' || i > 0 && c < 0x80 && isWord(t.flat[i-1]) {
			continue
		}
		h := &t.head[bucket(c, t.flat[i+1])]
		t.next[i] = *h
		*h = uint16(i + 1)
		if t.status == outer {
			t.statusAt(i)
		}
	}
}

func bucket(a, b byte) byte { return a*31 + b }

// before lists the ends of texts behind which three digits are a status.
const before = "code;status;error;http;exception;failed;message;returned;response;received;got;upstream;http 1.1;http 2;status of;status is"

// statusAt reads a status where the word at i is one: 4xx or 5xx, at the start
// of a text or behind a word that says what it is. Three digits in an id, a
// port, a count or a model's name are none.
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
	words := before
	if start := t.parts[t.partAt(i)].start; i == start && !isWord(t.flat[end]) {
		t.status = n
	} else if i > start {
		for words != "" {
			var word string
			word, words = cut(words, ';')
			// Text may be glued to the digits: "status code 429This request …".
			if at := i - 1 - len(word); at >= 0 && string(t.flat[at:i-1]) == word && (!isWord(t.flat[end]) || word == "code") {
				t.status = n
			}
		}
	}
}

// partAt is the index of the part that i lies in.
func (t *scan) partAt(i int) int {
	p := t.nparts - 1
	for p > 0 && t.parts[p].start > i {
		p--
	}
	return p
}

// has says whether a fact holds. What is not known yet is looked for.
func (t *scan) has(f fact) bool {
	if !t.tested[f] && f <= lexical && f > none {
		t.tested[f] = true
		at, _ := t.find(phrases[f])
		t.found[f] = at >= 0
	}
	return t.found[f]
}

func (t *scan) hasAny(set *facts) bool {
	return t.has(set[0]) || t.has(set[1]) || t.has(set[2])
}

// find searches for any of some phrases, which are separated by semicolons. A
// phrase is words in lower case; the space between two of them stands for
// anything or nothing between words, so that "rate limit" is also rate_limit
// and RateLimit. It must begin and end where words do, but for a star at its
// end or at its beginning. A tilde stands for a few words more, a bar for the
// end of a value. "a:b,c" is "a b" or "a c".
func (t *scan) find(phrases string) (at int, phrase string) {
	for phrases != "" {
		phrase, phrases = cut(phrases, ';')
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
const gap = 60

// match gives the place behind phrase if that stands at i, else -1.
func (t *scan) match(i int, phrase string) int {
	for p := 0; p < len(phrase); p++ {
		switch c := phrase[p]; c {
		case ' ', ':':
			if t.flat[i] == ' ' {
				i++
			}
			if c == ':' {
				tail, tails := "", phrase[p+1:]
				for tails != "" {
					tail, tails = cut(tails, ',')
					if at := t.match(i, tail); at >= 0 {
						return at
					}
				}
				return -1
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

func isWord(c byte) bool { return isLetter(c) || isDigit(c) }

// lower is c in lower case, if it is a letter or a digit.
func lower(c byte) byte { return c | 0x20 }

// cut is strings.Cut at a byte. The package strings is used for little else
// than IndexByte, since its searches and trims cost the module kilobytes.
func cut(s string, sep byte) (before, after string) {
	if i := strings.IndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// fold says whether two texts are equal but for the case of ASCII letters.
func fold(a, b string) bool {
	return len(a) == len(b) && foldPrefix(a, b)
}

// foldPrefix says whether s begins with prefix, in any case. Marks that differ
// in the bit of the case are not told apart: none of the words here has one.
func foldPrefix(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := 0; i < len(prefix); i++ {
		if lower(s[i]) != lower(prefix[i]) {
			return false
		}
	}
	return true
}

// listed says whether word is one of list, in any case.
func listed(list, word string) bool {
	for list != "" {
		var w string
		if w, list = cut(list, ' '); fold(w, word) {
			return true
		}
	}
	return false
}

// skipSpace gives the place of the first byte from s[i] on that is no white space.
func skipSpace(s string, i int) int {
	for c := at(s, i); c == ' ' || c == '\n' || c == '\t' || c == '\r'; c = at(s, i) {
		i++
	}
	return i
}

// begins says whether the first byte of s that is no white space is c.
func begins(s string, c byte) bool {
	return at(s, skipSpace(s, 0)) == c
}

func looksLikeJSON(s string) bool { return begins(s, '{') || begins(s, '[') }

// skipNoise gives the place behind a member of a JSON object whose name, at
// s[i], is noise, or 0.
func skipNoise(s string, i int) int {
	const longest = 24
	i++
	n := strings.IndexByte(s[i:min(i+longest, len(s))], '"')
	if n < 2 {
		return 0
	}
	name := s[i : i+n]
	if i = skipSpace(s, i+n+1); at(s, i) != ':' || !listed(noise, name) {
		return 0
	}
	i = skipSpace(s, i+1)
	value := jsonscan.ParsePrefix(s[i:])
	if value.Kind() == jsonscan.Missing {
		return 0
	}
	return i + len(value)
}

// hasTags says whether s has an end tag, as every page of HTML has.
func hasTags(s string) bool {
	for s != "" {
		if _, s = cut(s, '<'); at(s, 0) == '/' {
			return true
		}
	}
	return false
}

// skipTag gives the place behind an HTML tag at s[i], and behind the text of a
// script or a style sheet, or 0 if there is no tag.
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
	if lower(at(tag, 1)) == 'c' || lower(at(tag, 2)) == 'y' { // script, style
		for i < len(s) && s[i] != '<' {
			i++
		}
	}
	return i
}
