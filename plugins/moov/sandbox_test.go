package main

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
)

func TestTheSandboxsSIMsAreReachedThroughTheConnector(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.TryPhones(t, simnettest.Phones{
		Operator: "moov", Ada: ada, Bob: "+2290195654321", Country: "BJ", Currency: "XOF",
		References: [2]string{reference, other}, Text: "Two beers",
		Account: b.Settings["username"].(string), Network: b.net,
		Collect: func(reference, msisdn string) {
			in := payment()
			in.OperatorReference, in.MSISDN = reference, msisdn
			b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
		},
	})
}

func TestMoovItselfHasNoSIMsToLookAt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("baseUrl", simnettest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `<html>no such page</html>`)
	}))
	b.WantError(t, "moov.list_sims", map[string]any{}, classUnsupported, "no_simulator")
}
