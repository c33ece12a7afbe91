// Package transparency is a table of traffic that a program must not notice the
// engine under: tools, events and files of other kinds, and healthy answers. Its
// server plays each line of the table by a script, so that bare clients and
// guarded ones, in Go and in Node.js, can be compared side by side.
package transparency

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Server answers the requests of one client in one case. It has an origin of
// its own, since requests to one origin share what is known of it.
type Server struct {
	// URL is the origin, without a slash at its end.
	URL string

	answers  []Answer
	listener net.Listener

	mu       sync.Mutex
	requests int
	used     map[string]int // by Answer.Match
	conns    map[net.Conn]bool
	closed   bool
}

// Open starts a server on a free port of this machine. It ends with Close.
func Open(c *Case) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{
		URL: "http://" + listener.Addr().String(), answers: c.Answers, listener: listener,
		used: map[string]int{}, conns: map[net.Conn]bool{},
	}
	if c.Closed {
		return s, listener.Close()
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s, nil
}

// Requests is how many requests have arrived.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Close ends the server and what it is still sending.
func (s *Server) Close() {
	_ = s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for conn := range s.conns {
		_ = conn.Close()
	}
}

// serve answers the one request of a connection.
func (s *Server) serve(conn net.Conn) {
	s.mu.Lock()
	s.conns[conn] = true
	if s.closed {
		_ = conn.Close()
	}
	s.mu.Unlock()
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()

	var raw bytes.Buffer
	in := bufio.NewReader(io.TeeReader(conn, &raw))
	req, err := http.ReadRequest(in)
	if err != nil {
		return // a connection that was opened ahead, and not used
	}
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return
	}
	if answer := s.choose(raw.String()); answer != nil {
		answer.play(conn, req.Method)
	}
}

// choose takes the answer for a request: of those that match it the first one
// for the first request, and so on; the last one for all that follow.
func (s *Server) choose(request string) *Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	var last *Answer
	skip := -1
	for i := range s.answers {
		a := &s.answers[i]
		if !strings.Contains(request, a.Match) || last != nil && a.Match != last.Match {
			continue
		}
		if last == nil {
			skip = s.used[a.Match]
			s.used[a.Match]++
		}
		last = a
		if skip--; skip < 0 {
			break
		}
	}
	return last
}

// play writes the answer, and ends the connection as the script says.
func (a *Answer) play(conn net.Conn, method string) {
	time.Sleep(time.Duration(a.Wait) * time.Millisecond)
	if a.End == "refuse" {
		reset(conn)
		return
	}
	if _, err := conn.Write(a.head()); err != nil {
		return
	}
	if method == http.MethodHead || a.Framing == "none" {
		finish(conn)
		return
	}
	for _, p := range a.Body {
		time.Sleep(p.Pause)
		if err := a.write(conn, p.Bytes); err != nil {
			return
		}
	}
	switch a.End {
	case "hang":
		_, _ = io.Copy(io.Discard, conn) // until the client leaves
	case "reset":
		reset(conn)
	case "cut":
		finish(conn)
	default:
		if a.Framing == "chunked" {
			_, _ = io.WriteString(conn, "0\r\n\r\n")
		}
		finish(conn)
	}
}

// head is the status line and the headers. There is no Date, since it would
// differ from one client to the next.
func (a *Answer) head() []byte {
	var b bytes.Buffer
	if a.Early {
		b.WriteString("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
	}
	b.WriteString("HTTP/1.1 " + strconv.Itoa(a.Status) + " " + a.StatusText + "\r\n")
	if a.Type != "" {
		b.WriteString("Content-Type: " + a.Type + "\r\n")
	}
	for _, h := range a.Headers {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	switch a.Framing {
	case "chunked":
		b.WriteString("Transfer-Encoding: chunked\r\n")
	case "length":
		size := 0
		for _, p := range a.Body {
			size += len(p.Bytes)
		}
		b.WriteString("Content-Length: " + strconv.Itoa(size) + "\r\n")
	}
	b.WriteString("Connection: close\r\n\r\n")
	return b.Bytes()
}

func (a *Answer) write(conn net.Conn, piece []byte) error {
	if len(piece) == 0 {
		return nil
	}
	if a.Framing == "chunked" {
		piece = append(append([]byte(strconv.FormatInt(int64(len(piece)), 16)+"\r\n"), piece...), "\r\n"...)
	}
	_, err := conn.Write(piece)
	return err
}

// finish ends the connection after what was written has arrived.
func finish(conn net.Conn) {
	_ = conn.(*net.TCPConn).CloseWrite()
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = io.Copy(io.Discard, conn)
}

// reset ends the connection with a TCP RST, which takes along what was not read.
func reset(conn net.Conn) {
	time.Sleep(20 * time.Millisecond) // so that what was written is read
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}
