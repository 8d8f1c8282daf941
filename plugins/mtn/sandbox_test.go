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
		Operator: "mtn", Ada: ada, Bob: "+2250507654321", Country: "CI", Currency: "XOF",
		References: [2]string{reference, other}, Text: "Two beers",
		Account: b.Settings["apiUser"].(string), Network: b.net,
		Collect: func(reference, msisdn string) {
			in := payment()
			in.OperatorReference, in.MSISDN = reference, msisdn
			b.Want(t, schemas.OpPaymentCollect, in, pending)
		},
	})
}

func TestMTNsOwnSandboxHasNoSIMsToLookAt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"statusCode":404,"message":"Resource not found"}`)
	}))
	b.WantError(t, "mtn.list_sims", map[string]any{}, classUnsupported, "no_simulator")
}
