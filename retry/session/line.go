package session

import "math"

// A line is the sessions of a bucket that wait for its window, first come,
// first served. It wakes those whose turn it is, and makes sure that one of them
// asks when time opens the window. The others need no timer of their own.
type line struct {
	window
	queue      turns
	tickets    int64
	resting    int   // sessions that met the limit and wait by themselves
	timekeeper *turn // the one in queue that asks again at its call time, as the window opens then
	wake       []int // the ids of those that must ask at once
	tabPasses  int   // how often the limit let another tab through
	least      int64 // nobody in queue gives up if the cool-down ends by then
}

// turn is a session's part in a line.
type turn struct {
	id           int
	state        turnState
	before, next *turn // in line.queue
	ticket       int64 // its number in the queue; 0: none yet, or it met the limit since
	call         int64 // when it must ask again; 0: when it is woken
	woken        bool  // its id is in line.wake, or was, and it has not asked since
	latest       int64 // it gives up if the cool-down ends later than this
	trip         trip
	begun        bool // its answer has begun and not ended
}

// wakeAtOnce is how many sessions one answer gives turns to, at most. Only where a
// cool-down grows beyond what some want to wait for are all woken (see alert).
const wakeAtOnce = 64

type turnState uint8

const (
	turnNone    turnState = iota
	turnWaiting           // in the queue
	turnGiven             // woken: it may go
	turnTaken             // sent, neither accepted nor refused yet
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
	if t.state == turnResting && l.resting == 1 && l.queue.len == 0 && !l.fromServer {
		l.lift() // a rest is a guess meant for many; a lone session has waited as its policy says
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

// ahead returns how many are served before t, or slightly more: those that left
// the middle of the queue still count until it has moved on.
func (l *line) ahead(t *turn) int {
	if t.state != turnWaiting {
		return 0
	}
	return int(min(t.ticket-l.queue.first.ticket, int64(l.queue.len-1)))
}

// isProbe reports whether t goes first, to find out whether the limit has passed.
func (l *line) isProbe(t *turn) bool {
	return l.on && !l.open && t.state == turnTaken && t.trip.round == l.round
}

// pass records that the server accepted t's request.
func (l *line) pass(t *turn, now int64) {
	if t.state == turnTaken {
		l.window.pass(t.trip, now)
		t.state, t.ticket, t.begun = turnNone, 0, true
		l.streams++
	}
	l.serve(now, nil)
}

// limit records that t's request met the limit. until is the time the server
// asked for, or 0. When t asks again it goes to the end of the queue: otherwise
// the same one would be the probe, and fail, each time, while its own wait
// grows. A request can meet the limit after it passed, in the middle of its stream.
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
			l.wakeUp(t)
		}
	} else if c := l.timekeeper; c != nil && l.until < c.call {
		l.wakeUp(c)
	}
}

func (l *line) wakeUp(t *turn) {
	if !t.woken {
		t.woken = true
		l.wake = append(l.wake, t.id)
	}
}

// over records that t's answer has ended, if it had begun.
func (l *line) over(t *turn) {
	if t.begun {
		t.begun = false
		l.streams--
	}
}

// woken returns the ids of those that must ask at once, and clears the list. Where
// they are thousands, each of the first ones names more when it asks: in a heap
// full of sessions there may be no room for a list of all.
func (l *line) woken(now int64) []int {
	if l.queue.len > 0 {
		l.serve(now, nil)
	}
	wake := l.wake
	l.wake = nil
	return wake
}

// leave records that t is neither in flight nor waiting.
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

// serve gives turns for as long as the window lets requests go. asker, if not nil,
// is asking at the moment, so it is not woken.
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
		l.wakeUp(t)
	}
	if l.queue.len > 0 {
		l.setTimekeeper(at, asker)
	} else if l.resting == 0 && !l.probing && now >= l.until {
		l.on = false // nobody is waiting
	}
}

// setTimekeeper makes sure that somebody in the queue asks at time at, unless that
// is 0.
func (l *line) setTimekeeper(at int64, asker *turn) {
	c := l.timekeeper
	if at == 0 || c != nil && c.call > 0 && c.call <= at {
		return
	}
	if asker != nil && asker.state == turnWaiting {
		l.timekeeper, asker.call = asker, at
		return
	}
	if c == nil {
		c = l.queue.last // its turn comes last, so it stays the timekeeper for long
		l.timekeeper = c
	}
	c.call = at
	l.wakeUp(c)
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
	if l.timekeeper == t {
		l.timekeeper = nil
	}
}
