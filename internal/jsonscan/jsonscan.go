// Package jsonscan reads and writes JSON text (RFC 8259) in place: no reflection, no
// tree and, but for strings with escapes, no allocation. It exists because
// encoding/json alone would be several times the size of the whole module.
//
// It is a reader, not a validator: text that is not JSON yields missing values,
// never a panic, and every call is linear in its input. Nesting is skipped
// with a counter, not by recursion, so depth needs no stack.
package jsonscan

import (
	"strings"
	"unsafe"

	"github.com/steadfetch/steadfetch/internal/swar"
)

// Value is the raw text of one JSON value, without surrounding white space.
// The zero Value is a missing one: every accessor returns its zero result.
type Value string

// Kinds of a Value, as returned by Kind.
const (
	Missing byte = 0
	Object  byte = '{'
	Array   byte = '['
	String  byte = '"'
	Number  byte = '0'
	Bool    byte = 't'
	Null    byte = 'n'
)

// Parse returns the first value in s, ignoring white space before it and
// anything after it. A value that is cut off is missing.
func Parse(s string) Value {
	i := skipSpace(s, 0)
	end := skipValue(s, i)
	if end < 0 {
		return ""
	}
	return Value(s[i:end])
}

// ParsePrefix is Parse for text that may be cut off: it returns as much of the
// value as there is.
func ParsePrefix(s string) Value {
	i := skipSpace(s, 0)
	if end := skipValue(s, i); end >= 0 {
		return Value(s[i:end])
	}
	return Value(s[i:])
}

// Kind returns the kind of v, judged by its first byte alone.
func (v Value) Kind() byte {
	if v == "" {
		return Missing
	}
	switch c := v[0]; c {
	case '{', '[', '"', 'n':
		return c
	case 't', 'f':
		return Bool
	}
	if c := v[0]; c == '-' || c >= '0' && c <= '9' {
		return Number
	}
	return Missing
}

// Get follows path, keys joined by dots, through nested objects: "error.type".
// A missing step yields a missing value. If a key is repeated, the first counts.
func (v Value) Get(path string) Value {
	for path != "" && v != "" {
		n := 0
		for n < len(path) && path[n] != '.' {
			n++
		}
		it := v.Iter()
		for v = ""; it.Next(); {
			if it.Key.Is(path[:n]) {
				v = it.Value
				break
			}
		}
		path = path[min(n+1, len(path)):]
	}
	return v
}

// Text is v.Get(path).Str().
func (v Value) Text(path string) string { return v.Get(path).Str() }

// Has reports whether the value at path is not Empty.
func (v Value) Has(path string) bool { return !v.Get(path).Empty() }

// Says is v.Get(path).Is(s).
func (v Value) Says(path, s string) bool { return v.Get(path).Is(s) }

// In returns the position of the string v in list (words separated by spaces), or -1.
func (v Value) In(list string) int {
	if v.Kind() != String {
		return -1
	}
	return Index(list, v.Str())
}

// Index returns the position of word in list (words separated by spaces), or -1.
func Index(list, word string) int {
	for place, start, i := 0, 0, 0; i <= len(list); i++ {
		if i == len(list) || list[i] == ' ' {
			if list[start:i] == word {
				return place
			}
			place++
			start = i + 1
		}
	}
	return -1
}

// Listed reports whether word is in list (words separated by spaces).
func Listed(list, word string) bool { return Index(list, word) >= 0 }

// First is the first element of an array, or missing.
func (v Value) First() Value {
	if v.Kind() != Array {
		return ""
	}
	it := v.Iter()
	it.Next()
	return it.Value
}

// Iter iterates over the members of an object or the elements of an array.
// A container that is cut off yields the members before the cut; any other
// value yields none.
//
//	it := v.Iter()
//	for it.Next() { use(it.Key, it.Value) }
//
// Declare the iterator before the loop: a loop variable would be copied in every
// iteration.
func (v Value) Iter() Iter {
	return Iter{rest: string(v)} // small enough to be inlined
}

// Iter is the iterator that Value.Iter returns.
type Iter struct {
	Key   Value // missing in an array
	Value Value

	rest string
	at   int // where the next member begins; 0 before the first, at or after the end when there is none
}

// Next steps to the next member and reports whether there is one.
func (it *Iter) Next() bool {
	s, i := it.rest, it.at
	if i == 0 {
		if s == "" || s[0] != '{' && s[0] != '[' {
			return false
		}
		i = skipSpace(s, 1)
	}
	if i >= len(s) || s[i] == '}' || s[i] == ']' {
		return false
	}
	it.at = len(s)
	if s[0] == '{' {
		end := skipValue(s, i)
		if end < 0 || s[i] != '"' {
			return false
		}
		it.Key = Value(s[i:end])
		if i = skipSpace(s, end); i >= len(s) || s[i] != ':' {
			return false
		}
		i = skipSpace(s, i+1)
	}
	end := skipValue(s, i)
	if end < 0 {
		return false
	}
	it.Value = Value(s[i:end])
	if i = skipSpace(s, end); i < len(s) && s[i] == ',' {
		it.at = skipSpace(s, i+1)
	}
	return true
}

// Is reports whether v is a string whose decoded text is s.
func (v Value) Is(s string) bool {
	if v.Kind() != String {
		return false
	}
	if v.escaped() {
		return v.Str() == s
	}
	return len(v) == len(s)+2 && string(v[1:len(v)-1]) == s
}

// True reports whether v is the literal true.
func (v Value) True() bool { return v == "true" }

// Empty reports whether v has no content: missing, null, "", {} or [].
func (v Value) Empty() bool {
	switch v.Kind() {
	case Missing, Null:
		return true
	case String:
		return v == `""`
	case Object, Array:
		i := skipSpace(string(v), 1)
		return i >= len(v)-1
	}
	return false
}

// Str returns the decoded text of a string, the raw text of a number or a
// boolean, and "" for anything else. An invalid escape or a lone surrogate
// becomes U+FFFD.
func (v Value) Str() string {
	switch v.Kind() {
	case Number, Bool:
		return string(v)
	case String:
	default:
		return ""
	}
	body := string(v[1:])
	if n := len(body); n > 0 && body[n-1] == '"' {
		body = body[:n-1]
	}
	if !v.escaped() {
		return body
	}
	// Decoded text is never longer, except where U+FFFD (3 bytes) replaces a bare \u (2 bytes).
	out := make([]byte, len(body)*3/2)
	n := 0
	for i := 0; i < len(body); i++ {
		c := body[i]
		if c == '\\' && i+1 < len(body) {
			i++
			c = body[i] // \" \\ \/ and, leniently, anything else
			if at := strings.IndexByte("ntrbf", c); at >= 0 {
				c = "\n\t\r\b\f"[at]
			} else if c == 'u' {
				r := Hex4(body, i+1)
				if r >= 0 {
					i += 4
				}
				if r >= 0xD800 && r < 0xDC00 && i+2 < len(body) && body[i+1] == '\\' && body[i+2] == 'u' {
					if low := Hex4(body, i+3); low >= 0xDC00 && low < 0xE000 {
						r = (r-0xD800)<<10 | (low - 0xDC00) + 0x10000
						i += 6
					}
				}
				n = putRune(out, n, r)
				continue
			}
		}
		out[n] = c
		n++
	}
	return string(out[:n])
}

// Int returns the integer part of a number, or of a number inside a string. ok
// is false for anything else and for more than 15 digits.
func (v Value) Int() (n int64, ok bool) {
	s := string(v)
	if v.Kind() == String {
		s = v.Str()
	}
	neg := false
	if s != "" && s[0] == '-' {
		neg, s = true, s[1:]
	}
	i := 0
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		if i >= 15 {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	if i == 0 || i < len(s) && s[i] != '.' {
		return 0, false
	}
	for j := i + 1; j < len(s); j++ {
		if s[j] < '0' || s[j] > '9' {
			return 0, false
		}
	}
	if neg {
		n = -n
	}
	return n, true
}

// putRune writes r in UTF-8 at out[n], and returns the index after it. A value
// that is not a character becomes U+FFFD.
func putRune(out []byte, n int, r rune) int {
	if r < 0 || r >= 0xD800 && r < 0xE000 {
		r = 0xFFFD
	}
	lead, more := byte(0), 0
	switch {
	case r >= 0x10000:
		lead, more = 0xF0, 18
	case r >= 0x800:
		lead, more = 0xE0, 12
	case r >= 0x80:
		lead, more = 0xC0, 6
	}
	out[n] = lead | byte(r>>more)
	for n++; more > 0; n++ {
		more -= 6
		out[n] = 0x80 | byte(r>>more)&0x3F
	}
	return n
}

func (v Value) escaped() bool {
	for i := 1; ; i++ {
		if i = swar.Special(string(v), i); i >= len(v) || v[i] == '\\' {
			return i < len(v)
		}
	}
}

// Place returns the index in text at which v begins. v must be a substring of
// text that shares its memory, not a copy.
func Place(v Value, text string) int {
	return int(uintptr(unsafe.Pointer(unsafe.StringData(string(v)))) - uintptr(unsafe.Pointer(unsafe.StringData(text))))
}

// Hex4 returns the value of the four hexadecimal digits at s[i], as in \u00e9,
// or -1 if they are not there.
func Hex4(s string, i int) rune {
	if i+4 > len(s) {
		return -1
	}
	var r rune
	for _, c := range []byte(s[i : i+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns the index after the value that begins at i, or -1 if there
// is none or it is cut off.
func skipValue(s string, i int) int {
	if i >= len(s) {
		return -1
	}
	switch c := s[i]; {
	case c == '"':
		return stringEnd(s, i)
	case c == '{' || c == '[':
		depth := 0
		for i < len(s) {
			switch s[i] {
			case '"':
				if i = stringEnd(s, i); i < 0 {
					return -1
				}
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return -1
	case c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z':
		for i < len(s) && (s[i] == '-' || s[i] == '+' || s[i] == '.' || s[i] == 'E' ||
			s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'z') {
			i++
		}
		return i
	}
	return -1
}
