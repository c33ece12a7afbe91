package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"regexp"
	"strings"
)

// option is a line of the table in retry/policy.go.
type option struct {
	name     string
	kind     string // count, wait, word or flag, as the table has them
	fallback string
	words    []string
}

// table reads the keyed literals of Policy.options.
func (f *facts) table(pkg *types.Package, info *types.Info, from *ast.FuncDecl) {
	if most, ok := pkg.Scope().Lookup("maxNumber").(*types.Const); ok {
		f.most = most.Val().ExactString()
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
			case "fallback":
				o.fallback = value.ExactString()
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

const optionsHead = `/** What an option of a policy may be. */
export interface PolicyOption {
  /** as the wire has it */
  name: string;
  /** as options are named in JavaScript */
  key: string;
  /** A wait is in milliseconds. Counts and waits are whole numbers from 0, which is off, to max. */
  kind: "count" | "wait" | "word" | "flag";
  max?: number;
  /** of a count or a wait; left out where it is off */
  default?: number;
  /** what a word may be */
  words?: readonly string[];
}

export const policyOptions: readonly PolicyOption[] = [
`

// options is the table as TypeScript.
func options(f facts) (string, error) {
	var b strings.Builder
	b.WriteString(optionsHead)
	for _, o := range f.options {
		fmt.Fprintf(&b, "  { name: %q, key: %q, kind: %q", o.name, camel(o.name), o.kind)
		switch o.kind {
		case "count", "wait":
			b.WriteString(", max: " + f.most)
			if o.fallback != "-1" {
				b.WriteString(", default: " + o.fallback)
			}
		case "word":
			b.WriteString(`, words: ["` + strings.Join(o.words, `", "`) + `"]`)
		}
		b.WriteString(" },\n")
	}
	b.WriteString("];\n")
	if len(f.options) == 0 || f.most == "" {
		return "", errors.New("retry has no function options or no maxNumber any more")
	}
	return b.String(), nil
}

var joint = regexp.MustCompile(`_\w`)

func camel(name string) string {
	return joint.ReplaceAllStringFunc(name, func(s string) string { return strings.ToUpper(s[1:]) })
}
