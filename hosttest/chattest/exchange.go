package chattest

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// settle is the pause before a connection is reset, so that the client has read
// everything sent before: a reset may overtake data, and a browser drops data that
// it has not passed on.
const settle = 20 * time.Millisecond

// defaultHugeSize is the length of HugeError's body.
const defaultHugeSize = 4 << 20

// exchange is one attempt that is being answered.
type exchange struct {
	w     http.ResponseWriter
	rc    *http.ResponseController
	q     *http.Request
	run   *Run
	entry *Request
	fault Fault
	proto *protocol
	path  string
	chat  chat

	text   string   // what to answer
	tokens []string // the same, as tokens

	gz      *gzip.Writer
	started bool // the headers were written
}

// serveAttempt answers one request of a run.
func serveAttempt(w http.ResponseWriter, q *http.Request, run *Run, path string) {
	entry, fault := run.state.begin(q, path)
	defer run.state.end(entry)
	x := &exchange{
		w: w, rc: http.NewResponseController(w), q: q, run: run, entry: entry, fault: fault,
		proto: protocolOf(q.Method, path), path: path,
	}
	if x.proto == nil {
		x.proto = unknown
	}
	if fault.At == Connect {
		x.hangUp(true)
		return
	}
	body, err := io.ReadAll(q.Body)
	run.state.update(func() { entry.Body = string(body) })
	if err != nil {
		x.gone()
		return
	}
	// A body that is not a chat request is refused by the protocol, not here.
	_ = json.Unmarshal(body, &x.chat)
	if !x.pause(ms(fault.DelayMs)) {
		return
	}
	if fault.At == BeforeHeader {
		x.stop(fault.kind())
		if fault.kind() != Stall || !x.pause(0) {
			return
		}
		x.fault.Kind = Healthy // the stall is over
	}
	x.text = run.Text
	if fault.Text != "" {
		x.text = fault.Text
	} else if partial, ok := x.chat.partial(); ok {
		x.text = rest(run.Text, partial, fault.RepeatChars)
	}
	if fault.EmptyOutput {
		x.text = ""
	}
	x.tokens = tokenize(x.text)
	x.answer()
}

func ms(n int) time.Duration { return time.Duration(max(n, 0)) * time.Millisecond }

// answer writes the protocol's answer, or what the fault's kind replaces it with.
func (x *exchange) answer() {
	f := &x.fault
	switch f.kind() {
	case Status:
		x.error(f.Status)
	case JSONError:
		x.error(http.StatusOK)
	case HTML:
		status := orDefault(f.Status, http.StatusBadGateway)
		body := f.Body
		if body == "" {
			title := strconv.Itoa(status) + " " + http.StatusText(status)
			body = "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
				"</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
		}
		x.send(status, "text/html", body)
	case HugeError:
		status := orDefault(f.Status, http.StatusInternalServerError)
		words := x.words(status)
		words.message += " "
		body := x.proto.errorBody(x, status, words)
		if missing := orDefault(f.Size, defaultHugeSize) - len(body); missing > 0 {
			words.message += strings.Repeat("x", missing)
			body = x.proto.errorBody(x, status, words)
		}
		x.send(status, "application/json", body)
	case EmptyBody:
		x.send(orDefault(f.Status, http.StatusOK), "", "")
	case Redirect:
		x.w.Header().Set("Location", x.q.URL.RequestURI())
		x.send(orDefault(f.Status, http.StatusTemporaryRedirect), "", "")
	default:
		a := x.proto.answer(x)
		switch {
		case a.refuse != 0:
			words := x.words(a.refuse)
			words.message = a.message
			x.send(a.refuse, "application/json", x.proto.errorBody(x, a.refuse, words))
		case a.nothing:
			x.send(http.StatusNoContent, "", "")
		case a.stream && f.kind() != JSONAnswer:
			x.play(a)
		case f.breaks():
			x.breakWhole(a.whole)
		default:
			x.send(orDefault(f.Status, http.StatusOK), "application/json", a.whole)
		}
	}
}

func orDefault(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}

// inBandStatus is the status that an error inside a 200 is about: the fault's
// Status, or the protocol's usual one.
func (x *exchange) inBandStatus() int { return orDefault(x.fault.Status, x.proto.inBandStatus) }

// words returns the error's type, code and message: the fault's own, or the
// protocol's for the status.
func (x *exchange) words(status int) errorWords {
	words := x.proto.words(status)
	if x.fault.ErrorType != "" {
		words.errorType, words.code = x.fault.ErrorType, ""
	}
	if x.fault.ErrorCode != "" {
		words.code = x.fault.ErrorCode
	}
	if x.fault.Message != "" {
		words.message = x.fault.Message
	}
	return words
}

// error sends an error answer.
func (x *exchange) error(status int) {
	body := x.fault.Body
	if body == "" {
		shown := status
		if status < http.StatusBadRequest {
			shown = x.inBandStatus()
		}
		body = x.proto.errorBody(x, shown, x.words(shown))
	}
	x.send(status, "application/json", body)
}

// send writes a whole answer with its length.
func (x *exchange) send(status int, contentType, body string) {
	length := len(body)
	if x.fault.Gzip {
		length = -1
	}
	x.begin(status, contentType, length)
	if body != "" {
		_ = x.write([]byte(body))
	}
	x.closeGzip()
}

// begin writes the headers. With length -1 there is no Content-Length.
func (x *exchange) begin(status int, contentType string, length int) {
	h := x.w.Header()
	if x.proto.header != nil {
		x.proto.header(x, h)
	}
	switch {
	case x.fault.ContentType != "":
		h.Set("Content-Type", x.fault.ContentType)
	case contentType != "":
		h.Set("Content-Type", contentType)
	default:
		h["Content-Type"] = nil // otherwise net/http would guess one
	}
	if length >= 0 && status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(length))
	}
	if x.fault.Gzip && status != http.StatusNoContent {
		h.Set("Content-Encoding", "gzip")
		x.gz = gzip.NewWriter(rawWriter{x})
	}
	// An answer that will break must not announce a close: after that header undici
	// accepts a broken body as complete.
	if !x.run.KeepAlive && !x.breaksConnection() {
		h.Set("Connection", "close")
	}
	for name, value := range x.fault.Headers {
		if value == "" {
			h.Del(name)
		} else {
			h.Set(name, value)
		}
	}
	x.started = true
	x.run.state.update(func() { x.entry.Status = status })
	x.w.WriteHeader(status)
	x.flush()
}

// breaksConnection reports whether the connection will be unusable after this
// answer anyway.
func (x *exchange) breaksConnection() bool {
	switch x.fault.kind() {
	case Drop, Reset:
		return true
	case Stall:
		return x.fault.ForMs == 0
	}
	return x.fault.HangAfterEnd
}

func (x *exchange) flush() {
	if x.rc.Flush() != nil {
		x.gone()
	}
}

func (x *exchange) gone() {
	if x.run.state.srv.ctx.Err() == nil {
		x.run.state.update(func() { x.entry.ClientGone = true })
	}
}

// pause waits, and reports whether the client is still there.
func (x *exchange) pause(d time.Duration) bool {
	server := x.run.state.srv.ctx.Done()
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-server:
		case <-x.q.Context().Done():
		}
	}
	select {
	case <-server:
		return false
	default:
	}
	if x.q.Context().Err() != nil {
		x.gone()
		return false
	}
	return true
}

// write sends a piece of the body, compressed if the fault says so.
func (x *exchange) write(b []byte) error {
	x.run.state.update(func() {
		if room := maxSent - len(x.entry.Sent); room > 0 {
			x.entry.Sent = append(x.entry.Sent, b[:min(room, len(b))]...)
		}
	})
	if x.gz == nil {
		return x.raw(b)
	}
	if _, err := x.gz.Write(b); err != nil {
		return err
	}
	return x.gz.Flush()
}

func (x *exchange) closeGzip() {
	if x.gz != nil {
		_ = x.gz.Close()
	}
}

// rawWriter sends the compressed bytes.
type rawWriter struct{ x *exchange }

func (r rawWriter) Write(b []byte) (int, error) { return len(b), r.x.raw(b) }

// raw sends bytes in pieces of the fault's size, each flushed.
func (x *exchange) raw(b []byte) error {
	size := x.fault.ChunkBytes
	if size == 0 && x.fault.DripMs > 0 {
		size = 1
	}
	if size == 0 {
		size = len(b)
	}
	for len(b) > 0 {
		piece := b[:min(size, len(b))]
		n, err := x.w.Write(piece)
		x.run.state.update(func() { x.entry.BytesSent += int64(n) })
		if err == nil {
			err = x.rc.Flush()
		}
		if err != nil {
			x.gone()
			return err
		}
		b = b[len(piece):]
		if x.fault.DripMs > 0 && !x.pause(ms(x.fault.DripMs)) {
			return context.Canceled
		}
	}
	return nil
}

// stop ends the exchange as kind says. EOF is the handler's return, which completes
// the body; before the headers there is no body to complete, so the connection is
// closed. The exchange continues only after a stall that ends.
func (x *exchange) stop(kind Kind) {
	switch kind {
	case Stall:
		x.stall(event{})
	case EOF:
		if x.started {
			x.closeGzip()
			return
		}
		x.hangUp(false)
	case Drop:
		x.hangUp(false)
	case Reset:
		x.hangUp(true)
	}
}

// stall sends nothing, or pings, until its time is over or the client leaves.
func (x *exchange) stall(ping event) {
	var deadline time.Time
	if x.fault.ForMs > 0 {
		deadline = time.Now().Add(ms(x.fault.ForMs))
	}
	for {
		wait := 24 * time.Hour // practically forever
		if x.fault.PingMs > 0 {
			wait = ms(x.fault.PingMs)
		}
		if !deadline.IsZero() {
			left := time.Until(deadline)
			if left <= 0 {
				return
			}
			wait = min(wait, left)
		}
		if !x.pause(wait) {
			return
		}
		if x.fault.PingMs > 0 && (deadline.IsZero() || time.Now().Before(deadline)) {
			if x.write([]byte(x.encode(ping))) != nil {
				return
			}
		}
	}
}

// hangUp closes the connection without completing the answer, with a FIN or a RST.
func (x *exchange) hangUp(reset bool) {
	if x.started && !x.pause(settle) {
		return
	}
	conn, _, err := x.rc.Hijack()
	if err != nil {
		// The connection cannot be hijacked (HTTP/2, a recorder): abort the answer instead.
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
