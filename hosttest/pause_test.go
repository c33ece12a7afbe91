package hosttest

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/vectors"
)

const pauseEpoch = 1_800_000_000_000

// openStream returns a session whose answer has just begun.
func openStream(t *testing.T, h vectors.Host) vectors.Session {
	t.Helper()
	s, err := h.NewSession([]byte(`{"request":{"method":"POST","url":"https://api.openai.com/v1/chat/completions","body":"{\"stream\":true}"}}`))
	require.NoError(t, err)
	for _, happened := range []string{
		`{"what":"start","now":1800000000000}`,
		`{"what":"response","now":1800000000000,"attempt":1,"status":200,"headers":{"content-type":"text/event-stream"}}`,
	} {
		_, err = s.Step([]byte(happened))
		require.NoError(t, err)
	}
	return s
}

// TestNoCallTakesLongWhateverIsHeld has 300 open streams, each in the middle of a long
// event, text or random bytes, 84 MiB together. The host holds these bytes, and the
// garbage collector does not take the bytes that the module keeps for pointers;
// otherwise a call would take minutes.
func TestNoCallTakesLongWhateverIsHeld(t *testing.T) {
	i := newInstance(t)
	dice := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 28<<10)
	for at := range random {
		if random[at] = byte(dice.Uint32()); random[at] < ' ' {
			random[at] = 'x'
		}
	}
	text := []byte(strings.Repeat("It was a bright cold day in April. ", len(random)/35))
	var worst time.Duration
	timed := func(call func()) {
		begun := time.Now()
		call()
		worst = max(worst, time.Since(begun))
	}
	var open []vectors.Session
	for n := range 300 {
		s := openStream(t, i)
		open = append(open, s)
		chunk, start := text, `data: {"choices":[{"index":0,"delta":{"content":"`
		if n%2 == 0 {
			chunk, start = random, "data: "
		}
		_, _, err := s.Chunk(1, pauseEpoch, []byte(start))
		require.NoError(t, err)
		for range 10 {
			timed(func() { _, _, err = s.Chunk(1, pauseEpoch, chunk) })
			require.NoError(t, err)
		}
	}
	failure, err := json.Marshal(map[string]any{"status": 429, "body": strings.Repeat("Too many requests. ", 3000)})
	require.NoError(t, err)
	for range 200 {
		timed(func() { _, err = i.Classify(failure) })
		require.NoError(t, err)
	}
	for _, s := range open {
		require.NoError(t, s.Close())
	}
	t.Logf("the worst call took %v; %d KiB of memory", worst, i.Memory()>>10)
	require.LessOrEqual(t, i.Memory(), 4<<20)
	// Typically it is 5 ms or less. A collector that scans the held bytes takes minutes,
	// far longer than any busy machine.
	require.Less(t, worst, 10*time.Second)
}

// TestWhatIsHeldBeforeTheFirstOutputIsBounded sends many comments and pings, and one
// endless line.
func TestWhatIsHeldBeforeTheFirstOutputIsBounded(t *testing.T) {
	for name, event := range map[string]string{
		"comments": ": " + strings.Repeat("x", 1000) + "\n\n",
		"pings":    "event: ping\ndata: {\"type\":\"ping\"}\n\n",
		"a line":   ": x",
	} {
		i := newInstance(t)
		s := openStream(t, i)
		chunk := []byte(strings.Repeat(event, 1<<20/len(event)))
		for range 64 {
			_, _, err := s.Chunk(1, pauseEpoch, chunk)
			require.NoError(t, err)
		}
		type holder interface{ Held() int }
		require.LessOrEqual(t, s.(holder).Held(), 17<<20, name)
		require.LessOrEqual(t, i.Memory(), 4<<20, name)
	}
}
