package hosttest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/vectors"
	"github.com/steadfetch/steadfetch/hosttest/wasmhost"
	"github.com/steadfetch/steadfetch/wasm"
)

// newInstance returns a new instance of the committed module.
func newInstance(t testing.TB) *wasmhost.Instance {
	t.Helper()
	ctx := context.Background()
	module, err := wasmhost.Compile(ctx, wasm.Module, false)
	require.NoError(t, err)
	t.Cleanup(func() { _ = module.Close(ctx) })
	i, err := module.New(ctx)
	require.NoError(t, err)
	return i
}

// flat calls what n times, and checks that the module's memory does not grow after the
// first third.
func flat(t *testing.T, i *wasmhost.Instance, n int, what func(round int)) {
	t.Helper()
	begun, warm := time.Now(), 0
	for round := range n {
		if round == n/3 {
			warm = i.Memory()
		}
		what(round)
	}
	require.NotZero(t, warm)
	require.LessOrEqual(t, i.Memory(), warm, "the memory grows")
	t.Logf("%d rounds in %v, %d KiB of memory", n, time.Since(begun).Round(time.Millisecond), i.Memory()>>10)
}

func TestAMillionFailuresLeaveNothingBehind(t *testing.T) {
	i := newInstance(t)
	d := dice{rand.New(rand.NewPCG(3, 4)), corpus(t)}
	var failures [][]byte
	for range 1000 {
		text, err := json.Marshal(d.failure())
		require.NoError(t, err)
		failures = append(failures, text)
	}
	flat(t, i, times(50_000, 1_000_000), func(round int) {
		if _, err := i.Classify(failures[round%len(failures)]); err != nil {
			t.Fatal(err)
		}
	})
}

// TestAHundredThousandSessionsLeaveNothingBehind plays sessions of every kind, with a
// hundred open at a time, and leaves some of them unfinished.
func TestAHundredThousandSessionsLeaveNothingBehind(t *testing.T) {
	i := newInstance(t)
	files, err := vectors.Load("../testdata/sessions")
	require.NoError(t, err)
	type script struct {
		file   *vectors.File
		vector *vectors.Vector
	}
	var scripts []script
	for _, file := range files {
		for _, vector := range file.Vectors {
			steps := mustJSON(t, vector.Steps)
			long := strings.Contains(steps, `"times":`) // a few large bodies would hide a small leak
			if sessions := strings.Count(steps, `"new":`); sessions == 1 && !long {
				scripts = append(scripts, script{file, vector})
			}
		}
	}
	dice := rand.New(rand.NewPCG(5, 6))
	var open []vectors.Session
	flat(t, i, times(48_000, 100_000), func(round int) {
		s := scripts[dice.IntN(len(scripts))]
		upTo := dice.IntN(len(s.vector.Steps) + 1)
		session := play(t, i, s.file, s.vector.Steps[:upTo], round)
		if session == nil {
			return
		}
		open = append(open, session)
		if len(open) > 100 {
			at := dice.IntN(len(open))
			require.NoError(t, open[at].Close())
			open[at] = open[len(open)-1]
			open = open[:len(open)-1]
		}
	})
}

// play makes the calls of steps and ignores the answers. It spreads the rounds over a
// hundred origins, so that a cool-down does not delay everything. It uses no more,
// because the vectors' clock stands still and no cool-down ends: a bucket is kept for
// each origin, and all of them exist after the first third.
func play(t *testing.T, i *wasmhost.Instance, file *vectors.File, steps []*vectors.Step, round int) vectors.Session {
	t.Helper()
	var session vectors.Session
	for _, step := range steps {
		var err error
		switch {
		case step.New != nil:
			config := strings.Replace(string(step.New), "https://", fmt.Sprintf("https://n%d.", round%100), 1)
			session, err = i.NewSession([]byte(config))
		case step.Happened != nil:
			_, err = session.Step(step.Happened)
		case step.Chunk != nil:
			p, fault := step.Chunk.Bytes(file.Fragments)
			require.NoError(t, fault)
			_, _, err = session.Chunk(step.Attempt, step.Now, p)
		case step.Snapshot:
			_, err = session.Snapshot()
		}
		if _, refused := err.(vectors.Refusal); err != nil && !refused {
			t.Fatal(err)
		}
		if session == nil {
			return nil
		}
	}
	return session
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
