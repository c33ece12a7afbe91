//go:build !tinygo

package main

import (
	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/classify/jsonscan"
)

func readHeaders(v jsonscan.Value) classify.Headers {
	headers := classify.Headers{}
	for it := v.Iter(); it.Next(); {
		headers[it.Key.Str()] = it.Value.Str()
	}
	return headers
}
