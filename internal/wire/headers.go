//go:build !tinygo

package wire

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

func readHeaders(v jsonscan.Value) classify.Headers {
	headers := classify.Headers{}
	it := v.Iter()
	for it.Next() {
		headers[it.Key.Str()] = it.Value.Str()
	}
	return headers
}
