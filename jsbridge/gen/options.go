package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"strings"
)

// option is a line of the table in retry/policy.go.
type option struct {
	name  string
	kind  string // count, wait, word or flag, as the table has them
	words []string
}

// table reads the keyed literals of Policy.options.
func (f *facts) table(info *types.Info, from *ast.FuncDecl) {
	ast.Inspect(from, func(node ast.Node) bool {
		line, ok := node.(*ast.CompositeLit)
		if !ok {
			return true
		}
		var o option
		for _, element := range line.Elts {
			pair, ok := element.(*ast.KeyValueExpr)
			if !ok {
				return true // the list itself
			}
			value := info.Types[pair.Value].Value
			switch key := pair.Key.(*ast.Ident).Name; key {
			case "name":
				o.name = constant.StringVal(value)
			case "fallback":
			case "words":
				o.words = strings.Fields(constant.StringVal(value))
			default:
				o.kind = key
			}
		}
		f.options = append(f.options, o)
		return false
	})
}

// policyTypes is the table by which TypeScript checks the options of a policy: what
// each may be.
func (f *facts) policyTypes() (string, error) {
	var b strings.Builder
	b.WriteString("\n/** What the fields of a policy may be: of the words, one. */\n" +
		"export const policyTypes: Readonly<Record<keyof Policy, \"number\" | \"boolean\" | \"string\" | readonly string[]>> = {\n")
	for _, o := range f.options {
		what := `"boolean"`
		switch {
		case o.kind == "count" || o.kind == "wait":
			what = `"number"`
		case len(o.words) > 0:
			what = `["` + strings.Join(o.words, `", "`) + `"]`
		case o.kind == "word":
			what = `"string"`
		}
		fmt.Fprintf(&b, "  %s: %s,\n", camel(o.name), what)
	}
	b.WriteString("};\n")
	if len(f.options) == 0 {
		return "", errors.New("retry.Policy has no function options any more")
	}
	return b.String(), nil
}
