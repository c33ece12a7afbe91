package session

import "math"

// A line is the sessions of a bucket that wait for its window, first come,
// first served. It names those whose turn it is, and sees to it that one of
// them asks when time opens the window. Nobody else has to do anything.
type line struct {
	window
	queue   turns
	tickets int64
	resting int   // sessions that met the limit and wait by themselves
	caller  *turn // who in queue asks at its call
	wake    []int // who is to ask at once
	heard   int   // how often another tab was let through
	least   int64 // nobody in queue objects to a cool-down until then
}

// turn is a session's part in a line.
type turn struct {
	id           int
	state        turnState
	before, next *turn // in line.queue
	ticket       int64 // 0: it has not come, or has met the limit since
	call         int64 // when it is to ask again; 0: when it is woken
	woken        bool  // its id is in line.wake, or was, and it has not asked since
	latest       int64 // it does not wait for a cool-down that ends later
	trip         trip
	begun        bool // its answer has, and has not ended
}

// wakeAtOnce is how many one answer wakes.
const wakeAtOnce = 64

type turnState uint8

const (
	turnNone    turnState = iota
	turnWaiting           // in the queue
	turnGiven             // woken: it may go
	turnTaken             // on its way to its headers
	turnResting           // it met the limit, and waits by itself
)

// ask reports whether t may go now. If not, it is in the queue, and asks again at
// t.call or when it is woken.
func (l *line) ask(t *turn, now int64) bool {
	t.woken = false
	if t.state == turnGiven && (!l.on || t.trip.round == l.round) {
		t.state = turnTaken
		return true
	}
	if t.state == turnResting && l.resting == 1 && l.queue.len == 0 && !l.told {
		l.lift() // a rest is a guess, for many: who is alone has waited as its own policy says
	}
	switch t.state {
	case turnWaiting:
		t.call = 0
	default: // or it was given its turn, and a limit was met before it could go
		l.forget(t, now)
		if t.ticket == 0 {
			l.tickets++
			t.ticket = l.tickets
		}
		l.push(t)
	}
	l.serve(now, t)
	if t.state == turnTaken {
		return true
	}
	l.least = min(l.least, t.latest)
	return false
}

// ahead is how many are served before t, or a little more: those who gave up in
// the midst of the queue count until it has moved on.
func (l *line) ahead(t *turn) int {
	if t.state != turnWaiting {
		return 0
	}
	return int(min(t.ticket-l.queue.first.ticket, int64(l.queue.len-1)))
}

// first reports whether t goes first, to see whether the limit has passed.
func (l *line) first(t *turn) bool {
	return l.on && !l.open && t.state == turnTaken && t.trip.round == l.round
}

// pass notes that the server has let t's request through.
func (l *line) pass(t *turn, now int64) {
	if t.state == turnTaken {
		l.window.pass(t.trip, now)
		t.state, t.ticket, t.begun = turnNone, 0, true
		l.streams++
	}
	l.serve(now, nil)
}

// limit notes that t's request met the limit. until is the server's wish, or 0.
// It goes to the end of the queue when it asks again: one who met the limit as
// the first would else do so each time, while its own wait grows.
// An answer can meet its limit after it has passed, in the midst of its stream.
func (l *line) limit(t *turn, now, until int64) {
	l.over(t)
	if t.state == turnTaken || t.state == turnNone {
		l.window.limit(t.trip, now, until)
		t.state, t.ticket = turnResting, 0
		l.resting++
	}
	l.serve(now, nil)
	l.alert()
}

// alert wakes those who may not want to wait for a cool-down as long as this.
func (l *line) alert() {
	if l.queue.len > 0 && l.until > l.least {
		l.least = math.MaxInt64
		for t := l.queue.first; t != nil; t = t.next {
			l.rouse(t)
		}
	} else if c := l.caller; c != nil && l.until < c.call {
		l.rouse(c)
	}
}

func (l *line) rouse(t *turn) {
	if !t.woken {
		t.woken = true
		l.wake = append(l.wake, t.id)
	}
}

// over notes that the answer of t has ended, if it had begun.
func (l *line) over(t *turn) {
	if t.begun {
		t.begun = false
		l.streams--
	}
}

// woken is who is to ask at once. Where that is thousands, each of the first of
// them names more when it asks: in a heap full of sessions there may be no room
// for a list of all.
func (l *line) woken(now int64) []int {
	if l.queue.len > 0 {
		l.serve(now, nil)
	}
	wake := l.wake
	l.wake = nil
	return wake
}

// leave notes that t is neither on its way nor waiting.
func (l *line) leave(t *turn, now int64) {
	if t.state != turnNone || t.begun {
		l.forget(t, now)
		l.serve(now, nil)
	}
}

func (l *line) forget(t *turn, now int64) {
	l.over(t)
	switch t.state {
	case turnWaiting:
		l.remove(t)
	case turnGiven, turnTaken:
		l.done(t.trip, now)
	case turnResting:
		l.resting--
	}
	t.state = turnNone
}

// serve lets those go whose turn it is. asker, if there is one, is not woken.
func (l *line) serve(now int64, asker *turn) {
	may, at := l.next(now)
	for ; may && l.queue.len > 0 && len(l.wake) < wakeAtOnce; may, at = l.next(now) {
		t := l.queue.first
		l.remove(t)
		t.trip = l.send(now)
		if t == asker {
			t.state = turnTaken
			continue
		}
		t.state = turnGiven
		l.rouse(t)
	}
	if l.queue.len > 0 {
		l.appoint(at, asker)
	} else if l.resting == 0 && !l.trying && now >= l.until {
		l.on = false // nobody waits
	}
}

// appoint sees to it that somebody asks at the time at, if there is one.
func (l *line) appoint(at int64, asker *turn) {
	c := l.caller
	if at == 0 || c != nil && c.call > 0 && c.call <= at {
		return
	}
	if asker != nil && asker.state == turnWaiting {
		l.caller, asker.call = asker, at
		return
	}
	if c == nil {
		c = l.queue.last // its turn comes late, so it will be the caller for long
		l.caller = c
	}
	c.call = at
	l.rouse(c)
}

func (l *line) push(t *turn) {
	if l.queue.len == 0 {
		l.least = math.MaxInt64
	}
	t.state, t.call = turnWaiting, 0
	l.queue.put(t)
}

func (l *line) remove(t *turn) {
	l.queue.remove(t)
	if l.caller == t {
		l.caller = nil
	}
}
