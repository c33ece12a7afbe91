package hosttest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/hosttest/vectors"
	"github.com/steadfetch/steadfetch/hosttest/wasmhost"
	"github.com/steadfetch/steadfetch/retry"
	"github.com/steadfetch/steadfetch/retry/session"
	"github.com/steadfetch/steadfetch/wasm"
)

// sample is which of a file's vectors play on the builds of Go's own compiler: the first
// of so many. Each vector starts a Go program anew, which is slow. The long form plays
// all of them.
func sample() int { return times(5, 1) }

// playAll plays the session vectors, each on a new host: of each file the first of every
// so many. It logs the hint for a vector that Go plays and the host does not.
func playAll(t *testing.T, every int, hint string, fresh func() (vectors.Host, error)) {
	t.Helper()
	files, err := vectors.Load("../testdata/sessions")
	require.NoError(t, err)
	count, begun := 0, time.Now()
	for _, file := range files {
		for i, vector := range file.Vectors {
			if i%every != 0 {
				continue
			}
			host, err := fresh()
			require.NoError(t, err)
			_, difference, err := file.Play(vector, host)
			if err != nil || difference != "" {
				t.Errorf("%s: %s: %v\n%s", file.Name, vector.Name, err, difference)
				if _, difference, err := file.Play(vector, vectors.Native()); err == nil && difference == "" {
					t.Log(hint)
				}
			}
			require.NoError(t, host.Close())
			count++
		}
	}
	t.Logf("%d vectors in %v", count, time.Since(begun).Round(time.Millisecond))
}

func TestGoPlaysEveryVector(t *testing.T) {
	playAll(t, 1, "", func() (vectors.Host, error) { return vectors.Native(), nil })
}

func TestTheModulePlaysEveryVector(t *testing.T) {
	ctx := context.Background()
	module, err := wasmhost.Compile(ctx, wasm.Module, false)
	require.NoError(t, err)
	defer module.Close(ctx)
	playAll(t, 1, older, func() (vectors.Host, error) { return module.New(ctx) })
}

func TestTheEnginePlaysEveryVector(t *testing.T) {
	playAll(t, 1, older, func() (vectors.Host, error) {
		e, err := wasm.NewEngine(context.Background())
		return engine{e}, err
	})
}

func TestAModuleBuiltByGoPlaysTheVectors(t *testing.T) {
	if testing.Short() {
		t.Skip("building it takes a while")
	}
	code, err := os.ReadFile(buildGuest(t, "wasip1"))
	require.NoError(t, err)
	ctx := context.Background()
	module, err := wasmhost.Compile(ctx, code, false)
	require.NoError(t, err)
	defer module.Close(ctx)
	playAll(t, sample(), "Go's compiler for WebAssembly compiles it differently.", func() (vectors.Host, error) { return module.New(ctx) })
}

// engine is a wasm.Engine as a vectors.Host: it converts between JSON and Go values.
type engine struct{ e *wasm.Engine }

func (h engine) Close() error { return h.e.Close() }

func (h engine) Policy(policy []byte) ([]byte, error) {
	var p retry.Policy
	if err := vectors.Decode(policy, &p); err != nil {
		return nil, err
	}
	filled, err := h.e.Policy(p)
	return encode(filled, err)
}

func (h engine) Delay(attempt int) (int64, error) {
	d, err := h.e.Delay(attempt)
	return d.Milliseconds(), err
}

func (h engine) Share(shared []byte) error {
	var s session.Shared
	if err := vectors.Decode(shared, &s); err != nil {
		return err
	}
	_, err := h.e.Share(s)
	return err
}

func (h engine) NewSession(config []byte) (vectors.Session, error) {
	var cfg session.Config
	if err := vectors.Decode(config, &cfg); err != nil {
		return nil, err
	}
	s, err := h.e.NewSession(cfg)
	if err != nil {
		return nil, refusal(err)
	}
	return engineSession{&session.Holder{Machine: s}}, nil
}

type engineSession struct{ *session.Holder }

func (s engineSession) Step(happened []byte) ([]byte, error) {
	var h session.Happened
	if err := vectors.Decode(happened, &h); err != nil {
		return nil, err
	}
	a, err := s.Holder.Step(&h)
	return encode(a, err)
}

func (s engineSession) Chunk(attempt int, now int64, p []byte) (int, []byte, error) {
	n, a, err := s.Holder.Chunk(attempt, now, p)
	if a == nil || err != nil {
		return n, nil, err
	}
	answer, err := encode(a, nil)
	return n, answer, err
}

func (s engineSession) Snapshot() ([]byte, error) {
	snapshot, err := s.Holder.Snapshot()
	return encode(snapshot, err)
}

func (s engineSession) Rewrite(body string) (string, error) {
	rewritten, err := s.Holder.Rewrite(body)
	return rewritten, refusal(err)
}

func encode(v any, err error) ([]byte, error) {
	if err != nil {
		return nil, refusal(err)
	}
	return json.Marshal(v)
}

func refusal(err error) error {
	var refused *wasm.RefusedError
	if errors.As(err, &refused) {
		return vectors.Refusal(refused.Reason)
	}
	return err
}
