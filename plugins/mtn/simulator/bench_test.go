package simulator_test

import (
	"encoding/json"
	"testing"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/mtn/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ada = "+2250501234567"

// bench is a simulator with a client of it.
type bench struct {
	*simulator.Simulator
	*simnettest.Server
	net *simnettest.Network
	us  simulator.Account
}

func setup(t testing.TB, o simulator.Options) *bench {
	t.Helper()
	b := &bench{net: simnettest.New(t, simnet.Options{})}
	o.Network, o.Now = b.net.Network, b.net.Now
	var err error
	if b.Simulator, err = simulator.New(o); err != nil {
		t.Fatal(err)
	}
	b.Server = b.net.Serve(t, b)
	if b.us, err = b.Provision("CI", "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	b.net.Put(t, simnet.SIM{Operator: "mtn", Number: ada, Country: "CI", Currency: "XOF", Balance: 10_000, Name: "Ada Lovelace"})
	return b
}

type header = simnettest.Header

func (b *bench) key(product string) string {
	if product == "collection" {
		return b.us.CollectionKey
	}
	return b.us.DisbursementKey
}

// login gives the headers of a product's calls.
func (b *bench) login(t testing.TB, product string) header {
	t.Helper()
	said := b.Want(t, 200, `"expires_in":`, "POST", "/"+product+"/token/", "",
		header{"Authorization": simnettest.Basic(b.us.APIUser, b.us.APIKey), "Ocp-Apim-Subscription-Key": b.key(product)})
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(said), &granted); err != nil {
		t.Fatal(err)
	}
	return header{
		"Authorization": "Bearer " + granted.Token, "Ocp-Apim-Subscription-Key": b.key(product),
		"X-Target-Environment": b.us.TargetEnvironment, "Content-Type": "application/json",
	}
}

const (
	ref1 = "0f8fad5b-d9cb-469f-a165-70867728950e"
	ref2 = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
)

func body(role, number, amount string) string {
	return `{"amount":"` + amount + `","currency":"XOF","externalId":"ORDER-1","` + role + `":{"partyIdType":"MSISDN","partyId":"` + number + `"},"payerMessage":"Two beers","payeeNote":"till 4"}`
}
