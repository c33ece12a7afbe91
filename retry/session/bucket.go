package session

import (
	"strings"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/retry"
)

// Group is what the sessions of one page, process or program share: for each
// bucket who waits for its limit and a retry budget, and which origins ever
// answered. The zero Group is ready. It is not safe for concurrent use, as a
// Session is not.
type Group struct {
	// Its clock. The host's may jump back; now does not.
	now, offset int64

	heads    [1 << 8]*bucket // by the low bits of the key
	count    int
	limit    int // the count at which the next sweep is due
	answered [maxOrigins]uint64
	noted    int   // how many origins were; the last ones are in answered
	held     int64 // bytes that are held for all sessions; atomic, since reading is not locked

	// The texts that sessions kept last. Thousands that wait keep the same ones.
	url, model, message, detail string
	policy                      *retry.Policy
}

// keep is s, as the text that was kept last if it is the same.
func keep(last *string, s string) string {
	if *last != s {
		*last = strings.Clone(s)
	}
	return *last
}

// keepPolicy is p, or the policy that was kept last if it is the same.
func (g *Group) keepPolicy(p *retry.Policy) *retry.Policy {
	if g.policy == nil || *g.policy != *p {
		g.policy = p
	}
	return g.policy
}

const (
	// keptBuckets is how many buckets are kept at least. One that has sessions
	// or a cool-down is never given up.
	keptBuckets = 4096
	// maxOrigins bounds the origins that are known to have answered.
	maxOrigins = 256
)

// bucket is what one limit of a server holds together: requests with the same
// origin, credential and model. A server has many tenants, and one key's limit
// is no other's.
type bucket struct {
	key      uint64
	next     *bucket
	sessions int   // that are not over
	used     bool  // since the last sweep
	line     line  // of those that wait for its limit
	spent    int64 // thousandths of budget tokens that are used up
	// markerless is set when answers without an end marker were all that came,
	// and taken back by the first marker.
	markerless bool
}

// at finds or makes a bucket.
func (g *Group) at(key uint64) *bucket {
	head := &g.heads[key%uint64(len(g.heads))]
	for b := *head; b != nil; b = b.next {
		if b.key == key {
			b.used = true
			return b
		}
	}
	if g.count >= max(g.limit, keptBuckets) {
		g.sweep()
		g.limit = 2 * g.count // so that sweeps cost no more than what they follow
	}
	b := &bucket{key: key, next: *head, used: true}
	*head = b
	g.count++
	return b
}

// sweep gives up the buckets that nobody has used since the last sweep.
func (g *Group) sweep() {
	for i := range g.heads {
		for at := &g.heads[i]; *at != nil; {
			b := *at
			if !b.used && b.sessions == 0 && b.line.until <= g.now {
				*at = b.next
				g.count--
				continue
			}
			b.used = false
			at = &b.next
		}
	}
}

// tick moves the group's clock. Where the host's jumps back, it stands still.
func (g *Group) tick(wall int64) {
	g.offset = max(g.offset, g.now-wall)
	g.now = wall + g.offset
}

// Hear takes what another tab or process shared. s.Wake then names the
// sessions that are to be told OnTimer.
func (g *Group) Hear(s *Shared) {
	s.Wake = nil
	key, ok := readHex(s.Bucket)
	if !ok {
		return
	}
	l := &g.at(key).line
	l.hear(s.Until + g.offset)
	if s.Until == 0 {
		l.lift()
		l.told = false // no tab need ask again
		l.heard++
	}
	l.alert()
	s.Wake = l.woken()
}

// hasAnswered reports whether an origin ever answered, so that a failure that
// says nothing cannot be a refusal by CORS.
func (g *Group) hasAnswered(origin uint64) bool {
	for _, o := range g.answered[:min(g.noted, maxOrigins)] {
		if o == origin {
			return true
		}
	}
	return false
}

func (g *Group) noteAnswered(origin uint64) {
	if !g.hasAnswered(origin) {
		g.answered[g.noted%maxOrigins] = origin
		g.noted++
	}
}

// bucketOf is the hash of a request's bucket: the option, or origin,
// credential and model; without a model, the path; 0 without any. No part of a key or token
// can be read from it.
func (s *Session) bucketOf(q *asked) uint64 {
	r := &q.request
	origin := originOf(r.URL)
	h := hash(fnvOffset, origin)
	if origin == "" && s.policy.Bucket == "" {
		return 0
	}
	if s.policy.Bucket != "" {
		return hash(h, "bucket "+s.policy.Bucket)
	}
	h = hash(h, credential(r.Headers, q))
	if model := q.limitedModel(); model != "" {
		return hash(h, "model "+model)
	}
	return hash(h, "path "+q.path)
}

// credential is what a request identifies itself with, "" for nothing. It is
// hashed at once, and never kept. Of an AWS signature only the Credential
// counts: the rest differs for each request.
func credential(h classify.Headers, q *asked) string {
	for _, name := range [...]string{"authorization", "x-api-key", "api-key", "x-goog-api-key"} {
		value := h.Get(name)
		if _, signed, ok := ascii.Cut(value, "Credential="); ok {
			value = ascii.Before(signed, ",")
		}
		if value != "" {
			return value
		}
	}
	return q.parameter("key")
}

// limitedModel is the model that a request is for: the body's member, or the
// one in Gemini's and Azure's paths.
func (q *asked) limitedModel() string {
	if q.model != "" {
		return q.model
	}
	for _, before := range [...]string{"/models/", "/deployments/"} {
		if _, rest, ok := ascii.Cut(q.path, before); ok {
			return ascii.Before(rest, "/:")
		}
	}
	return ""
}

// originOf is scheme://host:port of a URL, or "" for anything else. It is a
// key and is never shown.
func originOf(url string) string {
	scheme, rest, ok := ascii.Cut(url, "://")
	if !ok || ascii.Before(scheme, "/?#") != scheme {
		return ""
	}
	return url[:len(scheme)+len("://")+len(ascii.Before(rest, "/?#"))]
}

const hexDigits = "0123456789abcdef"

// hex writes a bucket's key for other tabs, which learn no more of a request.
func hex(key uint64) string {
	var b [16]byte
	for i := range b {
		b[i] = hexDigits[key>>(60-4*i)&15]
	}
	return string(b[:])
}

func readHex(s string) (key uint64, ok bool) {
	if len(s) != 16 {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		digit := strings.IndexByte(hexDigits, s[i])
		if digit < 0 {
			return 0, false
		}
		key = key<<4 | uint64(digit)
	}
	return key, true
}
