package swar_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/internal/swar"
)

func lineEnd(s string, i int) int {
	for i < len(s) && s[i] != '\n' && s[i] != '\r' {
		i++
	}
	return i
}

func special(s string, i int) int {
	for i < len(s) && s[i] >= 0x20 && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}

func TestEveryByteIsFoundAtEveryPlace(t *testing.T) {
	// The bytes around it differ by one bit or by the carry of a subtraction.
	for _, around := range []string{"a", "\x7f", "\x80", "\xff", " ", "#", "!", "[", "]"} {
		for c := range 256 {
			for at := range 20 {
				s := strings.Repeat(around, at) + string([]byte{byte(c)}) + strings.Repeat(around, 3) + "\n\r\"\\"
				for from := 0; from <= len(s); from += 3 {
					require.Equal(t, lineEnd(s, from), swar.LineEnd(s, from), "%q from %d", s, from)
					require.Equal(t, special(s, from), swar.Special(s, from), "%q from %d", s, from)
				}
			}
		}
	}
}

func TestTextsAreTheSameOnlyIfEveryByteIs(t *testing.T) {
	s := "0123456789abcdefghijklmnopqrstuvwxyz"
	for from := range len(s) {
		for to := from; to <= len(s); to++ {
			require.True(t, swar.Same(s, from, s[from:to]))
			require.False(t, swar.Same(s, from, s[from:]+"!"), "longer than what is there")
			for at := from; at < to; at++ {
				other := []byte(s[from:to])
				other[at-from] ^= 0x80
				require.False(t, swar.Same(s, from, string(other)))
			}
		}
	}
	require.False(t, swar.Same(s, -1, ""))
	require.True(t, swar.Same(s, len(s), ""))
}

func FuzzSearchesAgreeWithLoops(f *testing.F) {
	f.Add("data: {\"a\":\"b\\n\"}\r\n\r\n", 3)
	f.Add("\x00\x1f \x7f\x80\xff\t\x0b\x0c\x0e", 0)
	f.Fuzz(func(t *testing.T, s string, from int) {
		if from < 0 || from > len(s) {
			return
		}
		require.Equal(t, lineEnd(s, from), swar.LineEnd(s, from))
		require.Equal(t, special(s, from), swar.Special(s, from))
		require.Equal(t, strings.HasPrefix(s[from:], s[:from]), swar.Same(s, from, s[:from]))
	})
}

func BenchmarkSpecial(b *testing.B) {
	s := strings.Repeat("x", 16<<10)
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		swar.Special(s, 0)
	}
}
