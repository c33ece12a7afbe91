package main

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOursIsThroughWithTheFewestRequestsAndSoon(t *testing.T) {
	for _, r := range rows([]int{60, 600}, []int64{50, 2000}) {
		t.Run(fmt.Sprintf("%d/%s/%d ms/silent %v", r.n, r.limit.name, r.answer, r.silent), func(t *testing.T) {
			r.run()
			ours := r.results[0]
			require.Zero(t, ours.Left)
			if r.silent && strings.HasPrefix(r.limit.name, "down") {
				// A 503 without a wish shuts nothing: each waits by itself, as the default policy says.
				require.Equal(t, r.results[1], ours)
				return
			}
			soonest, fewest := ours.Drain, ours.Requests
			for _, other := range r.results[1:] {
				if other.Left == 0 {
					soonest = min(soonest, other.Drain)
				}
				fewest = min(fewest, other.Requests)
			}
			require.LessOrEqual(t, float64(ours.Requests), 1.1*float64(fewest))
			// One goes first, which takes a round trip. A provider that was down gets
			// twice as many with each, and not all at once, who would end it again.
			atMost := 1.2 * float64(soonest)
			if strings.HasPrefix(r.limit.name, "down") {
				atMost += 240 * math.Log2(float64(r.n))
			} else if r.limit.name == "concurrency" && r.answer < 1000 {
				// Short answers free their places at once, which nothing tells. Who comes
				// at random finds one; ours takes it for a limit in time.
				atMost = 10_000
			}
			require.LessOrEqual(t, float64(ours.Drain), atMost)
		})
	}
}

func TestAStormIsTheSameEachTime(t *testing.T) {
	run := func() []Result {
		r := rows([]int{200}, []int64{2000})[6] // concurrency, whose answers are of random lengths
		r.run()
		return r.results
	}
	require.Equal(t, run(), run())
}

func TestNobodyStarvesWhereMoreComeThanTheLimitLetsThrough(t *testing.T) {
	net := network{oneWay: 20, headers: 200, answer: 2000}
	limit := func() server { return &fixedWindow{limit: 10, span: 1000} }
	ours := storm(600, 50, net, limit(), newOurs, 1, most) // twenty a second
	jitter := storm(600, 50, net, limit(), waits(fullJitter), 1, most)
	require.Zero(t, ours.Left)
	require.Less(t, ours.Worst, jitter.Worst)
	require.Less(t, ours.Requests, jitter.Requests)
	t.Logf("worst wait %d ms, with full jitter %d ms; %d requests, %d", ours.Worst, jitter.Worst, ours.Requests, jitter.Requests)
}

func TestWhereNoLimitIsMetNobodyWaits(t *testing.T) {
	net := network{oneWay: 20, headers: 200, answer: 2000}
	r := storm(1000, 0, net, &fixedWindow{limit: 1000, span: 1000}, newOurs, 1, most)
	require.Equal(t, int64(240), r.Drain)
	require.Equal(t, 1000, r.Requests)
}
