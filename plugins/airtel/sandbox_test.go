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
		Operator: "airtel", Ada: ada, Bob: "+250730654321", Country: "RW", Currency: "RWF",
		References: [2]string{reference, other}, Text: "Reference " + reference,
		Account: b.Settings["clientId"].(string), Network: b.net,
		Collect: func(reference, msisdn string) {
			in := payment()
			in.OperatorReference, in.MSISDN = reference, msisdn
			b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
		},
	})
}

func TestAirtelsOwnSandboxHasNoSIMsToLookAt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"statusCode":404,"message":"Resource not found"}`)
	}))
	b.WantError(t, "airtel.list_sims", map[string]any{}, classUnsupported, "no_simulator")
}
