package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"github.com/afara-dev/afara/plugins/simnet"
)

// transferBody is REST's one body. Choice: the names of all members but type are
// not published.
type transferBody struct {
	Type        string      `json:"type"`
	PartnerID   string      `json:"partnerId"`
	MSISDN      string      `json:"msisdn"`
	Amount      json.Number `json:"amount"`
	Currency    string      `json:"currency"`
	Reference   string      `json:"reference"`
	Description string      `json:"description"`
}

// rest moves money and answers when it has moved, or has not: nobody can ask
// about it later.
func (s *Simulator) rest(w http.ResponseWriter, r *http.Request) {
	var body transferBody
	err := json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&body)
	s.faulty("transfer", body.Reference, w, r, brokenREST, func(w http.ResponseWriter, r *http.Request) {
		merchant, known := s.basic(r)
		switch {
		case !known:
			writeREST(w, http.StatusUnauthorized, plain(codeKeys, "Bad credentials"))
			return
		case err != nil:
			writeREST(w, http.StatusBadRequest, plain(codeParameters, "the body is no JSON of this call"))
			return
		}
		status, a := s.move(&request{Request: r, merchant: merchant}, body)
		writeREST(w, status, a)
	})
}

func (s *Simulator) move(rq *request, b transferBody) (int, answer) {
	kind, known := map[string]simnet.Kind{"cashin": simnet.Collect, "cashout": simnet.Payout}[b.Type]
	switch {
	case !known:
		return http.StatusBadRequest, plain(codeParameters, "type must be cashin or cashout")
	case b.PartnerID != rq.merchant.PartnerID:
		return http.StatusBadRequest, plain(codeParameters, "partnerId is not the merchant's")
	case b.Currency != currency:
		return http.StatusBadRequest, plain(codeParameters, "currency must be "+currency)
	}
	return http.StatusOK, s.pay(rq, payment{kind: kind, number: b.MSISDN, amount: b.Amount.String(), reference: b.Reference, text: b.Description, waits: true})
}

// health is there for clients that ask whether their credentials work.
func (s *Simulator) health(w http.ResponseWriter, r *http.Request) {
	s.faulty("health", "", w, r, brokenREST, func(w http.ResponseWriter, r *http.Request) {
		if _, known := s.basic(r); !known {
			writeREST(w, http.StatusUnauthorized, plain(codeKeys, "Bad credentials"))
			return
		}
		reply(w, http.StatusOK, map[string]string{"status": "ok"}) // Choice: the body
	})
}

func (s *Simulator) basic(r *http.Request) (Account, bool) {
	user, password, given := r.BasicAuth()
	if !given {
		return Account{}, false
	}
	return s.logsIn(user, password)
}

// brokenREST answers for an injected fault.
func brokenREST(w http.ResponseWriter, status int) {
	reply(w, status, map[string]string{"message": http.StatusText(status)})
}

// writeREST writes an answer as JSON. The members with an underscore are the
// simulator's own.
func writeREST(w http.ResponseWriter, status int, a answer) {
	body := map[string]any{"_simulated": true, "responseCode": a.code, "message": a.text}
	if a.id != "" {
		body["transactionId"] = a.id
	}
	if a.latency != "" {
		body["_latencyMs"] = json.Number(a.latency)
	}
	reply(w, status, body)
}

func reply(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil { // only values of this package come here
		status, raw = http.StatusInternalServerError, []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the client is gone, nobody to tell
}

func millis(n int64) string { return strconv.FormatInt(n, 10) }
