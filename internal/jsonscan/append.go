package jsonscan

import "strings"

// AppendString appends s as a JSON string. Bytes below 0x20, quotes and
// backslashes are escaped; every other byte is copied unchanged, so invalid
// UTF-8 stays invalid.
func AppendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; ; i++ {
		start := i
		for i < len(s) && s[i] >= 0x20 && s[i] != '"' && s[i] != '\\' {
			i++
		}
		dst = append(dst, s[start:i]...)
		if i == len(s) {
			return append(dst, '"')
		}
		c := s[i]
		escape, size := [6]byte{'\\', 'u', '0', '0', hex[c>>4&7], hex[c&15]}, 6
		if at := strings.IndexByte("\"\\\n\r\t", c); at >= 0 {
			escape[1], size = `"\nrt`[at], 2
		}
		dst = append(dst, escape[:size]...)
	}
}

// AppendInt appends n in decimal.
func AppendInt(dst []byte, n int64) []byte {
	rest := uint64(n)
	if n < 0 {
		rest = -rest
	}
	var digits [20]byte
	i := len(digits)
	for {
		i--
		digits[i] = byte('0' + rest%10)
		if rest /= 10; rest == 0 {
			break
		}
	}
	if n < 0 {
		i--
		digits[i] = '-'
	}
	return append(dst, digits[i:]...)
}
