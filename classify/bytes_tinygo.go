//go:build tinygo

package classify

import "github.com/steadfetch/steadfetch/internal/ascii"

// The same as in bytes.go, but not inlined into their many callers: this saves a
// kilobyte of the module.

// at returns s[i], or 0 if there is none.
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
