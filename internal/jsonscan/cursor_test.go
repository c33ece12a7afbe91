package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// walk steps into every container and writes down what it finds.
func walk(c *jsonscan.Cursor, out *strings.Builder) {
	switch c.Kind() {
	case jsonscan.Object:
		c.Enter('{')
		out.WriteString("{")
		for c.Member() {
			out.WriteString(c.Key + ":")
			walk(c, out)
		}
		out.WriteString("}")
	case jsonscan.Array:
		c.Enter('[')
		out.WriteString("[")
		for c.Element() {
			walk(c, out)
		}
		out.WriteString("]")
	default:
		out.WriteString(string(c.Value()) + ",")
	}
}

func TestACursorVisitsEveryValueOnceAndInOrder(t *testing.T) {
	c := jsonscan.NewCursor(" { \"a\" : [ 1 , {\"b\\u0063\":\"x\"} , [] ,{ } ] ,\"d\":null , \"e\":\"q\\\"\" } ")
	var out strings.Builder
	walk(&c, &out)
	require.Equal(t, `{a:[1,{bc:"x",}[]{}]d:null,e:"q\"",}`, out.String())
	require.True(t, c.End())
}

func TestEnteringAValueOfAnotherKindStepsOverIt(t *testing.T) {
	c := jsonscan.NewCursor(`{"a":[1,[2]],"b":{"c":3},"d":4}`)
	require.True(t, c.Enter('{'))
	require.True(t, c.Member())
	require.False(t, c.Enter('{'))
	require.True(t, c.Member())
	require.Equal(t, "b", c.Key)
	require.False(t, c.Enter('['))
	require.True(t, c.Member())
	require.Equal(t, jsonscan.Value("4"), c.Value())
	require.False(t, c.Member())
	require.True(t, c.End())
}

func TestAValueIsReturnedWithoutTheWhiteSpaceAfterIt(t *testing.T) {
	for _, value := range []string{`"x"`, `[1 , 2 ]`, `{ "a" : {} }`, `12`, `true`, `[[[]]]`} {
		c := jsonscan.NewCursor(" [ " + value + " , " + value + " ] ")
		require.True(t, c.Enter('['))
		for range 2 {
			require.True(t, c.Element())
			require.Equal(t, value, string(c.Value()))
		}
		require.False(t, c.Element())
		require.True(t, c.End(), value)
	}
}

func TestMalformedJSONIsFoundInTheSameWalk(t *testing.T) {
	for _, text := range []string{
		``, ` `, `{`, `[`, `"`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1]`, `[1}`, `{"a" 1}`, `{a:1}`, `[1 2]`, `{"a":1}x`, `{}{}`, `[1]]`,
		`{"choices":[{"index":0,"del: keep-alive`, `ta":{"content":"x"}}]}`, `{"a":"b`, `{"a":"b\"}`, `[,]`, `[1,,2]`, `{,}`, `{"a"::1}`, `:`, `[:]`,
		strings.Repeat("[", 65) + strings.Repeat("]", 65),
	} {
		c := jsonscan.NewCursor(text)
		c.Skip()
		require.False(t, c.End(), text)
		c = jsonscan.NewCursor(text)
		var out strings.Builder
		if len(text) < 100 {
			walk(&c, &out)
			require.False(t, c.End(), text)
		}
		c = jsonscan.NewCursor(text)
		if c.Enter('{') {
			for c.Member() {
				c.Skip()
			}
			require.False(t, c.End(), text)
		}
	}
}

func TestMarksSayWhichValuesMayVary(t *testing.T) {
	text := `{"id":"c1","text":"Hi","none":"","number":7,"usage":{"n":1,"ok":true,"of":["x",null]}}`
	var marks jsonscan.Marks
	c := jsonscan.NewCursor(text)
	c.Marks = &marks
	require.True(t, c.Enter('{'))
	for c.Member() {
		switch c.Key {
		case "text", "none":
			c.Text()
		case "number":
			c.Int()
		case "id":
			c.Value()
		default:
			c.Skip()
		}
	}
	require.True(t, c.End())
	list, ok := marks.List()
	require.True(t, ok)
	var got []string
	for _, m := range list {
		got = append(got, string("?utc"[m.Vary])+text[m.From:m.To])
	}
	require.Equal(t, []string{`t"Hi"`, `c7`, `u1`, `u"x"`}, got)

	marks = jsonscan.Marks{}
	c = jsonscan.NewCursor("[" + strings.Repeat("1,", 20) + "1]")
	c.Marks = &marks
	c.Skip()
	_, ok = marks.List()
	require.False(t, ok, "too many")
}

func FuzzACursorReadsJSONAsEncodingJSONDoes(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"c"}],"d":null}`, `[[],{},"",-1.5e3,true]`, `{"a`, `{"a":}`, "\"\\u", "{\"a\" 1}", ` 1 `} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := jsonscan.NewCursor(s)
		v := c.Value()
		whole := c.End()
		if json.Valid([]byte(s)) && strings.Count(s, "[")+strings.Count(s, "{") <= 64 {
			require.True(t, whole)
			require.Equal(t, strings.Trim(s, " \t\r\n"), string(v))
		}
		if whole && (v.Kind() == jsonscan.Object || v.Kind() == jsonscan.Array || v.Kind() == jsonscan.String) {
			require.Equal(t, v, jsonscan.Parse(s))
		}
		var out strings.Builder
		c = jsonscan.NewCursor(s)
		if strings.Count(s, "[")+strings.Count(s, "{") <= 64 {
			walk(&c, &out)
			require.Equal(t, whole, c.End(), "stepping into values finds the same errors as stepping over them")
		}
	})
}
