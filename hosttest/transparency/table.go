package transparency

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed cases.json
var table []byte

// Case is one line of the table: a request, the script of its answers, and what
// a guarded client is to see.
type Case struct {
	Name    string          `json:"name"`
	On      []string        `json:"on,omitempty"` // "node", "go"; both, if empty
	Request Request         `json:"request"`
	Options json.RawMessage `json:"options,omitempty"` // of createFetch, in camel case
	Answers []Answer        `json:"answers"`
	Closed  bool            `json:"closed,omitempty"` // nobody listens at the address
	// Handled is "untouched", "undecided" or "watched": how the answer is handled.
	Handled string `json:"handled,omitempty"`
	// Held is the piece of the body up to which the answer may be held back.
	Held int `json:"held,omitempty"`
	// Until is when the client aborts, in ms after all that the server sends has
	// come; where it waits with its headers, after the beginning. 0 is never.
	Until  int     `json:"until,omitempty"`
	Heavy  bool    `json:"heavy,omitempty"` // runs alone
	Expect *Expect `json:"expect,omitempty"`
	Stream *Expect `json:"stream,omitempty"`
}

// Request is what the client sends. The zero value asks for a streamed chat.
type Request struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	URL     string            `json:"url,omitempty"` // instead of the server's
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"` // a text, or JSON; "$1000" in it is a text of that length
	Text    *string           `json:"text,omitempty"` // the body as it is sent
	Form    [][]string        `json:"form,omitempty"` // name, value, and for files a file name
	// OneShot sends the body as a stream, which can be read only once.
	OneShot bool `json:"one_shot,omitempty"`

	// These are for fetch alone.
	Object bool            `json:"object,omitempty"` // gives it a Request
	As     string          `json:"as,omitempty"`     // what the body is, or the address
	Init   json.RawMessage `json:"init,omitempty"`
	Use    string          `json:"use,omitempty"` // how the body is read
}

// Answer is a response as a script.
type Answer struct {
	Match      string      `json:"match,omitempty"` // only for requests that hold this text
	Wait       int         `json:"wait,omitempty"`  // ms before the headers
	Early      bool        `json:"early,omitempty"` // sends 103 first
	Status     int         `json:"status"`
	StatusText string      `json:"status_text"`
	Type       string      `json:"type"`
	Headers    [][2]string `json:"headers,omitempty"`
	Framing    string      `json:"framing"` // "chunked", "length", "close" or "none"
	Body       []Piece     `json:"body,omitempty"`
	End        string      `json:"end,omitempty"` // "cut", "reset", "hang", "refuse", or well
}

// Expect is what the guarded client is to see. One without requests is: what the
// bare client sees.
type Expect struct {
	Like     *int    `json:"like,omitempty"`   // the answer whose body it gets, from 0
	Body     []Piece `json:"body,omitempty"`   // or the body itself
	Status   int     `json:"status,omitempty"` // 200, unless something else is said or it fails
	Requests int     `json:"requests,omitempty"`
	Resets   int     `json:"resets,omitempty"`
	Error    Kinds   `json:"error,omitempty"`  // the kinds of verdict that are right
	Detail   string  `json:"detail,omitempty"` // a part of the verdict's detail
}

// Kinds are one kind of verdict or more.
type Kinds []string

// UnmarshalJSON reads a string or a list.
func (k *Kinds) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*k = Kinds{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(k))
}

// Piece is bytes that are written at once, or a pause.
type Piece struct {
	Bytes []byte        `json:"bytes,omitempty"` // base64 in JSON
	Pause time.Duration `json:"pause,omitempty"`
}

// UnmarshalJSON reads a text, or a short form of what streams are made of.
func (p *Piece) UnmarshalJSON(text []byte) error {
	var literal string
	if json.Unmarshal(text, &literal) == nil {
		p.Bytes = []byte(literal)
		return nil
	}
	var short struct {
		MS     int             `json:"ms"`     // a pause
		Event  string          `json:"event"`  // an event of a stream
		Data   json.RawMessage `json:"data"`   // its data: a text, or JSON
		Typed  json.RawMessage `json:"typed"`  // one that is named as its data's type
		Chat   *string         `json:"chat"`   // a text in OpenAI's chat protocol
		Gemini *string         `json:"gemini"` // or in Gemini's
		Finish string          `json:"finish"` // with its finish reason
		Repeat string          `json:"repeat"`
		Times  int             `json:"times"`
		Base64 string          `json:"base64"`
		Gzip   []Piece         `json:"gzip"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&short); err != nil {
		return fmt.Errorf("piece %s: %w", text, err)
	}
	p.Pause = time.Duration(short.MS) * time.Millisecond
	switch {
	case short.Data != nil:
		p.Bytes = event(short.Event, plain(short.Data))
	case short.Typed != nil:
		var named struct{ Type string }
		if err := json.Unmarshal(short.Typed, &named); err != nil {
			return err
		}
		p.Bytes = event(named.Type, plain(short.Typed))
	case short.Chat != nil:
		p.Bytes = event("", chatChunk(*short.Chat, short.Finish))
	case short.Gemini != nil:
		p.Bytes = event("", geminiChunk(*short.Gemini, short.Finish))
	case short.Times > 0:
		p.Bytes = bytes.Repeat([]byte(short.Repeat), short.Times)
	case short.Base64 != "":
		var err error
		p.Bytes, err = base64.StdEncoding.DecodeString(short.Base64)
		return err
	case short.Gzip != nil:
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		for _, inner := range short.Gzip {
			_, _ = w.Write(inner.Bytes)
		}
		_ = w.Close()
		p.Bytes = b.Bytes()
	}
	return nil
}

// plain is the text of a JSON string, and any other JSON as it is.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var b bytes.Buffer
	_ = json.Compact(&b, value)
	return b.String()
}

func event(name, data string) []byte {
	var b strings.Builder
	if name != "" {
		b.WriteString("event: " + name + "\n")
	}
	b.WriteString("data: " + strings.ReplaceAll(data, "\n", "\ndata: ") + "\n\n")
	return []byte(b.String())
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

func chatChunk(text, finish string) string {
	delta, reason := "{}", "null"
	if text != "" {
		delta = `{"content":` + quoted(text) + `}`
	}
	if finish != "" {
		reason = quoted(finish)
	}
	return `{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":` + delta + `,"finish_reason":` + reason + `}]}`
}

func geminiChunk(text, finish string) string {
	parts, reason := "[]", ""
	if text != "" {
		parts = `[{"text":` + quoted(text) + `}]`
	}
	if finish != "" {
		reason = `,"finishReason":` + quoted(finish)
	}
	return `{"candidates":[{"index":0,"content":{"role":"model","parts":` + parts + `}` + reason + `}]}`
}

// Cases reads the table.
func Cases() ([]Case, error) {
	decoder := json.NewDecoder(bytes.NewReader(table))
	decoder.DisallowUnknownFields()
	var cases []Case
	if err := decoder.Decode(&cases); err != nil {
		return nil, err
	}
	for i := range cases {
		cases[i].fill()
	}
	return cases, nil
}

// UnmarshalJSON fills in what most requests have in common.
func (r *Request) UnmarshalJSON(text []byte) error {
	type request Request
	filled := request{Method: http.MethodPost, Path: "/v1/chat/completions"}
	if err := strict(text, &filled); err != nil {
		return err
	}
	*r = Request(filled)
	if r.Body == nil && r.Form == nil && r.Method == http.MethodPost {
		r.Body = json.RawMessage(chatBody)
	}
	return nil
}

const chatBody = `{"model":"m","stream":true,"messages":[]}`

// UnmarshalJSON fills in what most answers have in common.
func (a *Answer) UnmarshalJSON(text []byte) error {
	type answer Answer
	filled := answer{Status: http.StatusOK, Type: "text/event-stream", Framing: "chunked"}
	if err := strict(text, &filled); err != nil {
		return err
	}
	if filled.StatusText == "" {
		filled.StatusText = http.StatusText(filled.Status)
	}
	*a = Answer(filled)
	return nil
}

func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func (c *Case) fill() {
	if c.Request.Method == "" {
		c.Request = Request{Method: http.MethodPost, Path: "/v1/chat/completions", Body: json.RawMessage(chatBody)}
	}
	c.Request.fill()
	if c.Handled == "" {
		c.Handled = "untouched"
	}
	if c.Expect == nil {
		c.Expect = &Expect{}
	}
}

var length = regexp.MustCompile(`"\$(\d+)"`)

func (r *Request) fill() {
	headers := map[string]string{}
	if strings.HasPrefix(string(r.Body), "{") || strings.HasPrefix(string(r.Body), "[") {
		headers["content-type"] = "application/json"
	}
	maps.Copy(headers, r.Headers)
	r.Headers = headers
	if r.Body == nil {
		return
	}
	text := length.ReplaceAllStringFunc(plain(r.Body), func(found string) string {
		n, _ := strconv.Atoi(strings.Trim(found, `"$`))
		return `"` + strings.Repeat("x", n) + `"`
	})
	r.Text, r.Body = &text, nil
}
