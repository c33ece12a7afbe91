// Package swar scans a text eight bytes at a time ("SIMD within a register"). It
// works natively and in the module, which has no vector instructions. See S. E.
// Anderson, "Bit Twiddling Hacks": "Determine if a word has a byte equal to n",
// "… less than n". The first hit that those find is exact in little-endian order;
// hits after it can be false.
package swar

import "math/bits"

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// LineEnd is the index of the first line feed or carriage return in s from i
// on, or len(s).
func LineEnd(s string, i int) int {
	for i+8 <= len(s) {
		w := load(s, i)
		if hit := (w - ones*0x0E) &^ w & tops; hit != 0 { // below 0x0E: a tab as well
			i += bits.TrailingZeros64(hit) >> 3
			if s[i] == '\n' || s[i] == '\r' {
				return i
			}
			i++
			continue
		}
		i += 8
	}
	for i < len(s) && s[i] != '\n' && s[i] != '\r' {
		i++
	}
	return i
}

// Special is the index of the first byte in s from i on that is special inside a
// JSON string (a quote, a backslash or a control character), or len(s).
func Special(s string, i int) int {
	for i+8 <= len(s) {
		w := load(s, i)
		quote, slash := w^ones*'"', w^ones*'\\'
		if hit := ((w-ones*0x20)&^w | (quote-ones)&^quote | (slash-ones)&^slash) & tops; hit != 0 {
			return i + bits.TrailingZeros64(hit)>>3
		}
		i += 8
	}
	for i < len(s) && s[i] >= 0x20 && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}

// Same reports whether part is in s at i.
func Same(s string, i int, part string) bool {
	if i < 0 || len(s)-i < len(part) {
		return false
	}
	at, last := 0, len(part)-8
	if last < 0 {
		for ; at < len(part); at++ {
			if s[i+at] != part[at] {
				return false
			}
		}
		return true
	}
	for ; at < last; at += 8 {
		if load(s, i+at) != load(part, at) {
			return false
		}
	}
	return load(s, i+last) == load(part, last) // may compare some bytes twice
}
