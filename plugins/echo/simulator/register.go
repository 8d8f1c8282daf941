package simulator

import (
	"encoding/json"
	"net/http"
	"time"
)

func (s *Simulator) register(w http.ResponseWriter, r *http.Request) {
	d, fault := readDocument(w, r)
	if fault != nil {
		refuse(w, http.StatusUnprocessableEntity, *fault)
		return
	}
	d.Reference = r.PathValue("reference")
	faults := s.present()
	s.begin(d.Reference)
	pause(faults.DelayMillis)
	registered, ok := s.add(d, !faults.NoDuplicateGuard)
	pause(faults.AnswerDelayMillis)
	switch {
	case faults.LoseAnswer:
		panic(http.ErrAbortHandler) // net/http's way to cut the connection
	case !ok:
		// Not definite: the client cannot tell whose registration this is.
		refuse(w, http.StatusConflict, problem{Code: "reference_taken", Message: "this reference is registered already"})
	default:
		if write(w, http.StatusCreated, registered) == nil && r.Context().Err() == nil {
			s.settle(d.Reference)
		}
	}
}

func (s *Simulator) begin(reference string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.asks(reference)
}

func (s *Simulator) add(d Document, guard bool) (Document, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.book.add(d, guard, s.options.Now())
}

func (s *Simulator) settle(reference string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.settles(reference)
}

func (s *Simulator) validate(w http.ResponseWriter, r *http.Request) {
	if _, fault := readDocument(w, r); fault != nil {
		refuse(w, http.StatusUnprocessableEntity, *fault)
		return
	}
	_ = write(w, http.StatusOK, struct {
		OK bool `json:"ok"`
	}{true})
}

// readDocument reads a document and says what the registry does not like. It
// wants a currency and an amount to pay that is not negative.
func readDocument(w http.ResponseWriter, r *http.Request) (Document, *problem) {
	var d Document
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&d); err != nil {
		return d, &problem{Code: "document_unreadable", Message: err.Error()}
	}
	switch {
	case len(d.Currency) != 3:
		return d, &problem{Code: "currency_unknown", Message: "the currency has no three letters", Pointer: "/document_currency_code"}
	case d.Payable.Sign() < 0:
		return d, &problem{Code: "amount_negative", Message: "the amount to pay is negative", Pointer: "/legal_monetary_total/payable_amount"}
	}
	return d, nil
}

// pause does not end with the client: a real registry goes on too.
func pause(millis int64) {
	if millis > 0 {
		<-time.After(time.Duration(millis) * time.Millisecond)
	}
}
