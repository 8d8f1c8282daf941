package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/orange/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ada = "+2250701234567"

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
	b.Server = b.net.Serve(t, http.StripPrefix("/orange", b))
	b.URL += "/orange"
	if b.us, err = b.Provision("CI"); err != nil {
		t.Fatal(err)
	}
	b.net.Put(t, simnet.SIM{Operator: "orange", Number: ada, Country: "CI", Currency: "XOF", Balance: 10_000})
	return b
}

type header = simnettest.Header

// basic are the headers of a request for a token.
func (b *bench) basic(secret string) header {
	return header{"Authorization": simnettest.Basic(b.us.ClientID, secret), "Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
}

const form = "grant_type=client_credentials"

// login gives the headers of the calls of both APIs.
func (b *bench) login(t testing.TB) header {
	t.Helper()
	said := b.Want(t, 200, `"token_type":"Bearer"`, "POST", "/oauth/v3/token", form, b.basic(b.us.ClientSecret))
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(said), &granted); err != nil {
		t.Fatal(err)
	}
	return header{"Authorization": "Bearer " + granted.Token, "X-AUTH-TOKEN": b.us.AuthToken, "Content-Type": "application/json"}
}

const (
	webpayment = "/orange-money-webpay/ci/v1/webpayment"
	status     = "/orange-money-webpay/ci/v1/transactionstatus"
	mp         = "/omcoreapis/1.0.2/mp/"
)

// object is a JSON object with changes; null takes a member out.
func object(members, changes map[string]any) string {
	for name, value := range changes {
		members[name] = value
		if value == nil {
			delete(members, name)
		}
	}
	raw, _ := json.Marshal(members)
	return string(raw)
}

func (b *bench) page(changes map[string]any) string {
	return object(map[string]any{
		"merchant_key": b.us.MerchantKey, "currency": "XOF", "order_id": "O-1", "amount": 500, "return_url": "https://shop.example/paid",
		"cancel_url": "https://shop.example/cart", "notif_url": "http://127.0.0.1:9/in", "lang": "fr", "reference": "Two beers",
	}, changes)
}

func (b *bench) pay(payToken string, changes map[string]any) string {
	return object(map[string]any{
		"subscriberMsisdn": "0701234567", "channelUserMsisdn": b.us.ChannelNumber, "amount": "500", "description": "Two beers",
		"orderId": "O-1", "pin": b.us.PIN, "payToken": payToken, "notifUrl": "http://127.0.0.1:9/in",
	}, changes)
}

func member(t testing.TB, said, name string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(said), &all); err != nil {
		t.Fatalf("%s: %v", said, err)
	}
	if data, inside := all["data"].(map[string]any); inside {
		all = data
	}
	text, _ := all[name].(string)
	return text
}

func values(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}
