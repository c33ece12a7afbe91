package differential

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/hosttest/wasmhost"
	"github.com/steadfetch/steadfetch/wasm"
)

var (
	cases = flag.Int("cases", 20_000, "how many calls are made")
	seed  = flag.Uint64("seed", 1, "of the random calls")
	// Go's own builds take long to build, and the one for JavaScript is slow.
	every = flag.Bool("every", false, "also compare Go's own builds for WASI and JavaScript")
)

// batch is the least number of calls that are sent to a build at once.
const batch = 1000

func TestEveryBuildGivesTheSameAnswers(t *testing.T) {
	d, err := load("../../testdata", corpus(t))
	require.NoError(t, err)
	d.Rand = rand.New(rand.NewPCG(*seed, 2))
	others := builds(t)
	reference := &native{}
	names := map[string]int{}
	asked := 0
	for asked < *cases {
		var calls []*Call
		var want []uint32
		var answers []Answer
		ask := func(c *Call) (Answer, error) {
			a, err := reference.ask(c)
			if err == nil {
				calls, want, answers = append(calls, c), append(want, a.digest()), append(answers, bytes.Clone(a))
				names[c.Name]++
			}
			return a, err
		}
		for len(calls) < batch {
			if d.chance(8) {
				require.NoError(t, d.talk(reference, 10+d.IntN(60), ask))
			} else {
				_, err := ask(d.loose())
				require.NoError(t, err)
			}
		}
		for _, other := range others {
			got, err := other.digests(calls)
			require.NoError(t, err, other.name)
			require.Len(t, got, len(want), other.name)
			for i := range want {
				require.Equal(t, want[i], got[i], "%s answers %s of session %d differently: attempt %d, now %.0f, %q\nGo says %q",
					other.name, calls[i].Name, calls[i].Session, calls[i].Attempt, calls[i].Now, calls[i].In, answers[i])
			}
		}
		asked += len(calls)
	}
	list := make([]string, len(others))
	for i, other := range others {
		list[i] = other.name
	}
	t.Logf("%d calls, the same answers from Go, %s: %v", asked, strings.Join(list, ", "), names)
	require.Greater(t, len(names), 12, "the calls vary too little")
}

// build is a build of the engine that is compared with Go.
type build struct {
	name    string
	digests func([]*Call) ([]uint32, error)
}

func builds(t *testing.T) []build {
	t.Helper()
	list := []build{onWazero(t, "the module on wazero", wasm.Module)}
	if node, err := exec.LookPath("node"); err == nil {
		list = append(list, inNode(t, node, "the module in Node.js", "module", "../../wasm/steadfetch.wasm"))
		plain := "../../jsbridge/dist/plain.js"
		if _, err := os.Stat(plain); err == nil {
			list = append(list, inNode(t, node, "the module as plain JavaScript", "plain", plain))
		}
		if *every {
			root, err := exec.Command("go", "env", "GOROOT").Output()
			require.NoError(t, err)
			support := filepath.Join(string(bytes.TrimSpace(root)), "lib", "wasm", "wasm_exec.js")
			list = append(list, inNode(t, node, "Go's own build for JavaScript", "go", goBuild(t, "js"), support))
		}
	}
	if *every {
		code, err := os.ReadFile(goBuild(t, "wasip1"))
		require.NoError(t, err)
		list = append(list, onWazero(t, "Go's own build for WASI", code))
	}
	return list
}

func onWazero(t *testing.T, name string, code []byte) build {
	t.Helper()
	ctx := context.Background()
	compiled, err := wasmhost.Compile(ctx, code, false)
	require.NoError(t, err)
	t.Cleanup(func() { _ = compiled.Close(ctx) })
	i, err := compiled.New(ctx)
	require.NoError(t, err)
	m := &module{i: i}
	return build{name, func(calls []*Call) (digests []uint32, err error) {
		for _, c := range calls {
			a, err := m.ask(c)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Name, err)
			}
			digests = append(digests, a.digest())
		}
		return digests, nil
	}}
}

func inNode(t *testing.T, node, name string, args ...string) build {
	t.Helper()
	for i := 1; i < len(args); i++ {
		path, err := filepath.Abs(args[i])
		require.NoError(t, err)
		args[i] = path
	}
	cmd := exec.Command(node, append([]string{"differential.mjs"}, args...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill() // Go's own build does not exit by itself
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(out)
	return build{name, func(calls []*Call) (digests []uint32, err error) {
		text, err := json.Marshal(calls)
		if err != nil {
			return nil, err
		}
		if _, err := in.Write(append(text, '\n')); err != nil {
			return nil, err
		}
		line, err := lines.ReadBytes('\n')
		if err != nil && (err != io.EOF || len(line) == 0) {
			return nil, fmt.Errorf("it exited: %w", err)
		}
		return digests, json.Unmarshal(line, &digests)
	}}
}

// goBuild builds wasm/guest with Go's own compiler.
func goBuild(t *testing.T, goos string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "guest.wasm")
	mode := map[string]string{"wasip1": "c-shared", "js": "default"}[goos]
	cmd := exec.Command("go", "build", "-buildmode="+mode, "-o", path, "../../wasm/guest")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=wasm", "GOFLAGS=") // flags such as -race do not work for wasm
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// corpus returns the real errors of testdata/corpus, as failures in JSON.
func corpus(t *testing.T) (list []string) {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/corpus/*.jsonl")
	require.NoError(t, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			var f classify.Failure
			var wrongType *json.UnmarshalTypeError
			if err := json.Unmarshal([]byte(line), &f); err != nil && !errors.As(err, &wrongType) {
				continue
			}
			failure, err := json.Marshal(f)
			require.NoError(t, err)
			list = append(list, string(failure))
		}
	}
	require.NotEmpty(t, list)
	return list
}
