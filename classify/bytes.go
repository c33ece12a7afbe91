//go:build !tinygo

package classify

import "github.com/steadfetch/steadfetch/internal/ascii"

// at returns s[i], or 0 if there is none.
func at(s string, i int) byte {
	if uint(i) < uint(len(s)) {
		return s[i]
	}
	return 0
}

func isDigit(c byte) bool { return c-'0' < 10 }

func isLetter(c byte) bool { return ascii.Lower(c)-'a' < 26 }
