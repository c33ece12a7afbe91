//go:build tinygo

package classify

type page struct{}

func shownAt(string) page { return page{} }
