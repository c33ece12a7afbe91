//go:build !tinygo

package classify

// page is the address of a page. The module has no use for one, so there it
// holds nothing.
type page string

func shownAt(address string) page { return page(address) }
