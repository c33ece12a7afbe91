package retry

import "strings"

// Group is what the sessions of one page, process or program share per origin:
// a cool-down, a retry budget, and whether the origin ever answered. The zero
// Group is ready. It is not safe for concurrent use, as a Session is not.
type Group struct {
	origins []origin
}

// maxOrigins bounds a Group. The one that was used longest ago goes first.
const maxOrigins = 64

// probeFor is how long a probe holds the others back if it does not report.
const probeFor = 30_000

type origin struct {
	name     string
	answered bool
	until    int64    // end of the cool-down on the wall clock, 0 if there is none
	prober   *Session // who may try first when the cool-down is over
	probeEnd int64
	spent    int // thousandths of budget tokens that are used up
}

// at finds or makes the origin, and moves it to the end of the list.
func (g *Group) at(name string) *origin {
	for i := range g.origins {
		if g.origins[i].name == name {
			o := g.origins[i]
			copy(g.origins[i:], g.origins[i+1:])
			g.origins[len(g.origins)-1] = o
			return &g.origins[len(g.origins)-1]
		}
	}
	if len(g.origins) >= maxOrigins {
		copy(g.origins, g.origins[1:])
		g.origins = g.origins[:len(g.origins)-1]
	}
	g.origins = append(g.origins, origin{name: name})
	return &g.origins[len(g.origins)-1]
}

// Hear takes what another tab or process shared. Sessions that wait should be
// told OnTimer afterwards.
func (g *Group) Hear(s Shared) {
	o := g.at(s.Origin)
	o.answered = true
	if s.Until == 0 {
		o.until = 0
		o.prober = nil
		return
	}
	o.until = max(o.until, s.Until)
}

// originOf is scheme://host:port of a URL, or "" for anything else. It is a
// key and is never shown.
func originOf(url string) string {
	i := strings.Index(url, "://")
	if i < 0 {
		return ""
	}
	if end := strings.IndexAny(url[i+3:], "/?#"); end >= 0 {
		return url[:i+3+end]
	}
	return url
}
