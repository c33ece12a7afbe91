package session

// A window is how the requests of a bucket come back after they met a limit:
// slow start. A limit shuts it. When its time has come one goes first. When that
// one has passed, most of what passed the last time go, or where nothing is known
// of that two; then twice as many with each round, but no more than passed the
// last time in as long a time. Now and then some more are tried, to see whether
// the limit has grown. Until a limit is met it is off, and everything may go.
//
// It reads no clock: now is its group's, in milliseconds. The numbers were chosen
// by hosttest/storm.
type window struct {
	on    bool
	until int64 // nobody goes before: the server's wish, or a rest where there is none
	told  bool  // until is the server's wish

	open   bool  // the first one has passed
	trying bool  // the first one is on its way
	vain   int   // first ones in a row that met the limit again
	round  int   // grows whenever one is to go first; a request belongs to the round that it was sent in
	size   int   // how many may be on their way at once
	out    int   // how many of this round are
	moved  int64 // when one went, or was done, last
	gained int   // passes since size grew, once it is as large as known

	// What the server allows, as far as is known: known requests in a period.
	known  int // 0: nothing is known
	period int64
	before int     // the round that known was measured in: what passes late of it counts too
	sent   []batch // those of the last period
	recent int     // how many requests they are

	// Some servers bound how many they answer at a time, and no rate. Who goes
	// first may then be in vain until an answer has ended.
	streams  int   // answers that have begun and not ended
	places   int   // how many of them the server takes, as far as is known; 0: nothing is, -1: as many as come
	patience int64 // until then a first one waits for an answer to end

	// Tries for more, one in some periods.
	began int64 // this period
	full  bool  // known was used up in it
	more  int   // how many above known may go in it
	was   int   // known before the limit was met last
	step  int   // how many the next try has
	rest  int   // periods until the next try
	pause int   // periods between tries, while they are in vain

	// What passes in a second and in the one before it, while the window is off.
	second      int64
	fresh, aged int
}

const (
	// restFirst and restMost are how long the window stays shut after a limit
	// without a wish: twice as long each time that a first one meets it again.
	restFirst int64 = 250
	restMost  int64 = 8_000
	// pauseFirst periods pass before the first try for more, pauseMost at most from one to the next.
	pauseFirst = 4
	pauseMost  = 32
	// batches is how many parts of a period are told apart.
	batches = 64
	// placeFor is how long a request without headers keeps its place.
	placeFor int64 = 30_000
)

// trip is what a window remembers of a request that it let go.
type trip struct {
	at    int64
	round int
}

// batch is requests that were sent at about the same time.
type batch struct {
	at int64 // the last one's
	n  int
}

// next reports whether one more may go. If not, at is when time alone will change
// that; 0 is never.
func (w *window) next(now int64) (may bool, at int64) {
	switch {
	case now < w.until:
		return false, w.until
	case !w.on:
		return true, 0
	case now >= w.moved+placeFor:
		w.out, w.trying = 0, false // whoever is on the way was forgotten by its host
	}
	switch {
	case !w.open && w.places > 0 && w.streams >= w.places && now < w.patience:
		return false, w.patience
	case !w.open:
		return !w.trying, 0
	case w.places > 0: // or the guess is wrong
		at = w.moved + placeFor
		return w.streams+w.out < w.places+w.more || now >= at, at
	}
	if now >= w.began+w.period {
		w.renew(now)
	}
	for len(w.sent) > 0 && w.sent[0].at <= now-w.period {
		w.recent -= w.sent[0].n
		w.sent = w.sent[1:]
	}
	if w.known == 0 || w.recent < w.known+w.more {
		return w.out < w.size, 0
	}
	w.full = true
	at = w.sent[0].at + w.period
	// Without the server's word the period is a guess, which may be far too long.
	if last := w.sent[len(w.sent)-1].at + restMost; !w.told && last < at {
		if now >= last {
			w.close()
			return true, 0
		}
		at = last
	}
	return false, at
}

// guess takes the answers that are open when a first one meets the limit for all
// that the server has places for. If there were more, the limit is another one.
func (w *window) guess(first bool) {
	switch {
	case w.streams < w.places-w.places/8:
		w.places = -1
	case w.places > 0 || first && w.places == 0:
		w.places = w.streams
	}
	w.more = 0
}

// place notes that an answer has begun: of a first one, or another.
func (w *window) place(first bool) {
	switch {
	case w.places <= 0:
	case w.streams >= w.places && first:
		w.places = -1
	case w.streams >= w.places: // one more was tried
		w.places, w.more, w.pause = w.streams+1, 0, 1
	case w.gained >= w.places*w.pause:
		w.gained, w.more = 0, 1
	}
}

// renew begins a period.
func (w *window) renew(now int64) {
	if w.full { // and what was tried has passed
		w.known += w.more
		if w.more > 0 {
			w.step, w.pause = w.step*2, 1
		}
		w.more = 0
		w.rest--
		if w.known < w.was/2 { // the server allows less than it did, or was met at a bad time
			w.rest, w.step = 0, max(w.step, w.known/4)
		}
		if w.rest <= 0 {
			w.more = w.step
		}
	}
	w.began, w.full = now, false
}

// send notes that a request goes.
func (w *window) send(now int64) trip {
	w.out++
	w.moved = now
	if !w.on {
		return trip{now, w.round}
	}
	w.trying = !w.open
	if w.open {
		w.note(now)
	}
	return trip{now, w.round}
}

// note notes a request that was sent.
func (w *window) note(now int64) {
	w.recent++
	last := len(w.sent) - 1
	if part := w.period/batches + 1; last < 0 || w.sent[last].at/part != now/part {
		w.sent = append(w.sent, batch{})
		last++
	}
	w.sent[last].at = now
	w.sent[last].n++
}

// done notes that a request is on its way no more.
func (w *window) done(t trip, now int64) {
	if t.round == w.round && w.out > 0 {
		w.out--
		w.trying = false
	}
	w.moved = now
}

// pass notes that the server has let a request through.
func (w *window) pass(t trip, now int64) {
	switch {
	case !w.on:
		w.count(now)
		w.fresh++
	case t.round == w.round && !w.open:
		w.place(true)
		if p := t.at - w.began; w.began > 0 && (w.period == 0 || p < w.period) {
			w.period = p
		}
		w.open, w.vain = true, 0
		w.size = max(w.size+1, w.known*3/4)
		w.began, w.full, w.more = t.at, false, 0
		w.sent, w.recent = w.sent[:0], 0
		w.note(t.at)
	case t.round == w.round:
		w.gained++
		switch {
		case w.places > 0:
			w.place(false)
		case w.size < w.known || w.known == 0 || w.gained >= w.size:
			w.size++
			w.gained = 0
		}
	case t.round == w.before:
		w.known++
	}
	w.done(t, now)
}

// count moves on to the second of now.
func (w *window) count(now int64) {
	switch second := now / 1000; second - w.second {
	case 0:
	case 1:
		w.second, w.aged, w.fresh = second, w.fresh, 0
	default:
		w.second, w.aged, w.fresh = second, 0, 0
	}
}

// limit notes that a request met the limit. until is the server's wish, or 0.
func (w *window) limit(t trip, now, until int64) {
	first := w.on && !w.open
	switch {
	case !w.on:
		w.count(now)
		w.start(w.fresh + w.aged)
		w.began = t.at
		if w.aged > 0 {
			w.began = min(t.at, (w.second-1)*1000)
		}
		w.before = w.round
	case t.round != w.round: // its round has shut the window already
		w.until = max(w.until, until)
		return
	case first:
		w.vain++
		w.before = -1 // known stays
	default:
		w.was = w.known
		w.known = max(w.recent-w.out, 1)
		w.size = max(w.size/2, 1)
		w.step, w.rest = 1, w.pause
		w.pause = min(w.pause*2, pauseMost)
		w.before = w.round
	}
	w.guess(first)
	w.told = until > now
	switch {
	case w.told:
		w.until = max(w.until, until)
	case first:
		w.until = max(w.until, now+w.restLength())
	case w.period > 0:
		w.until = max(w.until, w.began+w.period, now+restFirst)
	}
	w.patience = w.until + w.restLength()
	w.close()
}

// restLength is how long to wait after so many first ones in vain.
func (w *window) restLength() int64 { return min(restFirst<<min(max(w.vain-1, 0), 10), restMost) }

// start turns the window on.
func (w *window) start(known int) {
	w.was = 0
	w.on, w.size, w.known, w.period = true, 1, known, 0
	w.places = 0
	w.vain, w.step, w.rest, w.pause = 0, 1, pauseFirst, pauseFirst
}

// close lets one go first.
func (w *window) close() {
	w.open, w.trying, w.out, w.gained = false, false, 0, 0
	w.round++
}

// lift ends the cool-down: a person says so, or another tab was let through.
func (w *window) lift() { w.until = 0 }

// hear takes the server's wish from another tab.
func (w *window) hear(until int64) {
	if until <= w.until {
		return
	}
	if !w.on {
		w.start(0)
		w.began, w.before = 0, -1
		w.close()
	}
	w.until, w.told = until, true
}

// yield lets another tab go first.
func (w *window) yield(until int64) {
	w.until = max(w.until, until)
}
