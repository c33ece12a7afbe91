// Package ascii searches short texts byte by byte. The module uses it instead
// of package strings, whose searches are tuned for long texts and for any
// character, and cost the module kilobytes.
package ascii

import "strings"

// Index is strings.Index.
func Index(s, part string) int {
	for i := 0; i+len(part) <= len(s); i++ {
		if s[i:i+len(part)] == part {
			return i
		}
	}
	return -1
}

// Cut is strings.Cut.
func Cut(s, sep string) (before, after string, found bool) {
	if i := Index(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// Before returns s up to the first byte that is in marks (ASCII), or all of s.
func Before(s, marks string) string {
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(marks, s[i]) >= 0 {
			return s[:i]
		}
	}
	return s
}

// Trim returns s without leading and trailing white space.
func Trim(s string) string {
	const space = " \t\n\v\f\r"
	for s != "" && strings.IndexByte(space, s[0]) >= 0 {
		s = s[1:]
	}
	for s != "" && strings.IndexByte(space, s[len(s)-1]) >= 0 {
		s = s[:len(s)-1]
	}
	return s
}
