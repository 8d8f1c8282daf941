package main

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/moov/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// TestMain makes this binary the connector itself when a test starts it as one.
func TestMain(m *testing.M) {
	if os.Getenv(sdk.Handshake().MagicCookieKey) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	ada       = "+2290195123456"
	reference = "6078A81EA1141E131A14"
	other     = "0F1A2B3C4D5E6F708192"
)

// bench is a connector, the Moov it talks to, and the connection between. The
// network of SIMs has a clock of its own.
type bench struct {
	*simnettest.Connection
	moov *simulator.Simulator
	net  *simnettest.Network
	url  string
	us   simulator.Account
}

// setup has a Moov whose payments take no time, but for those that ask a payer.
func setup(t testing.TB) *bench {
	return setupAs(t, dialectSOAP, simulator.Settings{}, simnet.Settings{NoWait: true})
}

func setupAs(t testing.TB, dialect string, moov simulator.Settings, network simnet.Settings) *bench {
	t.Helper()
	b := &bench{net: simnettest.New(t, simnet.Options{Settings: network})}
	var err error
	if b.moov, err = simulator.New(simulator.Options{Network: b.net.Network, Settings: moov}); err != nil {
		t.Fatal(err)
	}
	b.url = b.net.Serve(t, b.moov).URL
	if b.us, err = b.moov.Provision("BJ"); err != nil {
		t.Fatal(err)
	}
	settings := map[string]any{
		"dialect": dialect, "baseUrl": b.url, "country": "BJ", "username": b.us.Username, "password": b.us.Password,
		"encryptionKey": b.us.EncryptionKey, "merchantNumber": b.us.MerchantNumber, "partnerId": b.us.PartnerID,
	}
	b.put(t, simnet.SIM{Number: ada, Balance: 10_000})
	c := newConnector()
	c.now = b.net.Now
	b.Connection = simnettest.Connect(t, c, settings)
	return b
}

func (b *bench) put(t testing.TB, s simnet.SIM) {
	t.Helper()
	s.Operator, s.Country, s.Currency = "moov", "BJ", "XOF"
	b.net.Put(t, s)
}

func (b *bench) balance(t testing.TB) int64 {
	t.Helper()
	sim, err := b.net.SIM("moov", ada)
	if err != nil {
		t.Fatal(err)
	}
	return sim.Balance
}

// find is a look-up's answer.
func (b *bench) find(t testing.TB, operation string) schemas.PaymentLookupOutput {
	t.Helper()
	return b.Lookup(t, lookup(operation))
}

func payment() schemas.PaymentInput {
	return schemas.PaymentInput{
		OperatorReference: reference, Amount: 500, Currency: "XOF", Country: "BJ", MSISDN: ada,
		Reference: "ORDER-1", Description: "Two beers",
	}
}

func refund(amount int64) schemas.PaymentRefundInput {
	in := schemas.PaymentRefundInput{PaymentInput: payment(), Original: schemas.PaymentOriginal{OperatorReference: reference, Amount: 500}}
	in.OperatorReference, in.Amount = other, amount
	return in
}

func lookup(operation string) schemas.PaymentLookupInput {
	return schemas.PaymentLookupInput{
		Operation: operation, OperatorReference: reference, Amount: 500, Currency: "XOF", Country: "BJ", MSISDN: ada,
	}
}

// said is an answer to a SOAP operation.
func said(operation, members string) string {
	return `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><ns2:` + operation + `Response xmlns:ns2="http://api.merchant.tlc.com/"><return>` +
		members + `</return></ns2:` + operation + `Response></S:Body></S:Envelope>`
}
