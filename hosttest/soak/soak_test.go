package soak

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
	"github.com/steadfetch/steadfetch/retry/transport"
	"github.com/steadfetch/steadfetch/wasm"
)

var (
	oneSeed = flag.Uint64("seed", 0, "play the stream of this seed alone, on every host")
	streams = flag.Int("streams", 2000, "how many streams are played, over all hosts")
	from    = flag.Uint64("from", 1, "the first seed")
)

// together is how many streams are under way at once.
const together = 200

// seeds gives a host its share of the streams, a batch at a time.
func seeds(host, step int) (batches [][]uint64) {
	if *oneSeed != 0 {
		return [][]uint64{{*oneSeed}}
	}
	var batch []uint64
	for i := host; i < *streams; i += step {
		if batch = append(batch, *from+uint64(i)); len(batch) == together {
			batches, batch = append(batches, batch), nil
		}
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

// report fails the test for a script whose result is wrong, in a line that repeats it.
func report(t *testing.T, s *Script, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%v\nattempts %s\nto repeat it: go test ./hosttest/soak -seed %d -run '%s'", err, s.faults(), s.Seed, t.Name())
	}
}

func (s *Script) faults() (list string) {
	for _, a := range s.Attempts {
		list += "\n  " + a.Fault
	}
	return s.Client + " " + s.protocol.name + " " + mustJSON(s.Policy) + mustJSON(s.Reads) + mustJSON(s.Acts) + list
}

func soakInGo(t *testing.T, host int, engine transport.Engine) {
	p := &provider{chattest.New(t)}
	ends, resumed := map[string]int{}, 0
	group := &transport.Group{} // in which each has a bucket of its own
	for _, batch := range seeds(host, 4) {
		scripts := make([]*Script, len(batch))
		results := make([]*Result, len(batch))
		errs := make([]error, len(batch))
		for i, seed := range batch {
			scripts[i] = NewScript(p, seed)
		}
		synctest.Test(t, func(*testing.T) {
			var wg sync.WaitGroup
			for i, s := range scripts {
				wg.Go(func() { results[i], errs[i] = playInGo(s, engine, group) })
			}
			wg.Wait()
		})
		for i, s := range scripts {
			if errs[i] == nil {
				errs[i] = s.Check(results[i])
				ends[results[i].End]++
				resumed += results[i].Resumed
			}
			report(t, s, errs[i])
		}
		if t.Failed() {
			return
		}
	}
	require.True(t, resumed > 0 || *oneSeed != 0)
	t.Logf("%v, %d resumed", ends, resumed)
}

func TestAnswersComeByteExactAndOnceThroughGosTransport(t *testing.T) { soakInGo(t, 0, nil) }

func TestAnswersComeByteExactAndOnceThroughTheModuleInGo(t *testing.T) {
	began := time.Now()
	engine, err := wasm.NewEngine(context.Background())
	require.NoError(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	t.Logf("the module is ready after %v", time.Since(began).Round(time.Millisecond))
	soakInGo(t, 1, engine)
}

func TestAnswersComeByteExactAndOnceThroughThePackageInNode(t *testing.T) {
	node, err := exec.LookPath("node")
	if _, built := os.Stat("../../jsbridge/dist/index.js"); err != nil || built != nil {
		t.Skip("not run: there is no node, or the package is not built (make build)")
	}
	p := &provider{chattest.New(t)}
	ends, resumed := map[string]int{}, 0
	for _, host := range []int{2, 3} {
		for _, batch := range join(seeds(host, 4), 10) {
			var in bytes.Buffer
			scripts := map[uint64]*Script{}
			for _, seed := range batch {
				s := NewScript(p, seed)
				scripts[seed] = s
				require.NoError(t, json.NewEncoder(&in).Encode(s))
			}
			cmd := exec.Command(node, "play.mjs")
			cmd.Stdin, cmd.Stderr = &in, os.Stderr
			out, err := cmd.Output()
			require.NoError(t, err)
			lines := bufio.NewScanner(bytes.NewReader(out))
			lines.Buffer(nil, 64<<20)
			for lines.Scan() {
				var r Result
				require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
				report(t, scripts[r.Seed], scripts[r.Seed].Check(&r))
				delete(scripts, r.Seed)
				ends[r.End]++
				resumed += r.Resumed
			}
			require.NoError(t, lines.Err())
			require.Empty(t, scripts, "some have no result")
			if t.Failed() {
				return
			}
		}
		if *oneSeed != 0 {
			return
		}
	}
	require.Positive(t, resumed)
	t.Logf("%v, %d resumed", ends, resumed)
}

// join puts every n batches together, so that a process has more than one to do.
func join(batches [][]uint64, n int) (joined [][]uint64) {
	for i, batch := range batches {
		if i%n == 0 {
			joined = append(joined, nil)
		}
		last := len(joined) - 1
		joined[last] = append(joined[last], batch...)
	}
	return joined
}
