package transparency

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
)

// maxShown bounds the bodies that are shown in the table; longer ones are only compared.
const maxShown = 1 << 20

// Control gives clients in other languages the table, and servers for its cases:
//
//	GET  /cases          the table, with everything filled in
//	POST /open?case=3    a new server: {"id": 7, "url": "http://127.0.0.1:…"}
//	POST /close?id=7     ends it: {"requests": 2}
func Control(cases []Case) http.Handler {
	var mu sync.Mutex
	servers := map[int]*Server{}
	last := 0
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cases", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, shown(cases))
	})
	mux.HandleFunc("POST /open", func(w http.ResponseWriter, r *http.Request) {
		i, err := strconv.Atoi(r.URL.Query().Get("case"))
		if err != nil || i < 0 || i >= len(cases) {
			http.Error(w, "no such case", http.StatusNotFound)
			return
		}
		s, err := Open(&cases[i])
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		last++
		servers[last] = s
		answer(w, map[string]any{"id": last, "url": s.URL})
	})
	mux.HandleFunc("POST /close", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.URL.Query().Get("id"))
		mu.Lock()
		s := servers[id]
		delete(servers, id)
		mu.Unlock()
		if s == nil {
			http.Error(w, "no such server", http.StatusNotFound)
			return
		}
		answer(w, map[string]any{"requests": s.Requests()})
		s.Close()
	})
	return mux
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// shown is the table as clients need it: without bodies that are too large to be shown.
func shown(cases []Case) []Case {
	small := make([]Case, len(cases))
	for i, c := range cases {
		c.Answers = append([]Answer(nil), c.Answers...)
		for j, a := range c.Answers {
			if len(join(a.Body)) > maxShown {
				c.Answers[j].Body = nil
			}
		}
		small[i] = c
	}
	return small
}

func join(pieces []Piece) []byte {
	var all []byte
	for _, p := range pieces {
		all = append(all, p.Bytes...)
	}
	return all
}
