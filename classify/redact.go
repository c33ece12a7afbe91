package classify

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// maxDetail bounds a detail, in bytes and so in characters.
const maxDetail = 500

const mask = "***"

// keyForms are the beginnings of secret keys: OpenAI, Anthropic and the many
// that do as they do, Google, Groq, xAI, Hugging Face, Replicate, Perplexity,
// NVIDIA, Cerebras, Together, Fireworks, AWS, Baidu, GitHub, GitLab, Slack, JWT.
const keyForms = "sk- sk_ rk_ AIza AQ. ya29. 1// gsk_ xai- hf_ r8_ pplx- nvapi- csk- tgp_ fw_ AKIA ASIA ABSK bce-v3/ ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- xox eyJ"

// keyNames are the ends of the words behind which, after a colon or an equals
// sign, a secret stands.
const keyNames = "key token secret password passwd pwd authorization credential credentials signature cookie session sig"

// schemes are the words behind which, after a space, a secret stands (RFC 9110 §11.1).
const schemes = "bearer basic"

// safe makes a text fit to be shown: one line, without HTML tags, URLs cut to
// their host, keys and tokens masked, at most maxDetail bytes. Text that is fit
// already is given back as it is.
func safe(s string) string {
	html := hasTags(s)
	out := make([]byte, 0, 2*maxDetail)
	// A key's name was just read; what comes next is a secret; it is one if it
	// does not look like prose.
	named, secret, maybe := false, false, false
	for i := 0; i < len(s); {
		c := s[i]
		end := i
		for isTokenByte(at(s, end)) {
			end++
		}
		show := s[i:end]
		switch {
		case c <= ' ' || c == 0x7f || c == '<' && html || turns(s[i:]):
			switch end++; {
			case c == '<':
				end = max(end, skipTag(s, i))
			case c >= 0x80:
				end += 2
			}
			show = " "
			if len(out) == 0 || out[len(out)-1] == ' ' {
				show = ""
			}
		case strings.IndexByte(quotes, c) >= 0:
			end++
			show = s[i:end]
		case end > i && foldPrefix(s[end:], "://"):
			for i, end = end, secretEnd(s, end); strings.IndexByte(".,;:)]", s[end-1]) >= 0; {
				end-- // the sentence's marks, not the URL's
			}
			show, _ = cut(authority(s[i:end]), ':')
			named, secret = false, false
		case secret && !listed(schemes, show), maybe && !prose(show), looksSecret(show):
			end = secretEnd(s, i)
			show = mask
			named, secret, maybe = false, false, false
		case end > i:
			maybe = listed(schemes, show)
			named = endsLikeName(show)
		default: // a mark
			end++
			show = s[i:end]
			secret = named && (c == ':' || c == '=')
			maybe = maybe && secret
		}
		out = append(out, show...)
		if i = end; len(out) > maxDetail {
			end = maxDetail - len("…")
			for out[end]&0xC0 == 0x80 {
				end--
			}
			return string(out[:end]) + "…"
		}
	}
	if n := len(out); n > 0 && out[n-1] == ' ' {
		out = out[:n-1]
	}
	if string(out) == s {
		return s
	}
	return string(out)
}

// quotes are the marks that may stand around a key's name or a secret.
const quotes = "\"'`\\"

// secretEnd gives the place behind a secret or a URL at s[i].
func secretEnd(s string, i int) int {
	for at(s, i) > ' ' && strings.IndexByte("<>&"+quotes, s[i]) < 0 {
		i++
	}
	return i
}

// turns says whether s begins with a character that ends a line or turns the
// direction of writing: U+2028 to U+202E, U+2066 to U+2069.
func turns(s string) bool {
	return at(s, 0) == 0xE2 && (at(s, 1) == 0x80 && at(s, 2)&^7 == 0xA8 || at(s, 1) == 0x81 && at(s, 2) >= 0xA6)
}

// prose says whether a word could be one of a sentence: lower-case letters, or few.
func prose(word string) bool {
	for i := 0; i < len(word); i++ {
		if c := word[i]; c != lower(c) || isDigit(c) {
			return len(word) < 8
		}
	}
	return true
}

// isTokenByte says what keys and names are made of.
func isTokenByte(c byte) bool {
	return isWord(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '+' || c == '~' || c == '*' || c == '%' || c == '$'
}

func endsLikeName(word string) bool {
	for rest := keyNames; rest != ""; {
		var name string
		name, rest = cut(rest, ' ')
		if n := len(word) - len(name); n >= 0 && fold(word[n:], name) {
			return true
		}
	}
	return false
}

// looksSecret knows a key by its beginning, or by being like nothing that
// people write: 16 letters and digits mixed, or 12 if they are hexadecimal,
// which is also how ids look, or by its length. Names of models and dates are
// not like that.
func looksSecret(word string) bool {
	if len(word) > maxDetail/2 {
		return true
	}
	n, digits, letters, others := 0, 0, 0, 0
	for i := 0; i <= len(word); i++ {
		switch {
		case i == len(word) || !isWord(word[i]):
			n, digits, letters, others = 0, 0, 0, 0
			continue
		case isDigit(word[i]):
			digits++
		case lower(word[i]) <= 'f':
			letters++
		default:
			others++
		}
		if n++; digits > 1 && letters+others > 1 && (n >= 16 || n >= 12 && others == 0) {
			return true
		}
	}
	for rest := keyForms; rest != ""; {
		var form string
		form, rest = cut(rest, ' ')
		for i := 0; i+len(form)+6 <= len(word); i++ {
			if word[i:i+len(form)] == form && (i == 0 || !isWord(word[i-1])) {
				return true
			}
		}
	}
	return false
}

// detail gives the provider's own words for a failure, fit to be shown.
func detail(f *Failure) string {
	text := f.Body
	if f.Event != nil {
		text = f.Event.Data
	}
	if text == "" {
		for e := f.Error; e != nil; e = e.Cause {
			if e.Message != "" {
				text = e.Message // the innermost cause says the most
			}
		}
	}
	if end := flatCap; len(text) > end {
		for end > flatCap/2 && text[end] > ' ' {
			end-- // rather no word than half a key
		}
		text = text[:end]
	}
	at := strings.IndexByte(text, '{')
	if begins(text, '[') {
		at = strings.IndexByte(text, '[')
	}
	if at >= 0 {
		if told := message(jsonscan.ParsePrefix(text[at:]), 0); told != "" {
			text = told
		}
	}
	return safe(text)
}

// said names the members that hold an error's text or lead to it, best first.
const said = "error response metadata raw message detail msg error_message errormessage error_msg status_msg errors base_resp title reason details"

// message finds the text of an error in a JSON value.
func message(v jsonscan.Value, depth int) string {
	if depth == 8 {
		return ""
	}
	switch v.Kind() {
	case jsonscan.String:
		text := v.Str()
		if looksLikeJSON(text) {
			if inner := message(jsonscan.Parse(text), depth+1); inner != "" {
				return inner
			}
		}
		return text
	case jsonscan.Array:
		return message(v.First(), depth+1)
	case jsonscan.Object:
		for rest := said; rest != ""; {
			var name string
			name, rest = cut(rest, ' ')
			if text := message(v.Get(name), depth+1); text != "" {
				return text
			}
		}
	}
	return ""
}
