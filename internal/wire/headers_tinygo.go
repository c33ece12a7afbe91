//go:build tinygo

package wire

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

func readHeaders(v jsonscan.Value) (headers classify.Headers) {
	it := v.Iter()
	for it.Next() {
		headers = append(headers, classify.HeaderField{Name: it.Key.Str(), Value: it.Value.Str()})
	}
	return headers
}
