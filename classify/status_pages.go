//go:build !tinygo

package classify

// page is the URL of a page. The module does not use it, so there it is empty.
type page string

func shownAt(address string) page { return page(address) }
