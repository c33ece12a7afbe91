package classify

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/ascii"
)

// maxDetail is the longest detail, in bytes, and so in characters too.
const maxDetail = 500

// mask is shown instead of a secret.
const mask = "***"

// keyForms are the beginnings of secret keys: OpenAI, Anthropic and the many that use
// the same form, Google, Groq, xAI, Hugging Face, Replicate, Perplexity,
// NVIDIA, Cerebras, Together, Fireworks, AWS, Baidu, GitHub, GitLab, Slack, JWT.
const keyForms = "sk- sk_ rk_ pk_ AIza AQ. ya29. 1// gsk_ xai- hf_ r8_ pplx- nvapi- csk- tgp_ fw_ AKIA ASIA ABSK bce-v3/ ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- xox eyJ"

// keyNames are the ends of words that name a secret. After such a word with a colon or
// an equals sign comes a secret, and anything long in the same text may be one.
const keyNames = "key token secret password passwd pwd authorization credential credentials signature cookie session sid sig auth jwt bearer"

// lineNames are headers whose whole line is secret.
const lineNames = "cookie set-cookie authorization proxy-authorization"

// schemes are words that a space and a secret follow (RFC 9110 §11.1).
const schemes = "bearer basic"

// redactor makes a text safe to show.
type redactor struct {
	s    string
	out  []byte
	html bool
	wary bool // the text mentions secrets, so everything long that is not a name is masked

	named  string // the last word, if it names a secret
	secret bool   // what comes next is a secret
	maybe  bool   // what comes next is a secret unless it looks like prose
	valued bool   // the last character was an equals sign
}

// safe returns s in a form that is safe to show: one line, without HTML tags, URLs cut
// to their host, keys, addresses and home folders masked, at most maxDetail bytes. It
// returns s itself if there is nothing to change.
func safe(s string) string {
	r := redactor{s: s, html: hasTags(s), out: make([]byte, 0, min(len(s)+16, 2*maxDetail))}
	for i := 0; i < len(s); {
		end := wordEnd(s, i)
		r.wary = r.wary || endsLikeName(s[i:end])
		i = end + 1
	}
	for i := 0; i < len(s); {
		end, show := r.next(i)
		r.out = append(r.out, show...)
		if i = end; len(r.out) > maxDetail {
			end = maxDetail - len("…")
			for end > 0 && r.out[end]&0xC0 == 0x80 { // stop at 0: s may be broken UTF-8
				end--
			}
			return string(r.out[:end]) + "…"
		}
	}
	if n := len(r.out); n > 0 && r.out[n-1] == ' ' {
		r.out = r.out[:n-1]
	}
	if string(r.out) == s {
		return s
	}
	return string(r.out)
}

// next reads one piece of the text, starting at i: white space, a punctuation mark, a
// URL or a word. It returns where the piece ends and what to show of it.
func (r *redactor) next(i int) (end int, show string) {
	s, c := r.s, r.s[i]
	switch {
	case c <= ' ' || c == 0x7f || c == '<' && r.html || isLineOrDirectionMark(s[i:]):
		switch end = i + 1; {
		case c == '<':
			end = max(end, skipTag(s, i))
		case c >= 0x80:
			end += 2
		}
		if len(r.out) == 0 || r.out[len(r.out)-1] == ' ' {
			return end, ""
		}
		return end, " "
	case strings.IndexByte(quotes, c) >= 0:
		return i + 1, s[i : i+1]
	}
	end = wordEnd(s, i)
	word := s[i:end]
	switch {
	case end > i && ascii.HasPrefixFold(s[end:], "://"):
		stop := beforeMarks(s, urlEnd(s, end))
		r.forget()
		return stop, shownHost(s[end:stop])
	case r.secret && !ascii.ListedFold(schemes, word), r.maybe && !prose(word):
		if r.secret && ascii.ListedFold(lineNames, r.named) {
			end = lineEnd(s, i)
		} else {
			end = secretEnd(s, i)
		}
		r.forget()
		return beforeMarks(s, end), mask
	case addressEnd(s, i, end) > 0:
		r.forget()
		return addressEnd(s, i, end), mask
	case end > i && looksLikeHost(s, i, end):
		r.forget()
		return beforeMarks(s, urlEnd(s, i)), hostOf(word)
	case at(s, end) == '?' && at(s, end+1) > ' ': // a query string
		r.forget()
		return urlEnd(s, end), r.shown(word)
	case end > i:
		r.maybe = ascii.ListedFold(schemes, word)
		shown := r.shown(word)
		r.valued = false
		if r.named = ""; endsLikeName(word) {
			r.named = word
		}
		if shown == mask {
			end = max(end, beforeMarks(s, secretEnd(s, i)))
		}
		return end, shown
	}
	r.secret = r.named != "" && (c == ':' || c == '=')
	r.maybe = r.maybe && r.secret
	r.valued = c == '='
	return i + 1, s[i : i+1]
}

func (r *redactor) forget() { r.named, r.secret, r.maybe, r.valued = "", false, false, false }

// shown returns a word, or the mask if it is or may be a secret.
func (r *redactor) shown(word string) string {
	if looksSecret(word) || homeFolder(word) || (r.wary && len(word) >= 16 || r.valued && len(word) >= 20) && !isName(word, r.wary) {
		return mask
	}
	return word
}

// quotes are the marks that a key's name or a secret can be enclosed in.
const quotes = "\"'`\\"

// secretEnd returns where a secret at s[i] ends, urlEnd where a URL ends, and lineEnd
// where a header's line ends.
func secretEnd(s string, i int) int { return endAt(s, i, " <>&"+quotes) }
func urlEnd(s string, i int) int    { return endAt(s, i, " <>"+quotes) }
func lineEnd(s string, i int) int   { return endAt(s, i, "<>\"'`") }

// beforeMarks moves the end of what is masked to before the punctuation of its
// sentence.
func beforeMarks(s string, end int) int {
	for end > 0 && strings.IndexByte(".,;:)]}", s[end-1]) >= 0 {
		end--
	}
	return end
}

// endAt returns where the first of stops or a control character is, from i on.
func endAt(s string, i int, stops string) int {
	for at(s, i) >= ' ' && strings.IndexByte(stops, s[i]) < 0 {
		i++
	}
	return i
}

func wordEnd(s string, i int) int {
	for isTokenByte(at(s, i)) {
		i++
	}
	return i
}

// isLineOrDirectionMark reports whether s begins with a character that ends a line or
// changes the direction of text: U+2028 to U+202E, U+2066 to U+2069.
func isLineOrDirectionMark(s string) bool {
	return at(s, 0) == 0xE2 && (at(s, 1) == 0x80 && at(s, 2)&^7 == 0xA8 || at(s, 1) == 0x81 && at(s, 2) >= 0xA6)
}

// prose reports whether a word could be part of a sentence: it is short, or not so short
// but in lower-case letters.
func prose(word string) bool {
	for i := 0; i < len(word); i++ {
		if c := word[i]; c != ascii.Lower(c) || isDigit(c) {
			return len(word) < 8
		}
	}
	return len(word) < 16
}

// isTokenByte reports whether c can be part of a key or a name.
func isTokenByte(c byte) bool {
	return isWord(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '+' || c == '~' || c == '*' || c == '%' || c == '$'
}

// endsLikeName reports whether a word names a secret.
func endsLikeName(word string) bool {
	for rest := keyNames; rest != ""; {
		var name string
		name, rest = ascii.CutByte(rest, ' ')
		n := len(word) - len(name)
		if n < 0 || !ascii.EqualFold(word[n:], name) {
			continue
		}
		if n == 0 || !isLetter(word[n-1]) || len(name) > 4 || word[n] != ascii.Lower(word[n]) {
			return true
		}
	}
	return false
}

// addressEnd returns where an e-mail address or an IP address, maybe with a port, ends
// that starts with the word at i. It returns 0 if there is none.
func addressEnd(s string, i, end int) int {
	if end > i && at(s, end) == '@' && isWord(at(s, end+1)) {
		return beforeMarks(s, urlEnd(s, i))
	}
	if i > 0 && (isWord(s[i-1]) || s[i-1] == ':') {
		return 0
	}
	start, dots, colons, digits := i, 0, 0, 0
	for ; isHex(at(s, i)) || at(s, i) == '.' || at(s, i) == ':'; i++ {
		switch {
		case isDigit(s[i]):
			digits++
		case s[i] == '.' && isDigit(at(s, i+1)):
			dots++
		case s[i] == ':' && isTokenByte(at(s, i+1)), s[i] == ':' && at(s, i+1) == ':':
			colons++
		}
	}
	whole := !isWord(at(s, i)) && digits > 0
	if whole && (dots == 3 && colons < 2 && isDigit(s[start]) || colons > 2 || colons == 2 && s[start] == ':') {
		return beforeMarks(s, i)
	}
	return 0
}

func isHex(c byte) bool { return isDigit(c) || ascii.Lower(c)-'a' < 6 }

// looksLikeHost reports whether the word at i is a URL without its scheme: a host, then
// a path, a query or a port.
func looksLikeHost(s string, i, end int) bool {
	host := hostOf(s[i:end])
	dot := strings.LastIndexByte(host, '.')
	if dot < 1 || len(host)-dot < 3 || isDigit(host[0]) {
		return false
	}
	for i := dot + 1; i < len(host); i++ {
		if !isLetter(host[i]) {
			return false
		}
	}
	next := at(s, end)
	return len(host) < end-i || next == '?' || next == ':' && isDigit(at(s, end+1))
}

func hostOf(word string) string {
	host, _ := ascii.CutByte(word, '/')
	return host
}

// shownHost returns what to show of "://…": the host, if it is a name.
func shownHost(url string) string {
	host := authority(url)
	if addressEnd(host, 0, wordEnd(host, 0)) > 0 || at(host, 0) == '[' {
		return mask
	}
	host, _ = ascii.CutByte(host, ':')
	return host
}

// homeFolder reports whether a path is in a person's home folder.
func homeFolder(word string) bool {
	return ascii.HasPrefixFold(word, "/home/") || ascii.HasPrefixFold(word, "/users/") || ascii.HasPrefixFold(word, "/root/") || ascii.HasPrefixFold(word, "~/")
}

// looksSecret recognises a key by its beginning, by its length, or because nobody writes
// words like it: 16 letters and digits mixed, or 12 if they are hexadecimal (as ids are);
// 20 letters in one piece that are not a name; letters of both cases and digits that
// alternate. Names of models and dates are not like that.
func looksSecret(word string) bool {
	if len(word) > maxDetail/2 {
		return true
	}
	n, digits, hex, letters := 0, 0, 0, 0
	allDigits, all, hexes, pairs, changes := 0, 0, 0, 0, 0
	for i := 0; i <= len(word); i++ {
		if i == len(word) || !isWord(word[i]) {
			if n >= 20 && digits == 0 && !isCamel(word[i-n:i]) {
				return true
			}
			n, digits, hex, letters = 0, 0, 0, 0
			continue
		}
		c := word[i]
		if n > 0 {
			pairs++
			if class(c) != class(word[i-1]) {
				changes++
			}
		}
		n++
		all++
		if isHex(c) {
			hexes++
		}
		switch {
		case isDigit(c):
			digits++
			allDigits++
		case ascii.Lower(c) <= 'f':
			hex++
		default:
			letters++
		}
		if digits > 1 && hex+letters > 1 && (n >= 16 || n >= 12 && letters == 0) {
			return true
		}
	}
	if all >= 20 && (allDigits > 1 && changes*5 > pairs*2 || hexes == all) {
		return true
	}
	for rest := keyForms; rest != ""; {
		var form string
		form, rest = ascii.CutByte(rest, ' ')
		for i := 0; i+len(form)+6 <= len(word); i++ {
			if word[i:i+len(form)] == form && (i == 0 || !isWord(word[i-1])) {
				return true
			}
		}
	}
	return false
}

// class returns different values for capital letters, small letters and digits.
func class(c byte) byte {
	if isDigit(c) {
		return '0'
	}
	return c & 0x20
}

// isCamel reports whether letters are words written together, each with a capital:
// "ResourceExhaustedException".
func isCamel(letters string) bool {
	capitals, vowels, run := 0, 0, 0
	for i := 0; i < len(letters); i++ {
		if letters[i] != ascii.Lower(letters[i]) {
			capitals++
		}
		if run++; strings.IndexByte("aeiouy", ascii.Lower(letters[i])) >= 0 {
			vowels++
			run = 0
		}
		if run > 5 {
			return false
		}
	}
	return capitals > 1 && capitals*3 <= len(letters) && capitals*14 >= len(letters) && vowels*10 >= len(letters)*3
}

// isName reports whether a long word is a name: words in one case joined by marks, or
// words written together. If the text mentions secrets, words written together count
// only as the name of an error.
func isName(word string, wary bool) bool {
	n := 0
	for i := 0; i <= len(word); i++ {
		if i < len(word) && isLetter(word[i]) {
			n++
			continue
		}
		piece := word[i-n : i]
		plain := n < 16
		for k := 2; k < n; k++ {
			plain = plain && class(piece[k]) == class(piece[1])
		}
		if !plain && !(isCamel(piece) && (!wary || n < 16 || endsLike(piece, "error") || endsLike(piece, "exception"))) {
			return false
		}
		n = 0
	}
	return true
}

func endsLike(s, end string) bool {
	return len(s) > len(end) && ascii.EqualFold(s[len(s)-len(end):], end)
}
