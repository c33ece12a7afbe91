package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"strings"

	"github.com/steadfetch/steadfetch/internal/protocol"
)

// option is a line of the table in retry/policy.go.
type option struct {
	name  string
	kind  string // count, wait, word or flag, as the table has them
	words []string
}

// tableOf is the list in a declaration of options, nil for any other.
func tableOf(decl ast.Decl) ast.Node {
	of, ok := decl.(*ast.GenDecl)
	if !ok || of.Tok != token.VAR {
		return nil
	}
	spec := of.Specs[0].(*ast.ValueSpec)
	if spec.Names[0].Name != "options" {
		return nil
	}
	return spec.Values[0]
}

// table reads the keyed literals of retry's options.
func (f *facts) table(pkg *types.Package, info *types.Info, from ast.Node) {
	if most, ok := pkg.Scope().Lookup("maxNumber").(*types.Const); ok {
		f.most = most.Val().ExactString()
	}
	protocolNames := ""
	if names, ok := pkg.Scope().Lookup("protocolNames").(*types.Const); ok {
		protocolNames = constant.StringVal(names.Val())
	}
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
			case "at", "fallback": // the core's business
			case "words":
				o.words = strings.Fields(constant.StringVal(value))
				if constant.StringVal(value) == protocolNames {
					o.words = strings.Fields(protocol.Names())
				}
			case "kind":
				o.kind = pair.Value.(*ast.Ident).Name
			}
		}
		f.options = append(f.options, o)
		return false
	})
}

// optionWords are the words that an option can be, nil for any.
func (f *facts) optionWords(name string) []string {
	for _, o := range f.options {
		if o.name == name {
			return o.words
		}
	}
	return nil
}

// options is the table as TypeScript, by which options are checked.
func options(f facts) (string, error) {
	if len(f.options) == 0 || f.most == "" {
		return "", errors.New("retry has no table options or no maxNumber any more")
	}
	var b strings.Builder
	b.WriteString("\n/** What the fields of a policy may be: of words, one. */\n" +
		"export const policyTypes: Readonly<Record<keyof Policy, \"number\" | \"boolean\" | \"string\" | readonly string[]>> = {\n")
	for _, o := range f.options {
		what := `"string"`
		switch {
		case o.kind == "count", o.kind == "wait":
			what = `"number"`
		case o.kind == "flag":
			what = `"boolean"`
		case len(o.words) > 0:
			what = `["` + strings.Join(o.words, `", "`) + `"]`
		}
		fmt.Fprintf(&b, "  %s: %s,\n", camel(o.name), what)
	}
	fmt.Fprintf(&b, "};\n\n/** The most that a number among them can be. */\nexport const mostNumber = %s;\n", f.most)
	return b.String(), nil
}

var joint = regexp.MustCompile(`_\w`)

// camel is delayMs for delay_ms.
func camel(name string) string {
	return joint.ReplaceAllStringFunc(name, func(s string) string { return strings.ToUpper(s[1:]) })
}
