package chattest

import (
	"errors"
	"fmt"
	"net/http"
)

// Kind says what goes wrong in one attempt. The zero value, [Healthy], is a
// whole answer, shaped only by the fault's modifiers.
type Kind string

// Kinds that replace the answer.
const (
	Status     Kind = "status"      // Status with Body, or with the protocol's error body
	HTML       Kind = "html"        // a gateway's HTML page; Status 0 is 502
	JSONError  Kind = "json_error"  // the protocol's error body, with status 200
	JSONAnswer Kind = "json_answer" // the whole answer as JSON, although a stream was requested
	HugeError  Kind = "huge_error"  // an error body of Size bytes; Status 0 is 500
	EmptyBody  Kind = "empty_body"  // Status (0 is 200) and no body at all
	Redirect   Kind = "redirect"    // 307 to the same address; the request that follows is the next attempt
)

// Kinds that break a running answer, at the place that At or AtToken names.
const (
	Healthy Kind = ""      // nothing breaks
	InBand  Kind = "error" // the protocol's own error event, then a clean end
	EOF     Kind = "eof"   // a clean end: by HTTP, the body is complete
	Drop    Kind = "drop"  // the connection is closed (FIN) in the middle of the body
	Reset   Kind = "reset" // the connection is reset (RST)
	Stall   Kind = "stall" // nothing more is sent; the connection stays open
)

// At names a place in an answer.
type At string

// The places, in chronological order. Use AtToken for those between BeforeOutput
// and BeforeEnd.
const (
	Connect      At = "connect"        // the request's head is read, its body is not (Reset only)
	BeforeHeader At = "before_headers" // the request is read, nothing is sent (EOF and Drop close the connection, Reset, Stall)
	FirstEvent   At = "first_event"    // the headers are sent, no event
	BeforeOutput At = "before_output"  // the metadata events are sent, no token
	BeforeEnd    At = "before_end"     // all tokens are sent, none of the closing events
	InLastEvent  At = "in_last_event"  // the first half of the last event's bytes is sent (none, with PingMs)
)

// Half says which fragment is sent before the answer breaks.
type Half string

// The fragments.
const (
	HalfEvent Half = "event" // the first half of the next event's bytes
	HalfChar  Half = "char"  // the next event up to the first byte of a character of two bytes or more
)

// LineEnding is the end of line of an event stream. All three are allowed
// (WHATWG HTML, "Parsing an event stream").
type LineEnding string

// The line endings. The zero value is the protocol's own: CRLF for Gemini, LF
// for the others.
const (
	LF   LineEnding = "lf"
	CRLF LineEnding = "crlf"
	CR   LineEnding = "cr"
)

// Finish is how a healthy answer ends.
type Finish string

// The finishes. The zero value is a normal stop.
const (
	FinishLength        Finish = "length"         // the limit of output tokens was reached
	FinishContentFilter Finish = "content_filter" // the provider's filter stopped the answer
	FinishRefusal       Finish = "refusal"        // the model refused, in the protocol's own form
)

// Fault is what one attempt meets: one Kind, the place where it strikes, and
// any number of modifiers, which also work without a Kind. The zero value is
// a healthy answer. Durations are in milliseconds.
type Fault struct {
	Kind Kind `json:"kind,omitempty"` // if empty and Status is 400 or more: "status"

	// Times is how many attempts in a row meet this fault: 0 means 1, and -1 means
	// all that follow.
	Times int `json:"times,omitempty"`

	// Where Kind strikes. At takes precedence over AtToken. AtToken n means after n
	// tokens (after all, if there are fewer), so the zero value of both means before
	// the first token.
	At      At   `json:"at,omitempty"`
	AtToken int  `json:"at_token,omitempty"`
	Half    Half `json:"half,omitempty"` // for EOF, Drop, Reset and Stall

	// The answer's status and headers and, for an error, its type, code and message.
	// For InBand and JSONError the answer's status is 200, and Status is the one that
	// the error is about (so 429 means the protocol's rate-limit error). Headers are
	// added to the protocol's own and replace them; "" removes one.
	Status    int               `json:"status,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
	Body      string            `json:"body,omitempty"`       // sent unchanged; for InBand, the data of the error event
	ErrorType string            `json:"error_type,omitempty"` // default: the protocol's name for the status
	ErrorCode string            `json:"error_code,omitempty"` // OpenAI's "code"; others have none
	Message   string            `json:"message,omitempty"`    // default: the protocol's message for the status
	Size      int               `json:"size,omitempty"`       // of HugeError, in bytes; default 4 MiB

	// ErrorEvent makes InBand on OpenAI Responses an "error" event; the
	// default there is "response.failed".
	ErrorEvent bool `json:"error_event,omitempty"`

	// Time.
	DelayMs      int `json:"delay_ms,omitempty"`       // before the headers of any answer
	ForMs        int `json:"for_ms,omitempty"`         // Stall ends after this long, and the answer continues; 0: never
	PingMs       int `json:"ping_ms,omitempty"`        // while stalled, the protocol's keep-alive this often; 0: none
	TokenDelayMs int `json:"token_delay_ms,omitempty"` // instead of the run's
	DripMs       int `json:"drip_ms,omitempty"`        // a pause after each piece of ChunkBytes (1, if that is 0) bytes
	ChunkBytes   int `json:"chunk_bytes,omitempty"`    // write the body in pieces of this many bytes

	// The answer's contents.
	Text        string `json:"text,omitempty"`         // instead of the run's; a request to continue is then ignored
	RepeatChars int    `json:"repeat_chars,omitempty"` // when continuing, repeat the last n characters first
	EmptyOutput bool   `json:"empty_output,omitempty"` // no token, but a regular end
	Finish      Finish `json:"finish,omitempty"`

	// The answer's encoding.
	ContentType    string     `json:"content_type,omitempty"`
	Gzip           bool       `json:"gzip,omitempty"` // Content-Encoding: gzip, flushed after each event
	LineEnding     LineEnding `json:"line_ending,omitempty"`
	BOM            bool       `json:"bom,omitempty"`              // a byte order mark before the first event
	Comments       bool       `json:"comments,omitempty"`         // comments between and inside events
	NoEndMarker    bool       `json:"no_end_marker,omitempty"`    // a clean end without the end marker
	NoDone         bool       `json:"no_done,omitempty"`          // leave out only "data: [DONE]"
	NoFinalBlank   bool       `json:"no_final_blank,omitempty"`   // the last event lacks its blank line
	NoFinalNewline bool       `json:"no_final_newline,omitempty"` // and the end of its last line too
	HangAfterEnd   bool       `json:"hang_after_end,omitempty"`   // after the last event, never close
}

// kind returns Kind, with the default for a fault that has only a status.
func (f *Fault) kind() Kind {
	if f.Kind == Healthy && f.Status >= http.StatusBadRequest {
		return Status
	}
	return f.Kind
}

func (f *Fault) breaks() bool {
	switch f.kind() {
	case InBand, EOF, Drop, Reset, Stall:
		return true
	}
	return false
}

// check returns what is wrong with a fault, so that a typo in a test does not make
// a healthy answer.
func (f *Fault) check() error {
	switch f.kind() {
	case Healthy, Status, HTML, JSONError, JSONAnswer, HugeError, EmptyBody, Redirect, InBand, EOF, Drop, Reset, Stall:
	default:
		return fmt.Errorf("unknown kind %q", f.Kind)
	}
	switch f.At {
	case "", FirstEvent, BeforeOutput, BeforeEnd, InLastEvent:
	case Connect, BeforeHeader:
		switch f.kind() {
		case EOF, Drop, Reset, Stall:
		default:
			return fmt.Errorf("nothing of kind %q can happen at %q", f.Kind, f.At)
		}
		if f.At == Connect && f.kind() != Reset {
			return errors.New(`at "connect" only a reset can happen`)
		}
		if f.PingMs > 0 || f.Half != "" {
			return fmt.Errorf("at %q nothing can be sent, so no ping_ms and no half", f.At)
		}
	default:
		return fmt.Errorf("unknown at %q", f.At)
	}
	if (f.At != "" || f.AtToken != 0) && !f.breaks() {
		return fmt.Errorf("kind %q has no place: at and at_token are for error, eof, drop, reset and stall", f.kind())
	}
	switch f.Half {
	case "":
	case HalfEvent, HalfChar:
		if !f.breaks() || f.kind() == InBand {
			return errors.New("half is for eof, drop, reset and stall")
		}
	default:
		return fmt.Errorf("unknown half %q", f.Half)
	}
	switch f.LineEnding {
	case "", LF, CRLF, CR:
	default:
		return fmt.Errorf("unknown line_ending %q", f.LineEnding)
	}
	switch f.Finish {
	case "", FinishLength, FinishContentFilter, FinishRefusal:
	default:
		return fmt.Errorf("unknown finish %q", f.Finish)
	}
	if f.kind() == Status && f.Status == 0 {
		return errors.New(`kind "status" needs a status`)
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 999) {
		return fmt.Errorf("status %d is not a final status", f.Status)
	}
	if (f.ForMs > 0 || f.PingMs > 0) && f.kind() != Stall {
		return errors.New("for_ms and ping_ms are for stall")
	}
	if f.Times < -1 {
		return errors.New("times is -1 (forever) or more")
	}
	for name, n := range map[string]int{
		"at_token": f.AtToken, "size": f.Size, "delay_ms": f.DelayMs, "for_ms": f.ForMs, "ping_ms": f.PingMs,
		"drip_ms": f.DripMs, "chunk_bytes": f.ChunkBytes, "repeat_chars": f.RepeatChars,
	} {
		if n < 0 {
			return fmt.Errorf("%s is negative", name)
		}
	}
	return nil
}
