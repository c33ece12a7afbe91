package hosttest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// inNode runs the vectors in Node.js, with additional environment variables.
func inNode(t *testing.T, env ...string) {
	t.Helper()
	cmd := exec.Command(node(t), "--test", "node.test.mjs")
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "# pass 4", "%s", out)
}

// node returns the path of the program. Without it the test is skipped, or fails in
// CI.
func node(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		const what = "there is no node: the session and classify vectors are not run in Node.js"
		if os.Getenv("CI") != "" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	return path
}

func TestNodePlaysEveryVectorOnTheModule(t *testing.T) { inNode(t) }

func TestNodePlaysTheVectorsOnAModuleBuiltByGoForJavaScript(t *testing.T) {
	if testing.Short() {
		t.Skip("building it takes a while")
	}
	node(t)
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	support := filepath.Join(string(bytes.TrimSpace(root)), "lib", "wasm", "wasm_exec.js")
	require.FileExists(t, support)
	inNode(t, "STEADFETCH_MODULE="+buildGuest(t, "js"), "STEADFETCH_WASM_EXEC="+support, fmt.Sprintf("STEADFETCH_SAMPLE=%d", sample()))
}

// buildGuest builds wasm/guest with Go's own compiler.
func buildGuest(t *testing.T, goos string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "guest.wasm")
	mode := "default"
	if goos == "wasip1" {
		mode = "c-shared"
	}
	cmd := exec.Command("go", "build", "-buildmode="+mode, "-o", path, "../wasm/guest")
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "GOFLAGS=") { // flags such as -race do not work for wasm
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, "GOOS="+goos, "GOARCH=wasm")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}
