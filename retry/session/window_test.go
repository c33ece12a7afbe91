package session

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

const noon = int64(1_800_000_000_000)

// crowd drives a line as hosts do, on a clock of its own.
type crowd struct {
	t     *testing.T
	line  line
	now   int64
	turns []*turn
	going []int // in the order in which they went, since the last call of gone
}

func newCrowd(t *testing.T, n int) *crowd {
	c := &crowd{t: t, now: noon}
	for id := range n {
		c.turns = append(c.turns, &turn{id: id, latest: math.MaxInt64})
	}
	return c
}

// ask lets the sessions ask, and then those that this wakes.
func (c *crowd) ask(ids ...int) {
	for _, id := range ids {
		if c.line.ask(c.turns[id], c.now) {
			c.going = append(c.going, id)
		}
		c.rouse()
	}
}

func (c *crowd) rouse() {
	for woken := c.line.woken(c.now); len(woken) > 0; woken = c.line.woken(c.now) {
		require.LessOrEqual(c.t, len(woken), wakeAtOnce+1) // and the timekeeper
		c.ask(woken...)
	}
}

// gone returns who went since the last call.
func (c *crowd) gone() []int {
	going := c.going
	c.going = nil
	return going
}

func (c *crowd) pass(ids ...int) {
	for _, id := range ids {
		c.line.pass(c.turns[id], c.now)
		c.rouse()
	}
}

// rounds lets what has gone pass after 20 ms, n times, and returns how many went.
// Each round is twice as large as the last.
func (c *crowd) rounds(n int) (served int) {
	for range n {
		going := c.gone()
		served += len(going)
		c.now += 20
		c.pass(going...)
	}
	return served
}

func (c *crowd) limit(wait int64, ids ...int) {
	until := int64(0)
	if wait > 0 {
		until = c.now + wait
	}
	for _, id := range ids {
		c.line.limit(c.turns[id], c.now, until)
		c.rouse()
	}
}

// sleep moves the clock, and lets the timekeeper ask if it is time.
func (c *crowd) sleep(ms int64) {
	c.now += ms
	if t := c.line.timekeeper; t != nil && t.call > 0 && t.call <= c.now {
		c.ask(t.id)
	}
}

func span(from, to int) []int {
	var ids []int
	for id := from; id < to; id++ {
		ids = append(ids, id)
	}
	return ids
}

func TestNothingWaitsWhileNoLimitIsMet(t *testing.T) {
	c := newCrowd(t, 1000)
	c.ask(span(0, 1000)...)
	require.Equal(t, span(0, 1000), c.gone())
	c.pass(span(0, 500)...)
	for id := 500; id < 1000; id++ {
		c.line.leave(c.turns[id], c.now) // other failures shut nothing
	}
	c.ask(span(0, 1000)...)
	require.Len(t, c.gone(), 1000)
}

func TestAfterALimitAProbeGoesThenTwiceAsManyWithEachRound(t *testing.T) {
	c := newCrowd(t, 101)
	c.ask(0)
	c.limit(1000, 0)
	c.gone()
	c.ask(span(1, 101)...)
	require.Empty(t, c.gone())
	c.sleep(999)
	require.Empty(t, c.gone(), "never sooner than the server asked")
	c.sleep(1)
	require.Equal(t, []int{1}, c.gone())
	for from, n := 1, 1; n < 32; n *= 2 {
		c.sleep(10)
		c.pass(span(from, from+n)...)
		from += n
		require.Equal(t, span(from, from+2*n), c.gone())
	}
}

func TestTheWindowGrowsUpToWhatPassedBeforeTheLimit(t *testing.T) {
	c := newCrowd(t, 60)
	c.ask(span(0, 60)...)
	c.pass(span(0, 5)...)
	c.limit(1000, span(10, 60)...)
	c.pass(span(5, 10)...) // sent before the limit was met
	c.gone()
	c.sleep(1000)
	c.ask(span(10, 60)...)
	went := 0
	for round := c.gone(); len(round) > 0; round = c.gone() {
		went += len(round)
		c.sleep(20)
		c.pass(round...)
	}
	require.Equal(t, 10, went)
	c.sleep(1000)
	require.NotEmpty(t, c.gone(), "as many go in the next period")
}

func TestThreeQuartersOfWhatPassedLastTimeFollowTheProbe(t *testing.T) {
	c := newCrowd(t, 100)
	c.ask(span(0, 100)...)
	c.pass(span(0, 20)...)
	c.limit(1000, span(20, 100)...)
	c.gone()
	c.sleep(1000)
	c.ask(span(20, 100)...)
	c.pass(c.gone()...)
	require.Len(t, c.gone(), 15, "three quarters of twenty")
}

// limitedCapacity lets ten answers begin, and no other before one of them ends.
func limitedCapacity(t *testing.T) *crowd {
	c := newCrowd(t, 40)
	c.ask(span(0, 40)...)
	c.pass(span(0, 10)...)
	c.limit(1000, span(10, 40)...)
	c.gone()
	c.sleep(1000)
	c.ask(span(10, 40)...)
	for _, id := range c.gone() {
		c.limit(1000, id)
	}
	require.Equal(t, 10, c.line.capacity)
	c.sleep(1000)
	require.Empty(t, c.gone(), "as many are answered as can be")
	return c
}

func TestIfAServerLimitsAnswersAtATimeEachThatEndsLetsOneGo(t *testing.T) {
	c := limitedCapacity(t)
	for id := range 10 {
		c.line.leave(c.turns[id], c.now)
		c.rouse()
		require.Equal(t, []int{11 + id}, c.gone())
		c.sleep(100)
		c.pass(11 + id)
		require.Empty(t, c.gone(), "as many are answered as can be")
	}
	require.Equal(t, 10, c.line.streams)
}

func TestAGuessedLimitOfAnswersAtATimeIsGivenUpAgain(t *testing.T) {
	c := limitedCapacity(t)
	c.sleep(minRest)
	first := c.gone()
	require.Len(t, first, 1, "nothing has ended, but a probe goes")
	c.pass(first...)
	require.Negative(t, c.line.capacity, "more are answered at once than was guessed")
	require.NotEmpty(t, c.gone())

	c = limitedCapacity(t)
	c.line.leave(c.turns[0], c.now)
	c.line.leave(c.turns[1], c.now)
	c.rouse()
	c.limit(1000, c.gone()...)
	require.Negative(t, c.line.capacity, "the limit was met below the capacity, so it is another limit")

	c = limitedCapacity(t)
	c.line.leave(c.turns[0], c.now)
	c.rouse()
	c.pass(c.gone()...)
	c.sleep(turnFor - 1)
	require.Empty(t, c.gone())
	c.sleep(1)
	require.Len(t, c.gone(), 1, "answers may go on for an hour")
}

func TestAfterAFailedProbeTheNextInLineIsTheProbe(t *testing.T) {
	c := newCrowd(t, 10)
	c.ask(0)
	c.limit(1000, 0)
	c.ask(span(1, 10)...)
	c.gone()
	for id := 1; id < 5; id++ {
		c.sleep(1000)
		require.Equal(t, []int{id}, c.gone())
		c.limit(1000, id)
	}
}

func TestWithoutATimeFromTheServerTheRestDoublesWithEachFailedProbe(t *testing.T) {
	c := newCrowd(t, 12)
	c.ask(0)
	c.limit(0, 0)
	c.gone()
	c.ask(span(1, 12)...)
	require.Equal(t, []int{1}, c.gone(), "one session's backoff does not hold up another")
	rest := minRest
	for id := 1; id < 11; id++ {
		c.limit(0, id)
		c.sleep(rest - 1)
		require.Empty(t, c.gone())
		c.sleep(1)
		require.Equal(t, []int{id + 1}, c.gone())
		rest = min(2*rest, maxRest)
	}
}

func TestAnyEndOfARequestEndsItsTurn(t *testing.T) {
	for name, end := range map[string]func(*crowd){
		"headers":        func(c *crowd) { c.pass(1) },
		"failure":        func(c *crowd) { c.line.leave(c.turns[1], c.now) },
		"forgotten 30 s": func(c *crowd) { c.now += turnFor; c.ask(2) },
		"abort, twice":   func(c *crowd) { c.line.leave(c.turns[1], c.now); c.line.leave(c.turns[1], c.now) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(t, 5)
			c.ask(0)
			c.limit(1000, 0)
			c.ask(span(1, 5)...)
			c.sleep(1000)
			c.gone()
			end(c)
			c.rouse()
			require.Contains(t, c.gone(), 2)
		})
	}
}

func TestALimitHalvesTheWindowOnceInARound(t *testing.T) {
	c := newCrowd(t, 200)
	c.ask(0)
	c.limit(1000, 0)
	c.ask(span(1, 200)...)
	c.gone()
	c.sleep(1000)
	for range 4 {
		c.pass(c.gone()...)
	}
	require.Equal(t, 16, c.line.size)
	c.limit(1000, c.gone()...)
	require.Equal(t, 8, c.line.size)
	require.Equal(t, 15, c.line.known)
}

func TestALateAnswerOfAnEarlierRoundDoesNotOpenTheWindow(t *testing.T) {
	c := newCrowd(t, 10)
	c.ask(0, 1)
	c.limit(1000, 0)
	c.ask(span(2, 10)...)
	c.gone()
	c.pass(1)
	c.sleep(999)
	require.Empty(t, c.gone())
	require.False(t, c.line.open)
}

func TestTheWindowIsOffWhenNobodyWaits(t *testing.T) {
	c := newCrowd(t, 10)
	c.ask(0)
	c.limit(1000, 0)
	c.sleep(1000)
	c.ask(0)
	c.pass(0)
	c.gone()
	c.ask(span(0, 10)...)
	require.Len(t, c.gone(), 10)
}

func TestALineCountsThoseAhead(t *testing.T) {
	c := newCrowd(t, 10)
	c.ask(0)
	c.limit(1000, 0)
	c.ask(span(1, 10)...)
	for id := 1; id < 10; id++ {
		require.Equal(t, id-1, c.line.ahead(c.turns[id]))
	}
	c.sleep(1000)
	require.Equal(t, 7, c.line.ahead(c.turns[9]))
	require.Zero(t, c.line.ahead(c.turns[1]))
}

func TestWhenTheTimekeeperLeavesAnotherTakesOver(t *testing.T) {
	c := newCrowd(t, 10)
	c.ask(0)
	c.limit(1000, 0)
	c.ask(span(1, 10)...)
	c.gone()
	for id := 1; id < 9; id++ {
		c.line.leave(c.turns[id], c.now)
		c.rouse()
	}
	c.sleep(1000)
	require.Equal(t, []int{9}, c.gone())
}

func TestAPersonEndsTheCooldownNotTheWindow(t *testing.T) {
	c := newCrowd(t, 10)
	c.ask(0)
	c.limit(60_000, 0)
	c.ask(span(1, 10)...)
	c.gone()
	c.line.lift()
	c.line.alert()
	c.rouse()
	require.Equal(t, []int{1}, c.gone())
}

func TestAnotherTabsCooldownAppliesAndItsSuccessLetsOneGo(t *testing.T) {
	c := newCrowd(t, 10)
	c.line.hear(c.now + 5000)
	c.ask(span(0, 10)...)
	require.Empty(t, c.gone())
	c.line.lift()
	c.line.alert()
	c.rouse()
	require.Equal(t, []int{0}, c.gone())
}

// TestOnlyThoseWhoseTurnItIsAreWoken lets ten thousand meet a limit of a
// thousand a second, and counts how often any of them must be called.
func TestOnlyThoseWhoseTurnItIsAreWoken(t *testing.T) {
	const n, limit = 10_000, 1000
	c := newCrowd(t, n)
	calls, used := 0, 0
	var window int64
	asked := span(0, n)
	for left := n; left > 0; c.now += 10 {
		if now := c.now / 1000; now != window {
			window, used = now, 0
		}
		if c.line.timekeeper != nil && c.line.timekeeper.call > 0 && c.line.timekeeper.call <= c.now {
			asked = append(asked, c.line.timekeeper.id)
		}
		c.ask(asked...)
		calls += len(asked)
		asked = nil
		for _, id := range c.gone() {
			calls++
			if used < limit {
				used++
				left--
				c.line.pass(c.turns[id], c.now)
			} else {
				c.line.limit(c.turns[id], c.now, c.now+1000)
				asked = append(asked, id) // its own wait
			}
		}
		c.rouse()
		require.Less(t, c.now-noon, int64(60_000), "%d have not passed", left)
	}
	require.Less(t, calls, 4*n)
	require.Less(t, c.now-noon, int64(15_000))
}

// TestALineNeverStalls lets sessions do anything in any order: as long as one waits,
// another is in flight, or one has a time to ask.
func TestALineNeverStalls(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 2))
		c := newCrowd(t, 1+r.IntN(40))
		for range 500 {
			id := r.IntN(len(c.turns))
			turn := c.turns[id]
			switch r.IntN(8) {
			case 0, 1, 2:
				c.ask(id)
			case 3:
				c.pass(id)
			case 4:
				c.limit(r.Int64N(3)*700, id)
			case 5:
				c.line.leave(turn, c.now)
				c.rouse()
			case 6:
				c.sleep(r.Int64N(2000))
			case 7:
				if r.IntN(10) == 0 {
					c.line.hear(c.now + r.Int64N(5000))
				}
			}
			c.check()
		}
	}
}

func (c *crowd) check() {
	waiting, taken, begun := 0, 0, 0
	for _, turn := range c.turns {
		if turn.begun {
			begun++
		}
		switch turn.state {
		case turnWaiting:
			waiting++
		case turnTaken:
			taken++
		}
	}
	require.Equal(c.t, waiting, c.line.queue.len)
	var before *turn
	for turn := c.line.queue.first; turn != nil; before, turn = turn, turn.next {
		waiting--
		require.Equal(c.t, turnWaiting, turn.state)
		require.Same(c.t, before, turn.before)
		require.True(c.t, before == nil || before.ticket < turn.ticket, "in the order in which they came")
	}
	require.Zero(c.t, waiting, "each is in the queue")
	require.Same(c.t, before, c.line.queue.last)
	require.GreaterOrEqual(c.t, c.line.out, 0)
	require.Equal(c.t, begun, c.line.streams)
	timekeeper := c.line.timekeeper
	if waiting > 0 && taken == 0 {
		require.NotNil(c.t, timekeeper)
		require.Equal(c.t, turnWaiting, timekeeper.state)
		require.Positive(c.t, timekeeper.call)
	}
}

func TestALoneSessionWaitsNoLongerThanItsPolicySays(t *testing.T) {
	const own = 1000 // ms
	c := newCrowd(t, 2)
	c.ask(0)
	for range 8 {
		require.Equal(t, []int{0}, c.gone())
		c.limit(0, 0)
		c.sleep(own)
		c.ask(0)
	}
	require.Equal(t, []int{0}, c.gone())

	// If another one waits too, both rest: the limit was met eight times.
	c.limit(0, 0)
	c.ask(1)
	c.sleep(own)
	c.ask(0)
	require.Empty(t, c.gone())

	// A time that the server asked for applies to a lone session too.
	lone := newCrowd(t, 1)
	lone.ask(0)
	lone.gone()
	lone.limit(5000, 0)
	lone.sleep(own)
	lone.ask(0)
	require.Empty(t, lone.gone())
}

func TestPassesBeforeACrowdCameSayNothingAboutItsLimit(t *testing.T) {
	for name, before := range map[string]struct {
		passed int
		gap    int64
	}{
		"one just before":        {1, 20},
		"a busy second before":   {50, 1000},
		"busy, and long answers": {50, 2500},
	} {
		c := newCrowd(t, before.passed+100)
		for id := range before.passed {
			c.ask(id)
			c.pass(id)
		}
		c.gone()
		c.now += before.gap
		var ids []int
		for id := range 100 {
			ids = append(ids, before.passed+id)
		}
		c.ask(ids...)
		require.Len(t, c.gone(), 100)
		c.limit(4000, ids...) // all of them: the server answers nobody
		c.now += 4000
		c.ask(ids...)
		require.Equal(t, 100, c.rounds(10), name)
	}
}

func TestAnAnswerWakesFewAndTheyWakeTheOthers(t *testing.T) {
	c := newCrowd(t, 1000)
	ids := make([]int, len(c.turns))
	for id := range ids {
		ids[id] = id
	}
	c.ask(ids...)
	require.Len(t, c.gone(), 1000)
	c.pass(ids[:400]...)
	c.limit(1000, ids[400:]...)
	c.now += 1000
	c.ask(ids[400:]...)
	require.Equal(t, []int{400}, c.gone(), "one goes first")
	c.now += 20
	c.pass(400)
	require.Len(t, c.gone(), 300, "three quarters of what passed")
}

func TestAnswersThatBeganBeforeACrowdCameSayNothingAboutItsLimit(t *testing.T) {
	c := newCrowd(t, 150)
	ids := make([]int, len(c.turns))
	for id := range ids {
		ids[id] = id
	}
	c.ask(ids[:50]...) // their headers take long
	c.now += 3000
	c.ask(ids[50:]...)
	require.Len(t, c.gone(), 150)
	c.limit(1000, ids[50:]...)
	c.pass(ids[:50]...)
	require.Zero(t, c.line.known)
}

func TestALimitInTheMiddleOfAStreamSaysNothingAboutWhenItWasSent(t *testing.T) {
	c := newCrowd(t, 1051)
	ids := make([]int, len(c.turns))
	for id := range ids {
		ids[id] = id
	}
	c.ask(0)
	c.pass(0)
	c.now += 1000
	c.ask(ids[1:51]...)
	c.pass(ids[1:51]...)
	c.now += 60_000
	c.limit(1000, 0)
	c.gone()
	c.ask(ids[51:]...)
	c.now += 1000
	c.ask(51)
	require.Equal(t, 1000, c.rounds(12))
}
