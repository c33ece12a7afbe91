//go:build tinygo

package classify

import "github.com/steadfetch/steadfetch/internal/ascii"

// The same as elsewhere, but called instead of copied into their many callers:
// a kilobyte less of module.

// at is the byte at s[i], 0 where there is none.
//
//go:noinline
func at(s string, i int) byte {
	if uint(i) < uint(len(s)) {
		return s[i]
	}
	return 0
}

//go:noinline
func isDigit(c byte) bool { return c-'0' < 10 }

//go:noinline
func isLetter(c byte) bool { return ascii.Lower(c)-'a' < 26 }
