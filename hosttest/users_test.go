package hosttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestImportingRetryBringsNoOtherModules creates a separate Go module, and checks what
// Go downloads and compiles for it: wazero and the libraries of the tests are
// dependencies of this module, but programs that do not import wasm must not get them.
func TestImportingRetryBringsNoOtherModules(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	own := func(t *testing.T, imports string) (compiled, sums string) {
		dir := t.TempDir()
		run := func(args ...string) string {
			cmd := exec.Command("go", args...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			return string(out)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nimport _ \""+imports+"\"\n\nfunc main() {}\n"), 0o600))
		run("mod", "init", "example.com/own")
		run("mod", "edit", "-replace=github.com/steadfetch/steadfetch="+root)
		run("get", "github.com/steadfetch/steadfetch@v0.0.0")
		compiled = run("list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
		text, err := os.ReadFile(filepath.Join(dir, "go.sum"))
		if !os.IsNotExist(err) {
			require.NoError(t, err)
		}
		return compiled, string(text)
	}

	for _, alone := range []string{"classify", "retry", "retry/session", "retry/transport"} {
		t.Run(alone, func(t *testing.T) {
			compiled, sums := own(t, "github.com/steadfetch/steadfetch/"+alone)
			for _, module := range strings.Fields(compiled) {
				require.Contains(t, []string{"example.com/own", "github.com/steadfetch/steadfetch"}, module)
			}
			require.Empty(t, sums)
		})
	}
	t.Run("wasm", func(t *testing.T) {
		compiled, sums := own(t, "github.com/steadfetch/steadfetch/wasm")
		require.Contains(t, compiled, "wazero")
		require.Contains(t, sums, "wazero")
		require.NotContains(t, compiled, "testify")
	})
}
