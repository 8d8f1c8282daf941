package simulator

import (
	"net/http"
	"strconv"
)

// maxPage is the most documents that one list holds.
const maxPage = 500

func (s *Simulator) ping(w http.ResponseWriter, _ *http.Request) {
	_ = write(w, http.StatusOK, struct {
		OK bool `json:"ok"`
	}{true})
}

func (s *Simulator) find(w http.ResponseWriter, r *http.Request) {
	reference := r.PathValue("reference")
	d, found := s.lookUp(reference)
	if !found {
		refuse(w, http.StatusNotFound, problem{Code: "unknown_reference", Message: "no such reference"})
		s.settle(reference)
		return
	}
	if write(w, http.StatusOK, d) == nil {
		s.settle(reference)
	}
}

func (s *Simulator) lookUp(reference string) (Document, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.of(reference).Lookups++
	d, found := s.book.byReference[reference]
	return d, found
}

func (s *Simulator) list(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseInt(r.FormValue("after"), 10, 64)
	if err != nil {
		refuse(w, http.StatusBadRequest, problem{Code: "after_unreadable", Message: "after is no number"})
		return
	}
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil || limit < 1 || limit > maxPage {
		refuse(w, http.StatusBadRequest, problem{Code: "limit_unreadable", Message: "limit is no number from 1 to 500"})
		return
	}
	s.mu.Lock()
	documents, remaining := s.book.after(after, limit)
	s.mu.Unlock()
	_ = write(w, http.StatusOK, struct {
		Documents []Document `json:"documents"`
		Remaining int64      `json:"remaining"`
	}{documents, remaining})
}
