package vectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Text is bytes as a vector writes them: a piece, or a list of pieces that are joined,
// or, for results that are only checked, {"length", "fnv1a"}.
type Text struct{ raw json.RawMessage }

// MarshalJSON returns the text as it was written.
func (t Text) MarshalJSON() ([]byte, error) { return t.raw, nil }

// UnmarshalJSON keeps the text for later, when the fragments are known.
func (t *Text) UnmarshalJSON(raw []byte) error {
	t.raw = bytes.Clone(raw)
	return nil
}

// Pieces returns a Text of strings, each of them "$" and the name of a fragment, or
// the literal text.
func Pieces(pieces ...string) *Text {
	if len(pieces) == 1 {
		return &Text{json.RawMessage(compact(pieces[0]))}
	}
	return &Text{json.RawMessage(compact(pieces))}
}

// Times returns a Text of a piece repeated n times.
func Times(n int, piece string) *Text {
	return &Text{json.RawMessage(compact(map[string]any{"times": n, "of": piece}))}
}

// Raw returns a Text of bytes that are not UTF-8.
func Raw(p []byte) *Text {
	return &Text{json.RawMessage(compact(map[string]any{"base64": p}))}
}

// Bytes returns the bytes that the text means.
func (t *Text) Bytes(fragments map[string]string) ([]byte, error) {
	if t == nil {
		return nil, nil
	}
	return expand(t.raw, fragments)
}

func expand(raw json.RawMessage, fragments map[string]string) ([]byte, error) {
	switch raw[0] {
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, err
		}
		name, isName := strings.CutPrefix(s, "$")
		if !isName {
			return []byte(s), nil
		}
		text, ok := fragments[name]
		if !ok {
			return nil, fmt.Errorf("vectors: there is no fragment %q", name)
		}
		return []byte(text), nil
	case '[':
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
		var all []byte
		for _, piece := range list {
			p, err := expand(piece, fragments)
			if err != nil {
				return nil, err
			}
			all = append(all, p...)
		}
		return all, nil
	}
	var piece struct {
		Base64 []byte
		Times  int
		Of     json.RawMessage
	}
	if err := json.Unmarshal(raw, &piece); err != nil {
		return nil, err
	}
	switch {
	case piece.Base64 != nil:
		return piece.Base64, nil
	case piece.Times > 0 && piece.Of != nil:
		p, err := expand(piece.Of, fragments)
		return bytes.Repeat(p, piece.Times), err
	}
	return nil, errors.New("vectors: a piece is a string, {base64} or {times, of}")
}

// longest is the longest result of a step that is written out; for longer ones the
// length and hash are enough.
const longest = 1500

// describe writes bytes as a Text, with fragments where they match. It returns nil for
// no bytes.
func describe(p []byte, fragments map[string]string) *Text {
	if len(p) == 0 {
		return nil
	}
	var pieces []any
	start := 0
	literal := func(end int) {
		if part := p[start:end]; len(part) > 0 {
			if utf8.Valid(part) && part[0] != '$' {
				pieces = append(pieces, string(part))
			} else {
				pieces = append(pieces, map[string]any{"base64": part})
			}
		}
	}
	for i := 0; i < len(p); {
		best := ""
		for _, name := range sortedKeys(fragments) {
			text := fragments[name]
			if bytes.HasPrefix(p[i:], []byte(text)) && len(text) > len(fragments[best]) {
				best = name
			}
		}
		if best == "" {
			i++
			continue
		}
		literal(i)
		pieces = append(pieces, "$"+best)
		i += len(fragments[best])
		start = i
	}
	literal(len(p))
	var whole any = pieces
	if len(pieces) == 1 {
		whole = pieces[0]
	}
	text := compact(whole)
	if len(text) > longest {
		text = compact(digest(p))
	}
	return &Text{json.RawMessage(text)}
}

type sum struct {
	Length int    `json:"length"`
	FNV1a  string `json:"fnv1a"` // 32 bits, in hexadecimal
}

func digest(p []byte) sum {
	h := fnv.New32a()
	h.Write(p)
	return sum{len(p), fmt.Sprintf("%08x", h.Sum32())}
}

// same reports whether p is the bytes that the text means.
func (t *Text) same(p []byte, fragments map[string]string) (bool, error) {
	if t == nil {
		return len(p) == 0, nil
	}
	var want sum
	if t.raw[0] == '{' && json.Unmarshal(t.raw, &want) == nil && want.FNV1a != "" {
		return want == digest(p), nil
	}
	text, err := t.Bytes(fragments)
	return bytes.Equal(text, p), err
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
