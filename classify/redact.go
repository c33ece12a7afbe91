package classify

import (
	"strings"
	"unicode/utf8"

	"github.com/steadfetch/steadfetch/classify/jsonscan"
)

// maxDetail bounds a detail, in characters.
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
// their host, keys and tokens masked, at most maxDetail characters. Text that
// is fit already is given back as it is.
func safe(s string) string {
	html := strings.Contains(s, "</")
	out := make([]byte, 0, 4*maxDetail+8)
	chars := 0
	named, secret := false, false // a key's name was just read; the next word is a secret
	cut := false
	for i := 0; i < len(s); {
		if chars >= maxDetail-1 {
			cut = strings.TrimSpace(s[i:]) != ""
			break
		}
		c := s[i]
		if c == '<' && html {
			if end := skipTag(s, i); end > 0 {
				i, c = end-1, ' '
			}
		}
		if c <= ' ' || c == 0x7f {
			i++
			if n := len(out); n > 0 && out[n-1] != ' ' {
				out = append(out, ' ')
				chars++
			}
			continue
		}
		end := i
		for end < len(s) && isTokenByte(s[end]) {
			end++
		}
		show := s[i:end]
		switch {
		case end == i: // a mark
			r, size := utf8.DecodeRuneInString(s[i:])
			end += size
			secret = (secret || named && (r == ':' || r == '=')) && r != '&' && r != ','
			named = named && (r == '"' || r == '\'' || r == '`' || r == '\\')
			if r >= 0x2028 && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
				r = ' ' // line ends, and marks that turn the direction of writing
			}
			out = utf8.AppendRune(out, r)
			chars++
			i = end
			continue
		case strings.HasPrefix(s[end:], "://"):
			secret = false
			at := end + 3
			for end = at; end < len(s) && s[end] > ' ' && !strings.ContainsRune("\"'`<>\\", rune(s[end])); {
				end++
			}
			show = hostOf(s[at:end])
		case secret:
			if listed(schemes, show) {
				break
			}
			for end < len(s) && s[end] > ' ' && !strings.ContainsRune("\"'`<>&\\", rune(s[end])) {
				end++
			}
			show, secret = mask, false
		case looksSecret(show):
			show = mask
		default:
			named = nameEnds(show)
			if listed(schemes, show) && end+8 < len(s) && s[end] == ' ' {
				next, _, _ := strings.Cut(s[end+1:], " ")
				secret = len(next) >= 8 && strings.ToLower(next) != next || strings.ContainsAny(next, "0123456789")
			}
		}
		i = end
		if over := chars + len(show) - (maxDetail - 1); over > 0 {
			show, cut = show[:len(show)-over], true
		}
		out = append(out, show...)
		chars += len(show)
		if cut {
			break
		}
	}
	if n := len(out); n > 0 && out[n-1] == ' ' {
		out = out[:n-1]
	}
	if cut {
		out = append(out, "…"...)
	}
	if string(out) == s {
		return s
	}
	return string(out)
}

// isTokenByte says what keys and names are made of.
func isTokenByte(c byte) bool {
	return isWord(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '+' || c == '~' || c == '*' || c == '%' || c == '$'
}

func nameEnds(word string) bool {
	rest := keyNames
	for rest != "" {
		var name string
		name, rest, _ = strings.Cut(rest, " ")
		if len(word) >= len(name) && fold(word[len(word)-len(name):], name) {
			return true
		}
	}
	return false
}

// looksSecret knows a key by its beginning, or by being long and like nothing
// that people write: 16 letters and digits mixed, or 32 hexadecimal digits,
// which is also how ids look. Names of models and dates are not like that.
func looksSecret(word string) bool {
	if len(word) < 10 {
		return false
	}
	start, hex, digits, letters := 0, 0, 0, 0
	for i := 0; i <= len(word); i++ {
		if i < len(word) && isWord(word[i]) {
			switch c := word[i] | 0x20; {
			case isDigit(word[i]):
				digits++
				hex++
			case c <= 'f':
				hex++
				letters++
			default:
				letters++
			}
			continue
		}
		if hex >= 32 || i-start >= 16 && digits > 1 && letters > 1 {
			return true
		}
		start, digits, letters = i+1, 0, 0
	}
	for rest := keyForms; rest != ""; {
		var form string
		form, rest, _ = strings.Cut(rest, " ")
		if at := strings.Index(word, form); at >= 0 && (at == 0 || !isWord(word[at-1])) && len(word)-at >= len(form)+6 {
			return true
		}
	}
	return false
}

// hostOf gives the host of what stands behind a URL's scheme.
func hostOf(url string) string {
	if end := strings.IndexAny(url, "/?#"); end >= 0 {
		url = url[:end]
	}
	url = url[strings.LastIndexByte(url, '@')+1:]
	end := 0
	for end < len(url) && (isWord(url[end]) || url[end] == '.' || url[end] == '-') {
		end++
	}
	return url[:end]
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
	if at := strings.IndexAny(text, "{["); at >= 0 {
		if said := message(jsonscan.ParsePrefix(text[at:]), 0); said != "" {
			text = said
		}
	}
	return safe(text)
}

// said names the members that hold an error's text or lead to it, best first.
var said = [...]string{"error", "response", "message", "detail", "msg", "error_message", "errorMessage", "error_msg", "status_msg", "errors", "base_resp", "title", "reason", "details"}

// message finds the text of an error in a JSON value.
func message(v jsonscan.Value, depth int) string {
	if depth == 6 {
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
		var found [len(said)]jsonscan.Value
		for it := v.Iter(); it.Next(); {
			for i, name := range said {
				if found[i] == "" && it.Key.Is(name) {
					found[i] = it.Value
				}
			}
		}
		for _, value := range found {
			if text := message(value, depth+1); text != "" {
				return text
			}
		}
	}
	return ""
}
