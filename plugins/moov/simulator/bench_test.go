package simulator_test

import (
	"encoding/json"
	"encoding/xml"
	"testing"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/moov/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ada = "+2290195123456"

// bench is a simulator with a client of it.
type bench struct {
	*simulator.Simulator
	*simnettest.Server
	net *simnettest.Network
	us  simulator.Account
}

func setup(t testing.TB, o simulator.Options, network simnet.Settings) *bench {
	t.Helper()
	b := &bench{net: simnettest.New(t, simnet.Options{Settings: network})}
	o.Network = b.net.Network
	var err error
	if b.Simulator, err = simulator.New(o); err != nil {
		t.Fatal(err)
	}
	b.Server = b.net.Serve(t, b)
	if b.us, err = b.Provision("BJ"); err != nil {
		t.Fatal(err)
	}
	b.net.Put(t, simnet.SIM{Operator: "moov", Number: ada, Country: "BJ", Currency: "XOF", Balance: 10_000, Name: "Ada Lovelace"})
	return b
}

type header = simnettest.Header

const endpoint = "/com.tlc.merchant.api/UssdPush"

// envelope is a call of SOAP; parameters are written as they stand.
func envelope(operation, parameters string) string {
	return `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:api="http://api.merchant.tlc.com/"><soapenv:Header/><soapenv:Body>` +
		`<api:` + operation + `>` + parameters + `</api:` + operation + `></soapenv:Body></soapenv:Envelope>`
}

// call makes a call with our token and gives the members of its result.
func (b *bench) call(t testing.TB, operation, parameters string, headers ...header) map[string]string {
	t.Helper()
	status, said := b.Ask(t, "POST", endpoint, envelope(operation, "<token>"+b.token(t)+"</token>"+parameters), headers...)
	if status != 200 {
		t.Fatalf("%s: %d %s", operation, status, said)
	}
	var answer struct {
		Body struct {
			Response struct {
				XMLName xml.Name
				Result  struct {
					Members []struct {
						XMLName xml.Name
						Text    string `xml:",chardata"`
					} `xml:",any"`
				} `xml:",any"`
			} `xml:",any"`
		} `xml:"Body"`
	}
	if err := xml.Unmarshal([]byte(said), &answer); err != nil || answer.Body.Response.XMLName.Local != operation+"Response" {
		t.Fatalf("%s: %s, %v", operation, said, err)
	}
	members := map[string]string{}
	for _, m := range answer.Body.Response.Result.Members {
		members[m.XMLName.Local] = m.Text
	}
	return members
}

func push(number, amount, reference string) string {
	return "<msisdn>" + number + "</msisdn><message>Two beers</message><amount>" + amount + "</amount><externaldata1>" + reference +
		"</externaldata1><externaldata2>ORDER-1</externaldata2><fee>0</fee>"
}

func transfer(number, amount, reference string) string {
	return "<request><destination>" + number + "</destination><amount>" + amount + "</amount><referenceid>" + reference +
		"</referenceid><walletid>0</walletid><extendeddata>x</extendeddata></request>"
}

func (b *bench) statusOf(t testing.TB, transid string) map[string]string {
	t.Helper()
	return b.call(t, "getTransactionStatus", "<request><transid>"+transid+"</transid></request>")
}

// basic gives the headers of REST.
func (b *bench) basic() header {
	return header{"Authorization": simnettest.Basic(b.us.Username, b.us.Password), "Content-Type": "application/json"}
}

func (b *bench) body(t testing.TB, change map[string]any) string {
	t.Helper()
	all := map[string]any{
		"type": "cashin", "partnerId": b.us.PartnerID, "msisdn": "2290195123456", "amount": 500, "currency": "XOF", "reference": "R1", "description": "Two beers",
	}
	for name, value := range change {
		all[name] = value
	}
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
