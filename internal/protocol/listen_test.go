package protocol_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/internal/protocol"
	"github.com/steadfetch/steadfetch/internal/sse"
)

// heard is what a consumer gets of one event.
type heard struct {
	typ, data, id, text, reasoning string
	hasID, told                    bool
}

// hear reads a stream that arrives in chunks, and returns what a consumer gets.
// It checks that the text is what Say returns for the event, and that the fields
// are at the places that the event names. known counts the events that matched a
// shape; without shapes, every event is parsed.
func hear(t *testing.T, body string, chunks []string, shapes bool) (list []heard, known int) {
	t.Helper()
	var r sse.Reader
	var e sse.Event
	var l protocol.Listener
	note := func() {
		if e.Known {
			known++
		}
		text, reasoning, told := l.Hear(&r, &e)
		if !shapes {
			r.Shapes.Forget()
		}
		said := protocol.Say(e.Type, e.Data)
		if told {
			require.Equal(t, said.Text.String(), text.Str())
			require.Equal(t, said.Reasoning.String(), reasoning.Str())
		}
		if e.Lines == 0 && !e.HasID {
			return
		}
		if e.Lines == 1 && !e.Cut {
			require.Equal(t, e.Data, body[e.DataAt.From:e.DataAt.To])
		}
		if e.TypeAt.To > 0 && len(e.Type) <= 1<<10 {
			require.Equal(t, e.Type, body[e.TypeAt.From:e.TypeAt.To])
		}
		if e.HasID {
			require.Equal(t, e.ID, body[e.IDAt.From:e.IDAt.To])
		}
		list = append(list, heard{
			strings.Clone(e.Type), strings.Clone(e.Data), strings.Clone(e.ID), strings.Clone(said.Text.String()), strings.Clone(said.Reasoning.String()), e.HasID, told,
		})
	}
	readAll(&r, &e, chunks, note)
	return list, known
}

// numbered returns body with an id line in every event: after its data if line
// is "behind", otherwise before it.
func numbered(body, line string) string {
	var out strings.Builder
	n := 9
	for event := range strings.SplitSeq(body, "\n\n") {
		if event != "" {
			n++
			id := "id: " + strings.Repeat("7", n%12)
			if line == "behind" {
				out.WriteString(event + "\n" + id + "\n\n")
			} else {
				out.WriteString(id + "\n" + event + "\n\n")
			}
		}
	}
	return out.String()
}

func TestAConsumerGetsTheSameWithAndWithoutShapes(t *testing.T) {
	all := map[string]string{}
	for name, body := range streams {
		all[name] = body
		if name != "no protocol" && name != "gemini" {
			all[name+", ids in front"] = numbered(body, "front")
			all[name+", ids behind"] = numbered(body, "behind")
		}
	}
	for name, body := range all {
		t.Run(name, func(t *testing.T) {
			want, none := hear(t, body, []string{body}, false)
			require.Zero(t, none)
			got, known := hear(t, body, []string{body}, true)
			require.Equal(t, want, got)
			if name != "no protocol" && !strings.HasPrefix(name, "half an event") {
				require.NotZero(t, known)
			}
			for cut := range body {
				got, _ := hear(t, body, []string{body[:cut], body[cut:]}, true)
				require.Equal(t, want, got, "cut at %d", cut)
			}
		})
	}
}

func FuzzAConsumerGetsTheSameWithAndWithoutShapes(f *testing.F) {
	for _, body := range streams {
		f.Add([]byte(body), uint16(64), uint16(len(body)/2))
		f.Add([]byte(numbered(body, "front")), uint16(1), uint16(len(body)))
		f.Add([]byte(numbered(body, "behind")), uint16(200), uint16(3))
	}
	f.Fuzz(func(t *testing.T, raw []byte, size, at uint16) {
		body := string(raw)
		want, _ := hear(t, body, []string{body}, false)
		cut := min(int(at), len(body))
		for _, chunks := range [][]string{{body}, {body[:cut], body[cut:]}, pieces(body, int(size)+1)} {
			got, _ := hear(t, body, chunks, true)
			require.Equal(t, want, got)
		}
	})
}
