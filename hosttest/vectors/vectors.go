// Package vectors reads and plays the session vectors of testdata/sessions: lists of
// what happens and what the engine must answer, the same on every host of the engine.
// testdata/README.md describes the files.
package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// File is a file of vectors on one theme.
type File struct {
	Name string `json:"-"` // without its folder and .json
	path string

	About     string            `json:"about"`
	Fragments map[string]string `json:"fragments,omitempty"`
	Vectors   []*Vector         `json:"vectors"`
}

// Vector is a list of steps, played on a new instance.
type Vector struct {
	Name  string  `json:"name"`
	Steps []*Step `json:"steps"`
}

// Step is one call of the engine. One of New, Happened, Chunk, Snapshot,
// Rewrite, Share, Policy and Delay is set; Result is what the call must return.
type Step struct {
	Session  int             `json:"session,omitempty"` // which one, in the order of creation, from 0
	New      json.RawMessage `json:"new,omitempty"`
	Happened json.RawMessage `json:"happened,omitempty"`
	Chunk    *Text           `json:"chunk,omitempty"`
	Attempt  int             `json:"attempt,omitempty"` // of Chunk
	Now      int64           `json:"now,omitempty"`     // of Chunk
	Snapshot bool            `json:"snapshot,omitempty"`
	Rewrite  *string         `json:"rewrite,omitempty"`
	Share    json.RawMessage `json:"share,omitempty"`
	Policy   json.RawMessage `json:"policy,omitempty"`
	Delay    *int            `json:"delay,omitempty"`

	Result
}

// Result is what a call returns.
type Result struct {
	Answer  json.RawMessage `json:"answer,omitempty"`
	Bytes   *Text           `json:"bytes,omitempty"` // what is released to the consumer
	Refused string          `json:"refused,omitempty"`
}

// Load reads all files of a folder. An unknown field is an error.
func Load(dir string) ([]*File, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("vectors: no files in %s (%v)", dir, err)
	}
	var files []*File
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		f := &File{Name: strings.TrimSuffix(filepath.Base(path), ".json"), path: path}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(f); err != nil {
			return nil, fmt.Errorf("vectors: %s: %w", path, err)
		}
		seen := map[string]bool{}
		for _, v := range f.Vectors {
			if seen[v.Name] || v.Name == "" {
				return nil, fmt.Errorf("vectors: %s: the name %q is empty or not unique", path, v.Name)
			}
			seen[v.Name] = true
		}
		files = append(files, f)
	}
	return files, nil
}

// Save writes the file, formatted for readers: a step takes two lines, what happened
// and its result.
func (f *File) Save() error { return os.WriteFile(f.path, f.format(), 0o644) }

// New returns an empty file with a path.
func New(path, about string) *File {
	return &File{Name: strings.TrimSuffix(filepath.Base(path), ".json"), path: path, About: about, Fragments: map[string]string{}}
}

func (f *File) format() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n\t\"about\": %s,\n", compact(f.About))
	if len(f.Fragments) > 0 {
		b.WriteString("\t\"fragments\": {\n")
		for i, name := range sortedKeys(f.Fragments) {
			fmt.Fprintf(&b, "%s\t\t%s: %s", separator(i), compact(name), compact(f.Fragments[name]))
		}
		b.WriteString("\n\t},\n")
	}
	b.WriteString("\t\"vectors\": [\n")
	for i, v := range f.Vectors {
		fmt.Fprintf(&b, "%s\t\t{\n\t\t\t\"name\": %s,\n\t\t\t\"steps\": [\n", separator(i), compact(v.Name))
		for i, s := range v.Steps {
			in := *s
			in.Result = Result{}
			line := compact(in)
			out := compact(s.Result)
			if out != "{}" {
				line = strings.TrimSuffix(line, "}") + ",\n\t\t\t\t " + strings.TrimPrefix(out, "{")
			}
			fmt.Fprintf(&b, "%s\t\t\t\t%s", separator(i), line)
		}
		b.WriteString("\n\t\t\t]\n\t\t}")
	}
	b.WriteString("\n\t]\n}\n")
	return b.Bytes()
}

func separator(i int) string {
	if i == 0 {
		return ""
	}
	return ",\n"
}

// compact returns v as JSON on one line, without escaping <, > and &.
func compact(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // everything that is written was read as JSON
	}
	return strings.TrimSpace(b.String())
}

// Equal reports whether two JSON texts have the same value.
func Equal(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	return reflect.DeepEqual(decode(a), decode(b))
}

func decode(text json.RawMessage) (v any) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return err
	}
	return v
}
