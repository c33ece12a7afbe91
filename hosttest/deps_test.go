package hosttest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// core lists the packages in the module.
var core = []string{"classify", "internal/calendar", "internal/jsonscan", "internal/protocol", "internal/sse", "internal/wire", "retry", "retry/session", "wasm/guest"}

// tooLarge lists packages that are larger than the whole module, or would bring
// clocks, random numbers or networks into it.
var tooLarge = []string{"fmt", "encoding/json", "net", "net/http", "regexp", "math/rand", "math/rand/v2", "crypto/rand", "reflect", "strconv", "os", "unicode"}

func TestTheModuleImportsOnlySmallPackages(t *testing.T) {
	for _, dir := range core {
		out, err := exec.Command("go", "list", "-tags", "tinygo", "-f", `{{join .Imports "\n"}}`, "../"+dir).Output()
		require.NoError(t, err)
		imports := strings.Fields(string(out))
		for _, forbidden := range tooLarge {
			require.NotContains(t, imports, forbidden, dir)
		}
	}
}

// Code for Go programs only, such as the plain loop, is in files that TinyGo does not
// build, so the imports are listed with its tags.
func TestTheCoreDependsOnNoClockRandomNumbersNetworkOrReflection(t *testing.T) {
	for _, dir := range core {
		out, err := exec.Command("go", "list", "-deps", "-tags", "tinygo", "../"+dir).Output()
		require.NoError(t, err)
		deps := strings.Fields(string(out))
		require.NotEmpty(t, deps)
		for _, forbidden := range []string{"fmt", "encoding/json", "net", "net/http", "regexp", "math/rand", "math/rand/v2", "crypto/rand", "reflect"} {
			require.NotContains(t, deps, forbidden, dir)
		}
	}
}

// TestTheCoreReadsNoClock checks every use of package time: the module gets the time
// from its host, and so do the sessions of a Go program. The plain loop is the only
// exception.
func TestTheCoreReadsNoClock(t *testing.T) {
	allowed := map[string]bool{
		"Duration": true, "Time": true, "UnixMilli": true, "Nanosecond": true, "Microsecond": true, "Millisecond": true, "Second": true, "Minute": true, "Hour": true,
		"RFC3339": true,
	}
	files := 0
	for _, dir := range core {
		paths, err := filepath.Glob("../" + dir + "/*.go")
		require.NoError(t, err)
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") || path == "../retry/loop.go" {
				continue
			}
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, text, 0)
			require.NoError(t, err)
			files++
			ast.Inspect(file, func(node ast.Node) bool {
				selector, ok := node.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if name, ok := selector.X.(*ast.Ident); ok && name.Name == "time" && !allowed[selector.Sel.Name] {
					t.Errorf("%s: time.%s", set.Position(selector.Pos()), selector.Sel.Name)
				}
				return true
			})
		}
	}
	require.Greater(t, files, 10)
}
