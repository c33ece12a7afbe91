package ascii

import "strings"

// The functions below ignore letter case. They are exact for letters, digits
// and blanks only: punctuation that differs in the case bit alone, such as "@"
// and "`", compares as equal. No word that is searched for contains any.

// Lower returns c in lower case. It is right only for letters and digits.
func Lower(c byte) byte { return c | 0x20 }

// EqualFold reports whether a and b are equal in any letter case.
func EqualFold(a, b string) bool { return len(a) == len(b) && HasPrefixFold(a, b) }

// HasPrefixFold reports whether s begins with prefix in any letter case.
func HasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := 0; i < len(prefix); i++ {
		if Lower(s[i]) != Lower(prefix[i]) {
			return false
		}
	}
	return true
}

// IndexFold is the index of part in s in any letter case, or -1.
func IndexFold(s, part string) int {
	for i := 0; i+len(part) <= len(s); i++ {
		if HasPrefixFold(s[i:], part) {
			return i
		}
	}
	return -1
}

// ListedFold reports whether word is in list (words separated by spaces), in
// any letter case.
func ListedFold(list, word string) bool {
	for list != "" {
		var w string
		if w, list = CutByte(list, ' '); EqualFold(w, word) {
			return true
		}
	}
	return false
}

// CutByte cuts s around the first sep.
func CutByte(s string, sep byte) (before, after string) {
	if i := strings.IndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}
