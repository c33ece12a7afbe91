package session

// A window paces the requests of a bucket after they met a limit, as TCP's slow
// start does. A limit shuts it. When the wait is over, one request goes first, as
// a probe. If that one passes, three quarters of what passed the last time may be
// in flight, or two if nothing is known. The number doubles with each round trip.
// But no more go in a period than passed in as long a time before the limit. In some
// periods a few more go, to find out whether the limit has grown. Until a limit is
// met, the window is off, and every request may go.
//
// It reads no clock: now is its group's, in milliseconds. The numbers were chosen
// by simulation (hosttest/storm).
type window struct {
	on         bool
	until      int64 // nothing goes before: the time the server asked for, or else the end of a rest
	fromServer bool  // the server asked for until

	open         bool  // a probe has passed
	probing      bool  // a probe is in flight
	failedProbes int   // probes in a row that met the limit again
	round        int   // grows each time the window shuts; a request belongs to the round it was sent in
	size         int   // how many may be in flight at once
	out          int   // how many of this round are in flight
	moved        int64 // when a request was last sent or done
	gained       int   // requests that passed since size grew last, once size has reached known

	// What the server allows, as far as is known: known requests in a period.
	known      int // 0: not known
	period     int64
	knownRound int     // the round that known was measured in: late passes of it count too
	sent       []batch // those of the last period
	recent     int     // how many requests those are

	// Some servers limit how many answers they send at once, not a rate. A probe
	// may then fail until one of the answers has ended.
	streams  int   // answers that have begun and not ended
	capacity int   // how many the server sends at once, as far as is known; 0: not known, -1: no such limit
	patience int64 // until then, a probe waits for an answer to end

	// Tries for more than known, in some periods.
	began        int64 // this period
	full         bool  // known was used up in this period
	extra        int   // how many above known may go in this period
	knownBefore  int   // known before the limit was last met
	tryNext      int   // the size of the next try
	untilTry     int   // periods until the next try
	betweenTries int   // periods between tries as long as they fail

	// What passed of the requests sent in this moment and in the one before, while
	// the window is off.
	moment                 int64
	thisMoment, lastMoment int

	// The crowd that met the limit, while known is not measured otherwise: the
	// moment in which its first refused request was sent, and how many have passed.
	crowd       int64
	crowdPassed int
}

const (
	// minRest and maxRest bound how long the window stays shut if the server asked
	// for no wait. The rest doubles each time a probe meets the limit again.
	minRest int64 = 250
	maxRest int64 = 8_000
	// firstTryAfter is how many periods pass before the first try for more, and
	// maxBetweenTries the most from one try to the next.
	firstTryAfter   = 4
	maxBetweenTries = 32
	// momentMs is how long a crowd takes to be sent. What was sent before it says
	// nothing about the limit that the crowd meets: the server may have gone down,
	// or others may have come.
	momentMs = 250
	// enoughPasses is how many of a crowd must pass to say what the server allows:
	// fewer may be of those that were sent just before.
	enoughPasses = 4
	// lateMs after a request was sent, its limit says nothing about that moment. It
	// may come in the middle of a stream.
	lateMs = 2_000
	// batches is how many parts of a period are counted separately.
	batches = 64
	// turnFor is how long a request without headers keeps its turn.
	turnFor int64 = 30_000
)

// trip is what a window remembers of a request that it sent.
type trip struct {
	at    int64
	round int
}

// batch is a number of requests that were sent at about the same time.
type batch struct {
	at int64 // when the last one was sent
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
	case now >= w.moved+turnFor:
		w.out, w.probing = 0, false // the host has forgotten those in flight
	}
	switch {
	case !w.open && w.capacity > 0 && w.streams >= w.capacity && now < w.patience:
		return false, w.patience
	case !w.open:
		return !w.probing, 0
	case w.capacity > 0: // otherwise capacity may be wrong: send one more
		at = w.moved + turnFor
		return w.streams+w.out < w.capacity+w.extra || now >= at, at
	}
	if now >= w.began+w.period {
		w.renew(now)
	}
	for len(w.sent) > 0 && w.sent[0].at <= now-w.period {
		w.recent -= w.sent[0].n
		w.sent = w.sent[1:]
	}
	if w.known == 0 || w.recent < w.known+w.extra {
		return w.out < w.size, 0
	}
	w.full = true
	at = w.sent[0].at + w.period
	// If the server named no time, the period is a guess, and may be far too long.
	if last := w.sent[len(w.sent)-1].at + maxRest; !w.fromServer && last < at {
		if now >= last {
			w.close()
			return true, 0
		}
		at = last
	}
	return false, at
}

// guessCapacity takes the number of open answers as the server's capacity when a
// probe meets the limit. If there have been clearly more at once before, the
// limit is of another kind.
func (w *window) guessCapacity(probe bool) {
	switch {
	case w.streams < w.capacity-w.capacity/8:
		w.capacity = -1
	case w.capacity > 0 || probe && w.capacity == 0:
		w.capacity = w.streams
	}
	w.extra = 0
}

// noteBegun records that the answer to a probe, or to another request, has begun.
func (w *window) noteBegun(probe bool) {
	switch {
	case w.capacity <= 0:
	case w.streams >= w.capacity && probe:
		w.capacity = -1
	case w.streams >= w.capacity: // the extra one has passed
		w.capacity, w.extra, w.betweenTries = w.streams+1, 0, 1
	case w.gained >= w.capacity*w.betweenTries:
		w.gained, w.extra = 0, 1
	}
}

// renew starts a new period.
func (w *window) renew(now int64) {
	if w.full { // and the extra ones have passed
		w.known += w.extra
		if w.extra > 0 {
			w.tryNext, w.betweenTries = w.tryNext*2, 1
		}
		w.extra = 0
		w.untilTry--
		if w.known < w.knownBefore/2 { // the limit is lower now, or was measured at a bad time
			w.untilTry, w.tryNext = 0, max(w.tryNext, w.known/4)
		}
		if w.untilTry <= 0 {
			w.extra = w.tryNext
		}
	}
	w.began, w.full = now, false
}

// send records that a request is sent.
func (w *window) send(now int64) trip {
	w.out++
	w.moved = now
	if !w.on {
		return trip{now, w.round}
	}
	w.probing = !w.open
	if w.open {
		w.addToBatch(now)
	}
	return trip{now, w.round}
}

// addToBatch counts a request that was sent at time now.
func (w *window) addToBatch(now int64) {
	w.recent++
	last := len(w.sent) - 1
	if part := w.period/batches + 1; last < 0 || w.sent[last].at/part != now/part {
		w.sent = append(w.sent, batch{})
		last++
	}
	w.sent[last].at = now
	w.sent[last].n++
}

// done records that a request is no longer in flight.
func (w *window) done(t trip, now int64) {
	if t.round == w.round && w.out > 0 {
		w.out--
		w.probing = false
	}
	w.moved = now
}

// pass records that the server accepted a request.
func (w *window) pass(t trip, now int64) {
	switch {
	case !w.on:
		w.toMoment(t.at)
		switch w.moment - t.at/momentMs {
		case 0:
			w.thisMoment++
		case 1:
			w.lastMoment++
		}
	case t.round == w.round && !w.open:
		w.noteBegun(true)
		if p := t.at - w.began; w.began > 0 && (w.period == 0 || p < w.period) {
			w.period = p
		}
		w.open, w.failedProbes = true, 0
		w.size = max(w.size+1, w.known*3/4)
		w.began, w.full, w.extra = t.at, false, 0
		w.sent, w.recent = w.sent[:0], 0
		w.addToBatch(t.at)
	case t.round == w.round:
		w.gained++
		switch {
		case w.capacity > 0:
			w.noteBegun(false)
		case w.size < w.known || w.known == 0 || w.gained >= w.size:
			w.size++
			w.gained = 0
		}
	case t.round == w.knownRound && w.crowd == 0:
		w.known++
	case t.round == w.knownRound && w.ofCrowd(t.at/momentMs):
		w.passOfCrowd(1)
	}
	w.done(t, now)
}

// toMoment moves the counts of passes on to the moment of at.
func (w *window) toMoment(at int64) {
	switch moment := at / momentMs; {
	case moment <= w.moment:
	case moment == w.moment+1:
		w.moment, w.lastMoment, w.thisMoment = moment, w.thisMoment, 0
	default:
		w.moment, w.lastMoment, w.thisMoment = moment, 0, 0
	}
}

// meetLimit turns the window on, as a request met the limit while it was off.
func (w *window) meetLimit(t trip, now int64) {
	passed := [...]int{w.lastMoment, w.thisMoment}
	w.start()
	if now-t.at > lateMs {
		w.began, w.knownRound = now, -1
		return
	}
	w.began, w.knownRound = t.at, w.round
	w.crowd = t.at / momentMs
	for i, n := range passed {
		if w.ofCrowd(w.moment - 1 + int64(i)) {
			w.passOfCrowd(n)
		}
	}
}

// ofCrowd reports whether what was sent in a moment belongs to the crowd.
func (w *window) ofCrowd(moment int64) bool {
	return moment >= w.crowd-1 && moment <= w.crowd+1
}

// passOfCrowd records that n of the crowd have passed.
func (w *window) passOfCrowd(n int) {
	if w.crowdPassed += n; w.crowdPassed >= enoughPasses {
		w.known = w.crowdPassed
	}
}

// limit records that a request met the limit. until is the time the server asked
// for, or 0.
func (w *window) limit(t trip, now, until int64) {
	probe := w.on && !w.open
	switch {
	case !w.on:
		w.meetLimit(t, now)
	case t.round != w.round: // another request of its round has shut the window already
		w.until = max(w.until, until)
		return
	case probe:
		w.failedProbes++
		w.knownRound = -1 // known stays as it is
	default:
		w.knownBefore = w.known
		w.known, w.crowd = max(w.recent-w.out, 1), 0
		w.size = max(w.size/2, 1)
		w.tryNext, w.untilTry = 1, w.betweenTries
		w.betweenTries = min(w.betweenTries*2, maxBetweenTries)
		w.knownRound = w.round
	}
	w.guessCapacity(probe)
	w.fromServer = until > now
	switch {
	case w.fromServer:
		w.until = max(w.until, until)
	case probe:
		w.until = max(w.until, now+w.restLength())
	case w.period > 0:
		w.until = max(w.until, w.began+w.period, now+minRest)
	}
	w.patience = w.until + w.restLength()
	w.close()
}

// restLength returns how long to wait after this many failed probes.
func (w *window) restLength() int64 { return min(minRest<<min(max(w.failedProbes-1, 0), 10), maxRest) }

// start turns the window on. Nothing is known of the limit yet.
func (w *window) start() {
	w.on, w.size, w.known, w.knownBefore, w.period = true, 1, 0, 0, 0
	w.thisMoment, w.lastMoment, w.crowd, w.crowdPassed = 0, 0, 0, 0
	w.capacity = 0
	w.failedProbes, w.tryNext, w.untilTry, w.betweenTries = 0, 1, firstTryAfter, firstTryAfter
}

// close shuts the window: the next request is a probe.
func (w *window) close() {
	w.open, w.probing, w.out, w.gained = false, false, 0, 0
	w.round++
}

// lift ends the cool-down: a person said so, or the limit let another tab through.
func (w *window) lift() { w.until = 0 }

// hear applies a time that the server asked another tab for.
func (w *window) hear(until int64) {
	if until <= w.until {
		return
	}
	if !w.on {
		w.start()
		w.began, w.knownRound = 0, -1
		w.close()
	}
	w.until, w.fromServer = until, true
}

// yield lets another tab go first, until the given time.
func (w *window) yield(until int64) {
	w.until = max(w.until, until)
}
