package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// textOf reads an event with this data, in chunks of some size, and gives what a host makes of its row. asked says
// that the host has to ask for the text.
func textOf(t *testing.T, data string, size int) (text string, asked bool) {
	t.Helper()
	body := "data: " + data + "\n\n"
	r := &consumer{}
	var found []row
	for at := 0; at < len(body); at += size {
		r.fed = r.reader.Pos()
		r.reader.Feed([]byte(body[at:min(at+size, len(body))]))
		for r.reader.Next(&r.event) {
			var one row
			if r.report(&one) {
				for column := 1; column < 12; column++ {
					one[column] += int32(r.fed) // of the whole stream
				}
				found = append(found, one)
			}
		}
	}
	require.Len(t, found, 1)
	require.Equal(t, data, body[found[0][4]:found[0][5]])
	if found[0][12] != 0 {
		return "", true
	}
	if from, to := found[0][8], found[0][9]; from <= to {
		require.NoError(t, json.Unmarshal([]byte(`"`+body[from:to]+`"`), &text))
	}
	return text, false
}

// parts is an event of Gemini's.
func parts(list ...string) string {
	return `{"candidates":[{"content":{"parts":[` + strings.Join(list, ",") + `],"role":"model"},"index":0}]}`
}

func saying(text string) string { return `{"text":"` + text + `"}` }

func image(n int) string {
	return `{"inlineData":{"mimeType":"image/png","data":"` + strings.Repeat("A", n) + `"}}`
}

func TestTheTextOfALongEventIsToldByItsPlaces(t *testing.T) {
	long := image(9000)
	for name, data := range map[string]string{
		"an image":                   parts(long),
		"a text behind an image":     parts(long, saying("a cat")),
		"a text in front of one":     parts(saying("a \\\"cat\\\""), long),
		"a long text":                parts(saying(strings.Repeat("It was a bright cold day. ", 900))),
		"a long text of escapes":     parts(saying(strings.Repeat(`\n\\\u00fc`, 900))),
		"a list too long to be kept": parts(long, strings.Repeat(`{"a":1},`, 9000)+saying("a cat")),
		"two images":                 parts(long, long),
		"more than can be kept":      `{"x":"` + strings.Repeat(`","y":"`, 20_000) + `",` + parts(saying("a cat"))[1:],
	} {
		for _, size := range []int{len(data) + 20, 1000, 7} {
			text, asked := textOf(t, data, size)
			if strings.Contains(name, "kept") {
				require.True(t, asked, name)
				continue
			}
			said := protocol.Say("", data)
			require.False(t, asked, name)
			require.Equal(t, said.Text.String(), text, "%s in chunks of %d", name, size)
		}
	}
}

// TestPlacesAreRightWhereverAStringIsCut tries texts about as long as what is kept of one, beside other strings.
func TestPlacesAreRightWhereverAStringIsCut(t *testing.T) {
	told := 0
	for _, unit := range []string{"x", `\n`, `x\"`, `\u00fc`, "ü"} {
		for n := 1780; n < 1800; n++ {
			text := strings.Repeat(unit, n/len(unit)+1)
			for _, data := range []string{
				parts(saying(text), image(5000)),
				parts(image(5000), saying(text)),
				parts(saying(text), `{"x":"`+strings.Repeat("y", n)+`"}`) + strings.Repeat(" ", sse.MaxKept/16),
			} {
				got, asked := textOf(t, data, 999)
				if !asked {
					told++
					said := protocol.Say("", data)
					require.Equal(t, said.Text.String(), got, fmt.Sprint(unit, n))
				}
			}
		}
	}
	require.Greater(t, told, 50)
}
