package simulator

import (
	"encoding/json"
	"net/http"
)

// Note is what a record was told of the invoice that came from it.
type Note struct {
	Key           string `json:"key"`
	Status        string `json:"status"`
	IRN           string `json:"irn,omitempty"`
	QRCodeData    string `json:"qrCodeData,omitempty"`
	SignedAt      string `json:"signedAt,omitempty"`
	PaymentStatus string `json:"paymentStatus,omitempty"`
	Reason        string `json:"reason,omitempty"`
}

// Note gives what a record was told last, and how often it was told.
func (s *Simulator) Note(record string) (n Note, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	notes := s.book.notes[record]
	if len(notes) == 0 {
		return Note{}, 0
	}
	return notes[len(notes)-1], len(notes)
}

// writeNote takes any record for one of its own: which there are is its client's
// to know.
func (s *Simulator) writeNote(w http.ResponseWriter, r *http.Request) {
	var n Note
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&n); err != nil {
		refuse(w, http.StatusUnprocessableEntity, problem{Code: "note_unreadable", Message: err.Error()})
		return
	}
	faults := s.present()
	pause(faults.DelayMillis)
	s.note(r.PathValue("record"), n)
	pause(faults.AnswerDelayMillis)
	if faults.LoseAnswer {
		panic(http.ErrAbortHandler) // net/http's way to cut the connection
	}
	_ = write(w, http.StatusOK, n)
}

func (s *Simulator) note(record string, n Note) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.notes[record] = append(s.book.notes[record], n)
}

func (s *Simulator) findNote(w http.ResponseWriter, r *http.Request) {
	n, times := s.Note(r.PathValue("record"))
	if times == 0 {
		refuse(w, http.StatusNotFound, problem{Code: "unknown_record", Message: "nothing was noted at this record"})
		return
	}
	_ = write(w, http.StatusOK, n)
}
