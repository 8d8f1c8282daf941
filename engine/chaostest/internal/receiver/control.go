package main

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// followedPath is where a redirect points: to this machine.
const followedPath = "/followed"

// state is what the control tells beside the record.
type state struct {
	Held     int64 `json:"held"`
	Followed int64 `json:"followed"`
}

// controls are the requests of the test.
func (h *hook) controls() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /manner", h.setManner)
	mux.HandleFunc("GET /record", h.showRecord)
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(state{Held: h.held.Load(), Followed: h.followed.Load()})
	})
	mux.HandleFunc(followedPath, func(http.ResponseWriter, *http.Request) { h.followed.Add(1) })
	return mux
}

func (h *hook) setManner(w http.ResponseWriter, r *http.Request) {
	var m manner
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&m)
	if err == nil {
		err = m.check()
	}
	if err == nil {
		err = h.behave(m)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// showRecord gives what came from the n-th on, a line each.
func (h *hook) showRecord(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Query().Get("after"))
	if err != nil {
		http.Error(w, "after: is no number", http.StatusBadRequest)
		return
	}
	for _, line := range h.record.after(n) {
		_, _ = w.Write(line)
	}
}
