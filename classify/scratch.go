//go:build !tinygo

package classify

import "sync"

var scans = sync.Pool{New: func() any { return new(scan) }}

func borrow() *scan { return scans.Get().(*scan) }

func giveBack(t *scan) { scans.Put(t) }
