package chattest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// TB is the part of testing.TB that [New] uses.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Config configures [Start]. The zero value listens on a free loopback port.
type Config struct {
	Addr   string // host:port; default "127.0.0.1:0"
	Static string // a folder to serve at "/"; default none
}

// Server is the provider: a listener and its registered runs. It is also an
// [http.Handler], but only connections of its own listener can be reset; elsewhere
// a fault that needs the connection aborts the answer.
type Server struct {
	url    string
	http   *http.Server
	static http.Handler
	served chan struct{} // closed when Serve has returned

	ctx    context.Context // ends with the server
	cancel context.CancelFunc
	active sync.WaitGroup // handlers

	mu     sync.Mutex
	closed bool
	runs   map[string]*Run
}

// New starts a server on a free loopback port and closes it at the end of the test.
// If t is nil, the caller closes it, and New panics if it cannot listen.
func New(t TB) *Server {
	if t != nil {
		t.Helper()
	}
	s, err := Start(Config{})
	switch {
	case err != nil && t == nil:
		panic(err)
	case err != nil:
		t.Fatalf("%v", err)
	case t != nil:
		t.Cleanup(s.Close)
	}
	return s
}

// Start starts a server. The caller closes it.
func Start(c Config) (*Server, error) {
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("chattest: %w", err)
	}
	address := l.Addr().(*net.TCPAddr)
	if address.IP.IsUnspecified() {
		address.IP = net.IPv4(127, 0, 0, 1) // a server on all addresses is reachable here
	}
	s := &Server{url: "http://" + address.String(), served: make(chan struct{}), runs: map[string]*Run{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if c.Static != "" {
		s.static = http.FileServer(http.Dir(c.Static))
	}
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: time.Minute,
		// Broken connections are intended; do not log them.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	s.NewRun(Run{ID: "default"})
	go func() {
		defer close(s.served)
		_ = s.http.Serve(l)
	}()
	return s, nil
}

// URL returns the server's address, such as "http://127.0.0.1:40123". The paths of
// the protocols work there too, as those of a healthy run called "default".
func (s *Server) URL() string { return s.url }

// Close ends all connections and waits for the handlers. It may be called twice.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	_ = s.http.Close()
	<-s.served
	s.active.Wait()
}

// NewRun registers a run. It panics if the run is invalid, since that is a mistake
// in the test; AddRun returns the error instead.
func (s *Server) NewRun(r Run) *Run {
	run, err := s.AddRun(r)
	if err != nil {
		panic(err)
	}
	return run
}

// AddRun registers a run. It fails if the id is in use or a fault is invalid.
func (s *Server) AddRun(r Run) (*Run, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.ID == "" {
		r.ID = strings.ToLower(rand.Text()[:12])
	}
	if r.Text == "" {
		r.Text = DefaultText
	}
	r.Faults = append([]Fault(nil), r.Faults...)
	r.state = newRunState(s, r.Faults)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runs[r.ID] != nil {
		return nil, fmt.Errorf("chattest: there is a run %q already", r.ID)
	}
	s.runs[r.ID] = &r
	return &r, nil
}

// enter counts a new handler. It returns false if Close was called.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.active.Add(1)
	return true
}

func (s *Server) run(id string) *Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs[id]
}

// ServeHTTP answers the protocols, the control routes under /_chattest/, and
// the static folder.
func (s *Server) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if !s.enter() {
		panic(http.ErrAbortHandler)
	}
	defer s.active.Done()
	path := q.URL.Path
	if rest, ok := strings.CutPrefix(path, "/_chattest/"); ok {
		s.control(w, q, rest)
		return
	}
	if rest, ok := strings.CutPrefix(path, "/run/"); ok {
		id, rest, _ := strings.Cut(rest, "/")
		run := s.run(id)
		if run == nil {
			allowAll(w.Header())
			controlError(w, http.StatusNotFound, fmt.Errorf("chattest: there is no run %q", id))
			return
		}
		s.serveRun(w, q, run, "/"+rest)
		return
	}
	if s.static != nil && protocolOf(q.Method, path) == nil && q.Method != http.MethodOptions {
		w.Header().Set("Cache-Control", "no-store")
		s.static.ServeHTTP(w, q)
		return
	}
	s.serveRun(w, q, s.run("default"), path)
}

func (s *Server) serveRun(w http.ResponseWriter, q *http.Request, run *Run, path string) {
	h := w.Header()
	if run.cors() {
		h.Set("Access-Control-Allow-Origin", "*")
		if expose := run.expose(); expose != "" {
			h.Set("Access-Control-Expose-Headers", expose)
		}
	}
	if q.Method == http.MethodOptions {
		h.Set("Connection", "close")
		run.state.update(func() { run.state.preflights++ })
		if !run.cors() {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		preflight(w, q)
		return
	}
	serveAttempt(w, q, run, path)
}

func (r *Run) expose() string {
	if r.Expose == nil {
		return strings.Join(DefaultExpose, ", ")
	}
	return strings.Join(r.Expose, ", ")
}

// preflight answers a CORS preflight: everything is allowed.
func preflight(w http.ResponseWriter, q *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS")
	if asked := q.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", "600")
	h.Set("Access-Control-Allow-Private-Network", "true")
	w.WriteHeader(http.StatusNoContent)
}

func allowAll(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Connection", "close")
}

// control serves the routes by which tests in other languages register runs and read
// their logs. Pages of any origin may use them.
func (s *Server) control(w http.ResponseWriter, q *http.Request, path string) {
	allowAll(w.Header())
	if q.Method == http.MethodOptions {
		preflight(w, q)
		return
	}
	id, ok := strings.CutPrefix(path, "runs/")
	switch {
	case path == "runs" && q.Method == http.MethodPost:
		s.postRun(w, q)
	case ok && q.Method == http.MethodGet && s.run(id) != nil:
		getRun(w, q, s.run(id))
	case ok && q.Method == http.MethodDelete && s.run(id) != nil:
		s.mu.Lock()
		delete(s.runs, id)
		s.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		controlError(w, http.StatusNotFound, fmt.Errorf("chattest: no %s %s here", q.Method, q.URL.Path))
	}
}

func (s *Server) postRun(w http.ResponseWriter, q *http.Request) {
	dec := json.NewDecoder(q.Body)
	dec.DisallowUnknownFields() // a misspelt fault must not become a healthy answer
	var r Run
	if err := dec.Decode(&r); err != nil {
		controlError(w, http.StatusBadRequest, fmt.Errorf("chattest: the run's JSON: %w", err))
		return
	}
	run, err := s.AddRun(r)
	if err != nil {
		controlError(w, http.StatusBadRequest, err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		ID   string `json:"id"`
		Base string `json:"base"`
	}{run.ID, run.URL()})
}

// idleWait bounds ?wait=idle, which would otherwise wait forever for a stalled
// request.
const idleWait = 10 * time.Second

func getRun(w http.ResponseWriter, q *http.Request, run *Run) {
	if q.URL.Query().Get("wait") == "idle" {
		ctx, cancel := context.WithTimeoutCause(q.Context(), idleWait, errors.New("chattest: requests are still being answered"))
		defer cancel()
		if err := run.WaitIdle(ctx); err != nil {
			controlError(w, http.StatusConflict, err)
			return
		}
	}
	requests := run.Requests()
	if q.URL.Query().Get("sent") != "1" {
		for i := range requests {
			requests[i].Sent = nil
		}
	}
	writeJSON(w, http.StatusOK, struct {
		ID         string    `json:"id"`
		Base       string    `json:"base"`
		Text       string    `json:"text"`
		Preflights int       `json:"preflights"`
		Requests   []Request `json:"requests"`
	}{run.ID, run.URL(), run.Text, run.Preflights(), requests})
}

func controlError(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, struct {
		Error string `json:"error"`
	}{err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}
