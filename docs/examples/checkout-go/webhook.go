package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"strings"
)

// webhook verifies the raw bytes before anything parses them, in constant time,
// and refuses everything when it has no secret.
func (s *shop) webhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if !genuine(s.secret, r.Header.Get("X-SandPay-Signature"), body) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var e struct {
		Event     string `json:"event"`
		TxID      string `json:"tx_id"`
		OrderRef  string `json:"order_ref"`
		Status    string `json:"status"`
		NetAmount int64  `json:"net_amount"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.TxID == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	id, known := s.find(e.TxID, e.OrderRef)
	if e.Event != "payment.completed" || !known {
		log.Printf("%s of %s is not of an order here", e.Event, e.TxID)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	// What cannot be stored is not acknowledged: it comes again.
	if err := s.settle(id, e.TxID, e.Status, e.NetAmount); err != nil {
		log.Printf("order %s: %v", id, err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func genuine(secret, header string, body []byte) bool {
	given, err := hex.DecodeString(strings.TrimPrefix(header, "sha256="))
	if err != nil || secret == "" {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret)) // the bytes of the secret as shown, whsec_ included
	mac.Write(body)
	return hmac.Equal(mac.Sum(nil), given)
}
