package jsonscan_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

func TestGetFollowsAPathThroughObjects(t *testing.T) {
	v := jsonscan.Parse(" {\"a\" : {\"b\":[1, {\"c\":\"x\\u00e9\\n\"}], \"b\":2}, \"n\":null} tail")
	require.Equal(t, jsonscan.Object, v.Kind())
	require.Equal(t, jsonscan.Value("1"), v.Get("a.b").First())
	require.Equal(t, jsonscan.Missing, v.Get("a.b.c").Kind(), "an array has no keys")
	require.Equal(t, jsonscan.Null, v.Get("n").Kind())
	require.True(t, v.Get("n").Empty())
	require.True(t, v.Get("nope.deeper").Empty())
	it := v.Get("a.b").Iter()
	require.True(t, it.Next())
	require.True(t, it.Next())
	require.Equal(t, "xé\n", it.Value.Get("c").Str())
	require.False(t, it.Next())
	require.False(t, it.Next())
}

func TestIndexIsThePositionOfAWordInAList(t *testing.T) {
	require.Equal(t, 0, jsonscan.Index("a bc d", "a"))
	require.Equal(t, 1, jsonscan.Parse(`"bc"`).In("a bc d"))
	require.Equal(t, 2, jsonscan.Index("a bc d", "d"))
	for _, word := range []string{"", "b", "c d", "a bc", "e"} {
		require.Equal(t, -1, jsonscan.Index("a bc d", word), word)
	}
	require.Equal(t, -1, jsonscan.Value("1").In("1 2"))
}

func TestACutOffContainerYieldsTheMembersBeforeTheCut(t *testing.T) {
	v := jsonscan.ParsePrefix(`{"error":{"type":"overloaded_error","message":"Over`)
	require.Equal(t, jsonscan.Missing, jsonscan.Parse(string(v)).Kind())
	require.Empty(t, v.Get("error"), "the inner object is itself cut off")
	v = jsonscan.ParsePrefix(`{"type":"error","message":"Over`)
	require.True(t, v.Get("type").Is("error"))
	require.Empty(t, v.Get("message"))
}

func TestStrDecodesEveryEscape(t *testing.T) {
	for in, want := range map[string]string{
		`"plain"`:               "plain",
		`"\"\\\/\b\f\n\r\t"`:    "\"\\/\b\f\n\r\t",
		`"\ud83d\ude00 \u20AC"`: "😀 €",
		`"\ud83d lone"`:         "\ufffd lone",
		`"\ude00\ud83d\ud83d"`:  "\ufffd\ufffd\ufffd",
		`"\uZZZZ"`:              "\ufffdZZZZ",
		`12.5`:                  "12.5",
		`true`:                  "true",
		`null`:                  "",
		`[1]`:                   "",
	} {
		require.Equal(t, want, jsonscan.Parse(in).Str(), in)
	}
}

func TestIntIsBounded(t *testing.T) {
	for in, want := range map[string]int64{`0`: 0, `-7`: -7, `"429"`: 429, `12.9`: 12, `999999999999999`: 999999999999999} {
		n, ok := jsonscan.Parse(in).Int()
		require.True(t, ok, in)
		require.Equal(t, want, n, in)
	}
	for _, in := range []string{``, `""`, `"x"`, `1e9`, `1e309`, `9999999999999999`, `"-"`, `true`, `{}`, `1.x`} {
		_, ok := jsonscan.Parse(in).Int()
		require.False(t, ok, in)
	}
}

func TestDepthNeedsNoStack(t *testing.T) {
	deep := strings.Repeat("[", 1<<20)
	require.Equal(t, jsonscan.Missing, jsonscan.Parse(deep).Kind())
	require.Equal(t, jsonscan.Array, jsonscan.Parse(deep+strings.Repeat("]", 1<<20)).Kind())
}

func TestAppendIntIsDecimal(t *testing.T) {
	for n, want := range map[int64]string{0: "0", -1: "-1", 120: "120", math.MaxInt64: "9223372036854775807", math.MinInt64: "-9223372036854775808"} {
		require.Equal(t, want, string(jsonscan.AppendInt(nil, n)))
	}
}

func FuzzStringsComeBackAsEncodingJSONReadsThem(f *testing.F) {
	for _, s := range []string{"", "plain", "q\"\\\n\x00\x1f", "日本 😀", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted := jsonscan.AppendString(nil, s)
		require.Equal(t, s, jsonscan.Parse(string(quoted)).Str())
		if utf8.ValidString(s) {
			var back string
			require.NoError(t, json.Unmarshal(quoted, &back))
			require.Equal(t, s, back)
		}
	})
}

func FuzzReadingAgreesWithEncodingJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"c"}],"d":null}`, `[[],{},"",-1.5e3,true]`, `{"a`, `{"a":}`, "\"\\u", "{\"a\" 1}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := jsonscan.Parse(s)
		n := 0
		for it := v.Iter(); it.Next(); n++ {
			_ = it.Key.Str() + it.Value.Get("a.b").Str()
		}
		_ = jsonscan.ParsePrefix(s).Get("a").Empty()
		var parsed any
		if json.Unmarshal([]byte(s), &parsed) != nil {
			return // only valid JSON has to agree
		}
		switch want := parsed.(type) {
		case string:
			if utf8.ValidString(s) {
				require.Equal(t, want, v.Str())
			}
		case []any:
			require.Equal(t, len(want), n)
		case map[string]any:
			require.GreaterOrEqual(t, n, len(want))
		}
	})
}
