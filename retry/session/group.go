package session

// Group is what the sessions of one page, process or program share per origin:
// a cool-down, a retry budget, and whether the origin ever answered. The zero
// Group is ready. It is not safe for concurrent use, as a Session is not.
type Group struct {
	origins []*origin
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
	spent    int64 // thousandths of budget tokens that are used up
}

// at finds or makes the origin, and moves it to the end of the list.
func (g *Group) at(name string) *origin {
	var o *origin
	list := g.origins
	i := 0
	for ; i < len(list); i++ {
		if o = list[i]; o.name == name {
			break
		}
	}
	if i == len(list) {
		o = &origin{name: name}
		if i < maxOrigins {
			g.origins = append(list, o)
			return o
		}
		i = 0
	}
	copy(list[i:], list[i+1:])
	list[len(list)-1] = o
	return o
}

// Hear takes what another tab or process shared. Sessions that wait should be
// told OnTimer afterwards.
func (g *Group) Hear(s *Shared) {
	o := g.at(s.Origin)
	o.answered = true
	o.until = max(o.until, s.Until)
	if s.Until == 0 {
		o.until = 0
		o.prober = nil
	}
}

// originOf is scheme://host:port of a URL, or "" for anything else. It is a
// key and is never shown.
func originOf(url string) string {
	slashes := 0
	for i := 0; i < len(url); i++ {
		switch c := url[i]; {
		case c == '/':
			if slashes++; slashes == 3 {
				return url[:i]
			}
		case (c == '?' || c == '#') && slashes == 2:
			return url[:i]
		}
	}
	if slashes < 2 {
		return ""
	}
	return url
}
