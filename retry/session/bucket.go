package session

import (
	"strings"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/ascii"
	"github.com/steadfetch/steadfetch/internal/fnv"
	"github.com/steadfetch/steadfetch/retry"
)

// Group is what the sessions of one page, process or program share: for each
// bucket, a retry budget and the sessions that wait for its limit; and which
// origins have ever answered. The zero Group is ready to use. Like a Session,
// it is not safe for concurrent use, except for [Session.Read].
type Group struct {
	// Its clock. The host's may jump back; now does not.
	now, offset int64

	heads    [1 << 8]*bucket // by the low bits of the key
	count    int
	sweepAt  int // the count at which the next sweep is due
	answered [maxOrigins]uint64
	noted    int   // how many origins were noted so far; answered keeps the last ones
	held     int64 // bytes held for all sessions; atomic, since Read takes no lock

	// The texts kept last. Thousands of waiting sessions share the same ones.
	url, model, message, detail string
	policy                      *retry.Policy
}

// intern returns s, sharing the memory of the text kept last if they are equal.
func intern(last *string, s string) string {
	if *last != s {
		*last = strings.Clone(s)
	}
	return *last
}

// internPolicy returns p, or the policy kept last if they are equal.
func (g *Group) internPolicy(p *retry.Policy) *retry.Policy {
	if g.policy == nil || *g.policy != *p {
		g.policy = p
	}
	return g.policy
}

const (
	// keptBuckets is how many buckets are kept at least. One that has sessions or a
	// cool-down is never removed.
	keptBuckets = 4096
	// maxOrigins is how many origins are remembered to have answered.
	maxOrigins = 256
)

// bucket groups the requests that share one limit of a server: those with the
// same origin, credential and model. A server has many tenants, and the limit of
// one key does not apply to another.
type bucket struct {
	key      uint64
	next     *bucket
	sessions int   // those that are not over
	used     bool  // since the last sweep
	line     line  // sessions that wait for its limit
	spent    int64 // budget tokens used up, in thousandths
	// markerless is set when all answers so far had no end marker, and cleared
	// by the first marker.
	markerless bool
}

// at returns the bucket of a key, which it creates if there is none.
func (g *Group) at(key uint64) *bucket {
	head := &g.heads[key%uint64(len(g.heads))]
	for b := *head; b != nil; b = b.next {
		if b.key == key {
			b.used = true
			return b
		}
	}
	if g.count >= max(g.sweepAt, keptBuckets) {
		g.sweep()
		g.sweepAt = 2 * g.count // so that sweeps cost no more than the insertions before them
	}
	b := &bucket{key: key, next: *head, used: true}
	*head = b
	g.count++
	return b
}

// sweep removes the idle buckets that were not used since the last sweep.
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

// tick advances the group's clock, which stands still when the host's jumps back.
func (g *Group) tick(wall int64) {
	g.offset = max(g.offset, g.now-wall)
	g.now = wall + g.offset
}

// Hear applies what another tab or process shared (Answer.Share). It sets s.Wake to
// the IDs of the sessions that the host must report OnTimer to.
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
		l.fromServer = false // no tab needs to ask again
		l.tabPasses++
	}
	l.alert()
	s.Wake = l.woken(g.now)
}

// hasAnswered reports whether an origin has ever answered: if so, a failure
// without details is not taken for a CORS rejection.
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

// bucketOf returns the key of a request's bucket: a hash of the origin and, if it
// is set, Policy.Bucket; else of the origin, the credential, and the model or, if
// that is not known, the path. It is 0 if there is neither an origin nor
// Policy.Bucket. No part of a credential can be read from it.
func (s *Session) bucketOf(q *requestInfo) uint64 {
	r := &q.request
	origin := originOf(r.URL)
	h := hash(fnv.Offset, origin)
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

// credential returns what a request authenticates with, or "". It is hashed at
// once and never kept. Of an AWS signature only the Credential counts: the rest
// differs for each request.
func credential(h classify.Headers, q *requestInfo) string {
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

// limitedModel returns the model that a request is for: the body's member, or
// the one in Gemini's and Azure's paths.
func (q *requestInfo) limitedModel() string {
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

// originOf returns scheme://host:port of a URL, or "" for anything else. It is
// used as a key and never shown.
func originOf(url string) string {
	scheme, rest, ok := ascii.Cut(url, "://")
	if !ok || ascii.Before(scheme, "/?#") != scheme {
		return ""
	}
	return url[:len(scheme)+len("://")+len(ascii.Before(rest, "/?#"))]
}

const hexDigits = "0123456789abcdef"

// hex returns a bucket's key as text for other tabs, which learn nothing else
// about a request.
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
