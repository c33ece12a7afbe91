package classify

import (
	"strings"

	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// detail returns the provider's own text for a failure, made safe to show.
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
	return safe(innermost(bounded(text), 0))
}

// bounded returns the beginning of a text, cut at the end of a word.
func bounded(text string) string {
	if end := flatCap; len(text) > end {
		for end > flatCap/2 && text[end] > ' ' {
			end-- // half a key might not look like one
		}
		text = text[:end]
	}
	return text
}

// missingScope returns the part of an authentication error that says which scope is
// missing. The rest is not shown, since it often quotes the key.
func missingScope(f *Failure) string {
	text := detail(f)
	i := ascii.IndexFold(text, "missing scope")
	if i < 0 {
		return ""
	}
	end := ascii.IndexFold(text[i:], ". ")
	if end < 0 {
		return text[i:]
	}
	return text[i : i+end]
}

// innermost returns the sentence that a text wraps: in JSON, in the repr of a Python
// dict, after a status line. An object without a sentence is dropped.
func innermost(text string, depth int) string {
	open := strings.IndexByte(text, '{')
	if i := skipSpace(text, 0); at(text, i) == '[' && strings.IndexByte("{[\"", at(text, skipSpace(text, i+1))) >= 0 {
		open = i
	}
	if open < 0 || depth == 4 {
		return withoutStatus(text)
	}
	inner := message(jsonscan.ParsePrefix(text[open:]), 0)
	if inner == "" {
		inner = reprMessage(text[open:])
	}
	if inner != "" && inner != text {
		return innermost(inner, depth+1)
	}
	if at(text, open+1) == '"' || at(text, open+1) == '\'' || looksLikeJSON(text) {
		text = text[:open]
	}
	for text != "" && strings.IndexByte(" -:,({[", text[len(text)-1]) >= 0 {
		text = text[:len(text)-1]
	}
	return withoutStatus(text)
}

// withoutStatus returns a text without a status line at its beginning, such as
// "Error code: 429 - " or "HTTP 503: ".
func withoutStatus(text string) string {
	const words = "api error code http status"
	const marks = " :-,.([)]"
	for i := 0; i < len(text); {
		end := i
		for isWord(at(text, end)) {
			end++
		}
		word := text[i:end]
		switch {
		case end == i && strings.IndexByte(marks, text[i]) >= 0:
			end++
		case len(word) == 3 && (word[0] == '4' || word[0] == '5') && isDigit(word[1]) && isDigit(word[2]):
			for end < len(text) && strings.IndexByte(marks, text[end]) >= 0 {
				end++
			}
			return text[end:]
		case !ascii.ListedFold(words, word):
			return text
		}
		i = end
	}
	return text
}

// messageMembers are the members that contain an error's text or lead to it, best
// first.
const messageMembers = "error response metadata raw message detail msg error_message errorMessage error_msg status_msg errors base_resp title reason details"

// message returns the text of an error in a JSON value, or "".
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
		for rest := messageMembers; rest != ""; {
			var name string
			name, rest = ascii.CutByte(rest, ' ')
			if text := message(v.Get(name), depth+1); text != "" {
				return text
			}
		}
	}
	return ""
}

// reprMessage returns the text of an error in the repr of a Python dict, whose strings
// have single or double quotes. The last text is the innermost.
func reprMessage(text string) (found string) {
	for i := 0; i < len(text); i++ {
		quote := text[i]
		if quote != '\'' && quote != '"' {
			continue
		}
		end := i + 1
		for end < len(text) && text[end] != quote {
			if text[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(text) {
			break
		}
		name := text[i+1 : end]
		value := skipSpace(text, end+1)
		if at(text, value) != ':' || !ascii.ListedFold("message msg detail error error_message", name) {
			i = end
			continue
		}
		value = skipSpace(text, value+1)
		quote = at(text, value)
		if quote != '\'' && quote != '"' {
			i = end
			continue
		}
		stop := value + 1
		for stop < len(text) && text[stop] != quote {
			if text[stop] == '\\' {
				stop++
			}
			stop++
		}
		found = text[value+1 : min(stop, len(text))]
		i = stop
	}
	return found
}
