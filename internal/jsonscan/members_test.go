package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// found returns the members that are found in text when it arrives in pieces of the given size.
func found(text string, size int) (members []string, batch bool) {
	m := jsonscan.Members{Depth: 2, Found: func(path string, v jsonscan.Value) {
		members = append(members, path+"="+strings.Clone(string(v)))
	}}
	for p := []byte(text); len(p) > 0; p = p[min(size, len(p)):] {
		m.Write(p[:min(size, len(p))])
	}
	return members, m.Batch
}

func TestMembersAreFoundHoweverTheTextIsCut(t *testing.T) {
	for text, want := range map[string][]string{
		`{}`:                      nil,
		``:                        nil,
		`"stream"`:                nil,
		`true`:                    nil,
		"--boundary\r\n{}":        nil,
		`{"stream":true}`:         {`stream=true`},
		`{"stream":true`:          nil,
		`{"stream" : true , }`:    {`stream=true`},
		"\uFEFF{\"stream\":true}": {`stream=true`},
		`{"str\u0065am":true,"x":"}{\"stream\":true"}`:                               {`stream=true`, `x="}{\"stream\":true"`},
		`{"messages":[{"stream":true}],"model":"m"}`:                                 {`messages=[`, `model="m"`},
		`{"generationConfig":{"candidateCount":3,"deep":{"n":1}},"model":"m","n":2}`: {`generationConfig={`, `generationConfig.candidateCount=3`, `generationConfig.deep={`, `model="m"`, `n=2`},
		`{"a":[{"b":1},[2,{"c":3}]],"d":{"e":[1,2],"f":null},"g":false}`:             {`a=[`, `d={`, `d.e=[`, `d.f=null`, `g=false`},
		`[{"jsonrpc":"2.0","id":1},{"jsonrpc":"2.0"}]`:                               {`jsonrpc="2.0"`, `id=1`},
		`{"a":1}{"stream":true}`:                                                     {`a=1`},
		`{"long":"` + strings.Repeat("x", 300) + `","stream":true}`:                  {`stream=true`},
		`{"long":"` + strings.Repeat(`\"x\\`, 100) + `","stream":true}`:              {`stream=true`},
		`{"m":[{"x":"12345678\"},1234567\\"}],"stream":true}`:                        {`m=[`, `stream=true`},
		strings.Repeat("[", 1000):                                                    nil,
		`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `,"b":2}`:    {`a=[`, `b=2`},
	} {
		for size := 1; size <= len(text)+1; size++ {
			got, batch := found(text, size)
			require.Equal(t, want, got, "%s in pieces of %d", text, size)
			require.Equal(t, strings.HasPrefix(text, "["), batch)
		}
	}
}

// FuzzMembersAgreeWithEncodingJSON checks that the top level's literals and
// short strings are what encoding/json finds, and that no text causes a panic.
func FuzzMembersAgreeWithEncodingJSON(f *testing.F) {
	f.Add(`{"stream":true,"model":"m","a":{"b":[1]}}`)
	f.Add(`[{"jsonrpc":"2.0"}]`)
	f.Add(`{"a":"\ud83d\ude00","a":2}`)
	f.Fuzz(func(t *testing.T, text string) {
		got := map[string]string{}
		m := jsonscan.Members{Depth: 1, Found: func(path string, v jsonscan.Value) { got[path] = string(v) }}
		m.Write([]byte(text))
		var want map[string]json.RawMessage
		if m.Batch || json.Unmarshal([]byte(text), &want) != nil {
			return
		}
		for name, value := range want {
			v := string(value)
			if name == "" || len(v) > 200 || len(name) > 200 || strings.ContainsRune(name, '\uFFFD') {
				continue
			}
			if v[0] == '{' || v[0] == '[' {
				v = v[:1]
			}
			require.Equal(t, v, got[name], name)
		}
	})
}
