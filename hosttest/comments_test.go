package hosttest

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// public lists the packages that programs import.
var public = []string{"classify", "retry", "retry/session", "retry/transport", "wasm", "hosttest/chattest"}

// TestPublicPackagesAreDocumented looks for exported names without a comment. A
// comment on a group of constants counts for all of them.
func TestPublicPackagesAreDocumented(t *testing.T) {
	for _, dir := range public {
		set := token.NewFileSet()
		paths, err := filepath.Glob("../" + dir + "/*.go")
		require.NoError(t, err)
		var files []*ast.File
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_tinygo.go") {
				continue
			}
			file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
			require.NoError(t, err)
			files = append(files, file)
		}
		pkg, err := doc.NewFromFiles(set, files, "github.com/steadfetch/steadfetch/"+dir)
		require.NoError(t, err)
		require.NotEmpty(t, pkg.Doc, dir)

		missing := func(name, text string) {
			if ast.IsExported(name) && strings.TrimSpace(text) == "" {
				t.Errorf("%s: %s has no comment", dir, name)
			}
		}
		functions := func(list []*doc.Func) {
			for _, f := range list {
				missing(f.Name, f.Doc)
			}
		}
		values := func(list []*doc.Value) {
			for _, v := range list {
				for _, spec := range v.Decl.Specs {
					spec := spec.(*ast.ValueSpec)
					for _, name := range spec.Names {
						missing(name.Name, v.Doc+spec.Doc.Text()+spec.Comment.Text())
					}
				}
			}
		}
		functions(pkg.Funcs)
		values(pkg.Consts)
		values(pkg.Vars)
		for _, typ := range pkg.Types {
			missing(typ.Name, typ.Doc)
			functions(typ.Funcs)
			functions(typ.Methods)
			values(typ.Consts)
			values(typ.Vars)
		}
	}
}
