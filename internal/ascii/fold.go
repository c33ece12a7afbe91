package ascii

import "strings"

// In any letter case: of letters, digits and blanks. Marks that differ in the
// bit of the case alone, such as "@" and "`", are not told apart; none of the
// words that are searched for has one.

// Lower is c in lower case, if it is a letter or a digit.
func Lower(c byte) byte { return c | 0x20 }

// EqualFold says whether two texts are equal in any letter case.
func EqualFold(a, b string) bool { return len(a) == len(b) && HasPrefixFold(a, b) }

// HasPrefixFold says whether s begins with prefix in any letter case.
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

// ListedFold says whether word is one of a list, in which blanks stand between
// the words, in any letter case.
func ListedFold(list, word string) bool {
	for list != "" {
		var w string
		if w, list = CutByte(list, ' '); EqualFold(w, word) {
			return true
		}
	}
	return false
}

// CutByte is Cut at a byte.
func CutByte(s string, sep byte) (before, after string) {
	if i := strings.IndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}
