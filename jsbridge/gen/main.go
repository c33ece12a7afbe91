// Command gen writes the TypeScript types of the shapes that cross the
// module's boundary, from the Go types that define them, with the names that
// TypeScript gives them:
//
//	go run -C jsbridge/gen . -o ../src/engine/shapes.gen.ts
//	go run -C jsbridge/gen . -o ../src/engine/shapes.gen.ts -check
//
// It also writes what each option of a policy may be, from the table in package
// retry.
//
// With -check it writes nothing, and fails if the file is not what it would
// write. It is a module of its own so that the main module stays free of the
// TypeScript printer's dependencies.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/coder/guts"
	"github.com/coder/guts/bindings"
	"github.com/coder/guts/config"

	_ "github.com/steadfetch/steadfetch/classify"
	_ "github.com/steadfetch/steadfetch/internal/protocol"
	_ "github.com/steadfetch/steadfetch/retry"
	_ "github.com/steadfetch/steadfetch/retry/session"
)

const root = "github.com/steadfetch/steadfetch/"

var packages = []string{root + "classify", root + "retry", root + "retry/session", root + "internal/protocol"}

// shapes are the types that cross the boundary, in the order of the output.
// What a package exports besides is no shape.
var shapes = []string{
	"Kind", "ErrorInfo", "Event", "Failure", "Verdict", "Step", "Trail",
	"Policy", "Request", "Config", "Happened", "Answer", "Resume", "Shared", "ChatStreamRetry", "Snapshot", "About", "Ending",
}

const head = `// Written by jsbridge/gen from the Go types. Do not edit: change those and run "npm run gen".

`

func main() {
	out := flag.String("o", "", "the `file` to write; default standard output")
	check := flag.Bool("check", false, "write nothing; fail if the file differs")
	flag.Parse()
	if err := run(*out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(out string, check bool) error {
	text, err := generate()
	if err != nil {
		return err
	}
	if out == "" {
		_, err = os.Stdout.WriteString(text)
		return err
	}
	if !check {
		return os.WriteFile(out, []byte(text), 0o644)
	}
	have, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, []byte(text)) {
		return fmt.Errorf("%s is not what the Go types say: run \"npm run gen\"", out)
	}
	return nil
}

func generate() (string, error) {
	parser, err := guts.NewGolangParser()
	if err != nil {
		return "", err
	}
	for _, p := range packages {
		if err := parser.IncludeGenerate(p); err != nil {
			return "", err
		}
	}
	parser.IncludeCustomDeclaration(config.StandardMappings())
	facts := read(parser)
	for _, pkg := range parser.Pkgs {
		pkg.Types = only(pkg.Types)
	}
	ts, err := parser.ToTypescript()
	if err != nil {
		return "", err
	}
	ts.ApplyMutations(
		config.EnumAsTypes,
		config.SimplifyOptional,
		config.NotNullMaps,
		config.ExportTypes,
		func(ts *guts.Typescript) { narrow(ts, facts) },
		rename,
	)
	var misses []error
	text, err := ts.SerializeInOrder(func(nodes map[string]bindings.Node) (wanted []bindings.Node) {
		for _, name := range shapes {
			if n, ok := nodes[name]; ok {
				wanted = append(wanted, n)
			} else {
				misses = append(misses, fmt.Errorf("there is no type %s any more", name))
			}
		}
		return wanted
	})
	if err := errors.Join(append(misses, err)...); err != nil {
		return "", err
	}
	table, err := options(facts)
	return head + document(text, facts) + maps(text) + table, err
}

// rename gives the fields the names that TypeScript users see. Where they cross
// the boundary, they have those of the json tags.
func rename(ts *guts.Typescript) {
	for _, name := range shapes {
		node, _ := ts.Node(name)
		if shape, ok := node.(*bindings.Interface); ok {
			for _, field := range shape.Fields {
				field.Name = camel(field.Name)
			}
		}
	}
}

var record = regexp.MustCompile(`(?m)^ +(?:readonly )?(\w+)\??: Record<`)

// maps lists the fields whose own keys are data, and keep their names.
func maps(text string) string {
	var names []string
	for _, m := range record.FindAllStringSubmatch(text, -1) {
		if name := fmt.Sprintf("%q", m[1]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return "\n/** Fields whose own keys are data: they are not renamed. */\n" +
		"export const maps: readonly string[] = [" + strings.Join(names, ", ") + "];\n"
}

// only is p without what is no shape, and no value of one. Much of that has
// no TypeScript form.
func only(p *types.Package) *types.Package {
	q := types.NewPackage(p.Path(), p.Name())
	for _, name := range p.Scope().Names() {
		obj := p.Scope().Lookup(name)
		named, _ := obj.Type().(*types.Named)
		if obj.Exported() && named != nil && slices.Contains(shapes, named.Obj().Name()) {
			q.Scope().Insert(obj)
		}
	}
	return q
}

// narrow gives the fields that hold a word the union of its values as a type.
func narrow(ts *guts.Typescript, f facts) {
	for _, name := range shapes {
		node, _ := ts.Node(name)
		shape, ok := node.(*bindings.Interface)
		if !ok {
			continue
		}
		for _, field := range shape.Fields {
			values := f.enums[f.types[name+"."+camel(field.Name)]]
			if name == "Policy" {
				values = f.optionWords(field.Name)
			}
			if len(values) > 0 {
				field.Type = union(values)
			}
		}
	}
}

func union(words []string) bindings.ExpressionType {
	var values []bindings.ExpressionType
	for _, word := range words {
		values = append(values, &bindings.LiteralType{Value: word})
	}
	return bindings.Union(values...)
}

// facts are what the printer leaves out: comments, the words that a string can
// be, and the options of a policy.
type facts struct {
	values  map[string]string   // of the constants
	enums   map[string][]string // the values of a string type, as they stand in the source
	types   map[string]string   // the type of a field, by "Type.jsonName"
	docs    map[string]string   // by "Type" or "Type.jsonName"
	names   map[string]string   // "Type.Field" to the name in TypeScript
	options []option
	most    string // of their numbers
}

func read(parser *guts.GoParser) facts {
	f := facts{values: map[string]string{}, enums: map[string][]string{}, types: map[string]string{}, docs: map[string]string{}, names: map[string]string{}}
	for _, pkg := range parser.Pkgs {
		for _, file := range pkg.Syntax {
			for _, decl := range file.Decls {
				if table := tableOf(decl); table != nil {
					f.table(pkg.Types, pkg.TypesInfo, table)
				}
				gen, ok := decl.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, spec := range gen.Specs {
					switch spec := spec.(type) {
					case *ast.ValueSpec:
						f.constants(pkg.TypesInfo, spec)
					case *ast.TypeSpec:
						doc := spec.Doc.Text()
						if doc == "" {
							doc = gen.Doc.Text()
						}
						f.shape(pkg.TypesInfo, spec, doc)
					}
				}
			}
		}
	}
	return f
}

func (f *facts) constants(info *types.Info, spec *ast.ValueSpec) {
	for _, name := range spec.Names {
		c, ok := info.Defs[name].(*types.Const)
		if !ok || !name.IsExported() || c.Val().Kind() != constant.String {
			continue
		}
		value := constant.StringVal(c.Val())
		switch t := c.Type().(type) {
		case *types.Basic:
			f.values[name.Name] = value
		case *types.Named:
			if enum := t.Obj().Name(); !slices.Contains(shapes, enum) {
				f.values[name.Name] = value
				f.enums[enum] = append(f.enums[enum], value)
			}
		}
	}
}

func (f *facts) shape(info *types.Info, spec *ast.TypeSpec, doc string) {
	name := spec.Name.Name
	if !slices.Contains(shapes, name) {
		return
	}
	f.docs[name] = doc
	st, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range st.Fields.List {
		if field.Tag == nil || len(field.Names) == 0 {
			continue
		}
		tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json")
		json, _, _ := strings.Cut(tag, ",")
		json = camel(json)
		text := field.Doc.Text()
		if text == "" {
			text = field.Comment.Text()
		}
		f.docs[name+"."+json] = text
		f.names[name+"."+field.Names[0].Name] = json
		if named, ok := info.TypeOf(field.Type).(*types.Named); ok {
			f.types[name+"."+json] = named.Obj().Name()
		}
	}
}

var (
	opens  = regexp.MustCompile(`^export (?:interface|type) (\w+)`)
	member = regexp.MustCompile(`^ {4}readonly (\w+)\??:|^ {4}(\w+)\??:`)
	dotted = regexp.MustCompile(`\b([A-Z]\w+)\.([A-Z]\w+)\b`)
	word   = regexp.MustCompile(`[\w.]*\b[A-Z]\w+\b`)
	source = regexp.MustCompile(`(?m)^(// From| *// this is likely an enum) .*\n`)
)

// document puts the Go comments before what they speak of, with the names
// that TypeScript knows.
func document(text string, f facts) string {
	var b strings.Builder
	var shape string
	text = source.ReplaceAllString(text, "")
	for line := range strings.Lines(strings.TrimSpace(text) + "\n") {
		if m := opens.FindStringSubmatch(line); m != nil {
			shape = m[1]
			comment(&b, "", f.words(shape, f.docs[shape]))
		} else if m := member.FindStringSubmatch(line); m != nil {
			comment(&b, "  ", f.words(shape, f.docs[shape+"."+m[1]+m[2]]))
		}
		if rest, ok := strings.CutPrefix(line, "    "); ok {
			line = "  " + rest
		}
		b.WriteString(line)
	}
	return b.String()
}

// words replaces the Go names in a comment.
func (f facts) words(shape, doc string) string {
	doc = dotted.ReplaceAllStringFunc(doc, func(s string) string {
		if json, ok := f.names[s]; ok {
			return strings.SplitN(s, ".", 2)[0] + "." + json
		}
		return s
	})
	return word.ReplaceAllStringFunc(doc, func(s string) string {
		if json, ok := f.names[shape+"."+s]; ok && !slices.Contains(shapes, s) {
			return "`" + json + "`"
		}
		// A list of words names no value.
		if value, ok := f.values[s]; ok && !slices.Contains(shapes, s) && !strings.Contains(value, " ") {
			return fmt.Sprintf("%q", value)
		}
		return s
	})
}

func comment(b *strings.Builder, indent, doc string) {
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(doc, "*/", "* /")), "\n")
	switch {
	case lines[0] == "":
	case len(lines) == 1:
		b.WriteString(indent + "/** " + lines[0] + " */\n")
	default:
		b.WriteString(indent + "/**\n")
		for _, line := range lines {
			b.WriteString(strings.TrimRight(indent+" * "+line, " ") + "\n")
		}
		b.WriteString(indent + " */\n")
	}
}
