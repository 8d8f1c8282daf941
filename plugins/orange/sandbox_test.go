package main

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/afara-dev/afara/plugins/simnet/simnettest"
)

func TestTheSandboxsSIMsAreReachedThroughTheConnector(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b := setup(t, dialect)
		b.TryPhones(t, simnettest.Phones{
			Operator: "orange", Ada: ada, Bob: "+2250707654321", Country: "CI", Currency: "XOF",
			References: [2]string{reference, other}, Text: map[string]string{webpay: "ORDER-1", core: "Two beers"}[dialect],
			Collect: func(reference, msisdn string) {
				in := payment()
				in.OperatorReference, in.MSISDN = reference, msisdn
				b.collect(t, in)
			},
		})
	}
}

func TestOrangesOwnAddressHasNoSIMsToLookAt(t *testing.T) {
	t.Parallel()
	b := setup(t, webpay)
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"code":60,"message":"Resource not found"}`)
	}))
	b.WantError(t, "orange.list_sims", map[string]any{}, classUnsupported, "no_simulator")
}
