package simulator

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/afara-dev/afara/plugins/simnet"
)

// refund gives a collection back, all of it. The body names nothing but
// Airtel's id of the collection, so a refund cannot be asked about later, and
// its end is told at once.
func (s *Simulator) refund(w http.ResponseWriter, rq *request) {
	p, refuse := rq.payment()
	reference, ours := strings.CutPrefix(p.Transaction.MoneyID, idPrefix)
	original, found := s.net.Find(Operator, reference)
	switch {
	case refuse != nil:
	case p.Transaction.MoneyID == "":
		refuse = bad("transaction.airtel_money_id is missing")
	case !ours || !found || original.Account != rq.client:
		refuse = no(codeNotFound, "Transaction not found")
	}
	var t simnet.Transaction
	if refuse == nil {
		var err error
		t, err = s.net.Begin(simnet.Order{
			Operator: Operator, Reference: "refund " + rand.Text(), Kind: simnet.Refund, Account: rq.client,
			Number: original.Number, Country: original.Country, Currency: original.Currency, Amount: original.Amount,
			Original: reference, Scenario: rq.Header.Get(headerScenario), AtOnce: true,
		})
		refuse = refused(simnet.Refund, err)
	}
	if refuse == nil {
		refuse = forced(simnet.Refund, t.Scenario)
	}
	if refuse != nil {
		refuse.write(w)
		return
	}
	s.tellPayout(w, t)
}

// idPrefix begins Airtel's ids. Choice: what follows is the client's reference,
// so that nothing has to be kept to find it again.
const idPrefix = "SIM_"

func moneyID(reference string) string { return idPrefix + reference }
