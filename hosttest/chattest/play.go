package chattest

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

// play streams an answer's events and breaks it where the fault says.
func (x *exchange) play(a answer) {
	f := &x.fault
	if f.NoEndMarker || f.NoDone {
		var tail []event
		for _, e := range a.tail {
			if !(f.NoEndMarker && e.marker) && !(f.NoDone && e.done) {
				tail = append(tail, e)
			}
		}
		a.tail = tail
	}
	firstToken := len(a.head)
	events := append(append(append([]event(nil), a.head...), a.tokens...), a.tail...)
	at, half := len(events), f.Half
	if f.breaks() {
		at, half = x.place(a, events)
	}

	status := orDefault(f.Status, http.StatusOK)
	if f.kind() == InBand {
		status = http.StatusOK // the fault's status is the error's
	}
	x.begin(status, "text/event-stream; charset=utf-8", -1)
	delay := x.run.TokenDelayMs
	if f.TokenDelayMs != 0 {
		delay = f.TokenDelayMs
	}
	if delay == 0 {
		delay = defaultTokenDelayMs
	}
	if f.BOM && x.write([]byte("\ufeff")) != nil {
		return
	}
	for i := 0; ; i++ {
		if i == at && f.breaks() {
			if f.kind() == InBand {
				words := x.words(x.inBandStatus())
				e := a.inBand(i, words)
				if f.Body != "" {
					e.data = f.Body
				}
				_ = x.write([]byte(x.encode(e)))
				x.closeGzip()
				return
			}
			whole := ""
			if i < len(events) {
				whole = x.encode(events[i])
			}
			sent := fragment(whole, half)
			if sent != "" && x.write([]byte(sent)) != nil {
				return
			}
			if f.kind() != Stall {
				x.stop(f.kind())
				return
			}
			x.stall(a.ping)
			if !x.pause(0) {
				return
			}
			if i < len(events) {
				if x.write([]byte(x.final(whole[len(sent):], i == len(events)-1))) != nil {
					return
				}
				continue
			}
		}
		if i >= len(events) {
			break
		}
		if i >= firstToken && i < firstToken+len(a.tokens) && !x.pause(ms(delay)) {
			return
		}
		if x.write([]byte(x.final(x.encode(events[i]), i == len(events)-1))) != nil {
			return
		}
	}
	if f.HangAfterEnd {
		if x.gz != nil {
			_ = x.gz.Flush()
		}
		x.stop(Stall)
		return
	}
	x.pause(0) // records whether the client has left
	x.closeGzip()
}

// place returns the index of the event before (or in) which the answer breaks, and
// the fragment of it to send.
func (x *exchange) place(a answer, events []event) (int, Half) {
	f := &x.fault
	first, end := len(a.head), len(a.head)+len(a.tokens)
	at, half := first, f.Half
	switch f.At {
	case FirstEvent:
		at = 0
	case BeforeOutput:
	case BeforeEnd:
		at = end
	case InLastEvent:
		at = len(events) - 1
		if half == "" && f.kind() != InBand && f.PingMs == 0 { // a ping in an event would be a part of it
			half = HalfEvent
		}
	default:
		at = first + min(f.AtToken, len(a.tokens))
	}
	if half == HalfChar {
		// Send whole events until one has a character to cut.
		for i := at; i < len(events); i++ {
			if firstWide(events[i].data) >= 0 {
				return i, half
			}
		}
		half = HalfEvent
	}
	return at, half
}

// fragment returns the part of an encoded event that is sent before a break.
func fragment(encoded string, half Half) string {
	switch half {
	case HalfEvent:
		return encoded[:len(encoded)/2]
	case HalfChar:
		if i := firstWide(encoded); i >= 0 {
			return encoded[:i+1]
		}
		return encoded[:len(encoded)/2]
	}
	return ""
}

// firstWide returns the index of the first character of two bytes or more, or -1.
func firstWide(s string) int {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// breakWhole breaks an answer that is not streamed: there is no event for an error,
// and no place but the middle.
func (x *exchange) breakWhole(whole string) {
	if x.fault.kind() == InBand {
		x.error(http.StatusOK)
		return
	}
	half := x.fault.Half
	if half == "" {
		half = HalfEvent
	}
	sent := ""
	if x.fault.At != FirstEvent {
		sent = fragment(whole, half)
	}
	x.begin(orDefault(x.fault.Status, http.StatusOK), "application/json", -1)
	if sent != "" && x.write([]byte(sent)) != nil {
		return
	}
	x.stop(x.fault.kind())
	if x.fault.kind() == Stall && x.pause(0) {
		_ = x.write([]byte(whole[len(sent):]))
	}
}

func (x *exchange) newline() string {
	ending := x.fault.LineEnding
	if ending == "" {
		ending = x.proto.lineEnding
	}
	switch ending {
	case CRLF:
		return "\r\n"
	case CR:
		return "\r"
	}
	return "\n"
}

// encode writes an event as text/event-stream.
func (x *exchange) encode(e event) string {
	nl := x.newline()
	var b strings.Builder
	if x.fault.Comments {
		b.WriteString(": a comment of its own" + nl + nl + ": a comment inside" + nl)
	}
	if e.comment != "" {
		b.WriteString(": " + e.comment + nl + nl)
		return b.String()
	}
	for _, field := range [][2]string{{"retry", e.retry}, {"event", e.name}, {"id", e.id}} {
		if field[1] != "" {
			b.WriteString(field[0] + ": " + field[1] + nl)
		}
	}
	// Each line of the data is a field; a reader joins them with LF.
	for _, line := range strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(e.data), "\n") {
		b.WriteString("data: " + line + nl)
	}
	b.WriteString(nl)
	return b.String()
}

// final removes from the end of the last event what the fault leaves out.
func (x *exchange) final(encoded string, last bool) string {
	if !last {
		return encoded
	}
	nl := x.newline()
	if x.fault.NoFinalBlank || x.fault.NoFinalNewline {
		encoded = strings.TrimSuffix(encoded, nl)
	}
	if x.fault.NoFinalNewline {
		encoded = strings.TrimSuffix(encoded, nl)
	}
	return encoded
}
