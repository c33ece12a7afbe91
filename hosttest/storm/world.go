package main

import "math/rand/v2"

// A world is a fake clock, one server and n clients that all want one answer.
// Nothing in it takes real time, and the same seed gives the same storm.
type world struct {
	now    int64 // in ms
	events events
	seq    int64
	server server
	ours   clients
	random *rand.Rand
	net    network

	born   []int64
	sent   []int32
	passed []int64 // when the headers of the answer came; -1: not yet
	armed  []int32 // which of a client's timers is in force
	open   int     // clients without an answer
	result Result
}

// network is what requests take, in ms.
type network struct {
	oneWay  int64
	headers int64 // from a request's arrival to the headers of a good answer; a refusal takes none
	answer  int64 // to the end of a good answer, on average
}

// server decides on a request. wish is what its Retry-After says, in ms, -1 if nothing.
type server interface {
	arrive(now int64) (status int, wish int64)
	done(now int64) // a good answer has ended
}

// clients are all clients of one kind. They call send and wake.
type clients interface {
	start(c int)
	headers(c, status int, wish int64)
	end(c int) // of a good answer
	timer(c int)
}

// result is how a storm went.
type Result struct {
	Drain    int64 // ms until the last client had its answer's headers
	Requests int
	Vain     int   // requests that were refused
	Worst    int64 // the longest that one client waited, in ms
	Mean     int64
	Left     int // clients without an answer when the storm was given up
}

type kind uint8

const (
	evStart kind = iota
	evTimer
	evArrive
	evHeaders
	evEnd
	evDone
)

type event struct {
	at, seq int64
	wish    int64
	client  int32
	status  int32
	kind    kind
}

// events is a heap, the earliest first.
type events []event

func (e event) before(other event) bool {
	return e.at < other.at || e.at == other.at && e.seq < other.seq
}

func (h *events) push(e event) {
	*h = append(*h, e)
	q := *h
	i := len(q) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !e.before(q[up]) {
			break
		}
		q[i] = q[up]
		i = up
	}
	q[i] = e
}

func (h *events) pop() event {
	q := *h
	top, last := q[0], q[len(q)-1]
	q = q[:len(q)-1]
	*h = q
	i := 0
	for len(q) > 0 {
		down := 2*i + 1
		if down >= len(q) {
			break
		}
		if down+1 < len(q) && q[down+1].before(q[down]) {
			down++
		}
		if !q[down].before(last) {
			break
		}
		q[i] = q[down]
		i = down
	}
	if len(q) > 0 {
		q[i] = last
	}
	return top
}

func (w *world) after(ms int64, e event) {
	e.at, e.seq = w.now+ms, w.seq
	w.seq++
	w.events.push(e)
}

// send sends a request of client c.
func (w *world) send(c int) {
	w.sent[c]++
	w.result.Requests++
	w.after(w.net.oneWay, event{kind: evArrive, client: int32(c)})
}

// wake calls c.timer after ms, in place of what was asked before. Less than 0 is never.
func (w *world) wake(c int, ms int64) {
	w.armed[c]++
	if ms >= 0 {
		w.after(ms, event{kind: evTimer, client: int32(c), status: w.armed[c]})
	}
}

// storm runs n clients, who come one every gap ms, until each has its answer
// or the clock shows most.
func storm(n int, gap float64, net network, s server, make func(*world) clients, seed uint64, most int64) Result {
	w := &world{server: s, random: rand.New(rand.NewPCG(seed, 1)), net: net, open: n}
	w.born, w.passed = fill(n, 0), fill(n, -1)
	w.sent, w.armed = fill32(n), fill32(n)
	w.ours = make(w)
	for c := range n {
		w.born[c] = int64(float64(c) * gap)
		w.after(w.born[c], event{kind: evStart, client: int32(c)})
	}
	for w.open > 0 && len(w.events) > 0 {
		e := w.events.pop()
		if e.at > most {
			break
		}
		w.now = e.at
		w.step(e)
	}
	total := int64(0)
	for c, at := range w.passed {
		if at < 0 {
			w.result.Left++
			at = w.now
		}
		w.result.Drain = max(w.result.Drain, at)
		w.result.Worst = max(w.result.Worst, at-w.born[c])
		total += at - w.born[c]
	}
	w.result.Mean = total / int64(n)
	return w.result
}

func (w *world) step(e event) {
	c := int(e.client)
	switch e.kind {
	case evStart:
		w.ours.start(c)
	case evTimer:
		if e.status == w.armed[c] {
			w.ours.timer(c)
		}
	case evArrive:
		status, wish := w.server.arrive(w.now)
		back := event{kind: evHeaders, client: e.client, status: int32(status), wish: wish}
		if status >= 400 {
			w.result.Vain++
			w.after(w.net.oneWay, back)
			return
		}
		w.after(w.net.oneWay+w.net.headers, back)
		// Answers are of all lengths: between half and one and a half of the average.
		length := max(w.net.headers, w.net.answer/2+w.random.Int64N(w.net.answer+1))
		w.after(length, event{kind: evDone, client: e.client})
		w.after(length+w.net.oneWay, event{kind: evEnd, client: e.client})
	case evHeaders:
		if e.status < 400 {
			w.passed[c] = w.now
			w.open--
		}
		w.ours.headers(c, int(e.status), e.wish)
	case evDone:
		w.server.done(w.now)
	case evEnd:
		w.ours.end(c)
	}
}

func fill(n int, v int64) []int64 {
	s := make([]int64, n)
	for i := range s {
		s[i] = v
	}
	return s
}

func fill32(n int) []int32 { return make([]int32, n) }
