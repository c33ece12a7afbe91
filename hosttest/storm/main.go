// Command storm lets many clients meet a server's limit at once, on a fake
// clock, and prints how long each kind of client needs until all are through
// and how many of its requests are in vain. It chose the numbers of
// retry/session/window.go.
//
//	go run ./hosttest/storm            # a table in Markdown
//	go run ./hosttest/storm -all       # every size, answer and limit
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// kinds are the clients, ours first. The formulas are those of the packages'
// sources; each client goes on forever, though most give up after a few tries.
var kinds = []struct {
	name string
	make func(*world) clients
}{
	{"steadfetch", newOurs},
	{"no coordination", waits(alone)},
	{"full jitter", waits(fullJitter)},
	{"openai", waits(openaiSDK)},
	{"AI SDK", waits(aiSDK)},
	{"p-retry", waits(pRetry)},
}

// limit is a kind of server, made for n clients.
type limit struct {
	name string
	make func(n int, silent bool) server
}

// share is what a limit lets through at once: a tenth of the clients.
func share(n int) int { return max(2, n/10) }

var limits = []limit{
	{"window of 1 s", func(n int, silent bool) server {
		return &fixedWindow{limit: share(n), span: 1000, silent: silent}
	}},
	{"window of 1 min", func(n int, silent bool) server {
		return &fixedWindow{limit: 2 * share(n), span: 60_000, silent: silent}
	}},
	{"token bucket", func(n int, silent bool) server {
		most := float64(share(n))
		return &tokenBucket{rate: most / 2, burst: most, tokens: most, silent: silent}
	}},
	{"concurrency", func(n int, silent bool) server { return &concurrency{limit: share(n), silent: silent} }},
	{"down for 10 s", func(_ int, silent bool) server { return &down{until: 10_000, silent: silent} }},
}

// row is one storm, by every kind of client.
type row struct {
	n       int
	gap     float64 // ms from one client to the next; 0: all at once
	answer  int64   // ms
	limit   limit
	silent  bool
	results []Result
}

// most is when a storm is given up, in ms.
const most = 3600_000

func (r *row) run() {
	net := network{oneWay: 20, headers: min(r.answer/2, 200), answer: r.answer}
	for _, k := range kinds {
		r.results = append(r.results, storm(r.n, r.gap, net, r.limit.make(r.n, r.silent), k.make, 1, most))
	}
}

// rows are the storms that are run.
func rows(sizes []int, answers []int64) []*row {
	var all []*row
	for _, n := range sizes {
		for _, l := range limits {
			for _, answer := range answers {
				for _, silent := range []bool{false, true} {
					all = append(all, &row{n: n, answer: answer, limit: l, silent: silent})
				}
			}
		}
	}
	return all
}

func main() {
	all := flag.Bool("all", false, "every size from 10 to 100 000, and answers of 50 ms to a minute")
	flag.Parse()
	storms := rows([]int{60, 10_000}, []int64{2000, 20_000})
	if *all {
		storms = rows([]int{10, 60, 1000, 10_000, 100_000}, []int64{50, 2000, 20_000, 60_000})
	}
	head(os.Stdout)
	for _, r := range storms {
		r.run()
		r.print(os.Stdout)
	}
}

func head(w io.Writer) {
	fmt.Fprint(w, "| clients | limit | answer | Retry-After |")
	for _, k := range kinds {
		fmt.Fprintf(w, " %s |", k.name)
	}
	fmt.Fprintf(w, "\n| --: | --- | --: | --- |%s\n", strings.Repeat(" --: |", len(kinds)))
}

// print writes time / requests in vain, and the worst wait where it is another.
func (r *row) print(w io.Writer) {
	wish := "yes"
	if r.silent {
		wish = "no"
	}
	fmt.Fprintf(w, "| %d | %s | %s | %s |", r.n, r.limit.name, seconds(r.answer), wish)
	for _, result := range r.results {
		drain := seconds(result.Drain)
		if result.Left > 0 {
			drain = fmt.Sprintf("> 1 h, %d left", result.Left)
		}
		fmt.Fprintf(w, " %s / %d |", drain, result.Vain)
	}
	fmt.Fprintln(w)
}

func seconds(ms int64) string {
	if ms < 1000 {
		return fmt.Sprintf("%d ms", ms)
	}
	return fmt.Sprintf("%.1f s", float64(ms)/1000)
}
