package simulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/orange/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ada = "+2250701234567"

// bench is a simulator with a client of it.
type bench struct {
	*simulator.Simulator
	net    *simnet.Network
	url    string
	client *http.Client // of this server alone: another one that closes breaks no request of it
	us     simulator.Account

	mu sync.Mutex
	at time.Time
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	b.at = b.at.Add(d)
	b.mu.Unlock()
	b.net.Tick()
}

func setup(t testing.TB, o simulator.Options) *bench {
	t.Helper()
	b := &bench{at: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	b.net = simnet.New(simnet.Options{Now: b.now})
	o.Network, o.Now = b.net, b.now
	var err error
	if b.Simulator, err = simulator.New(o); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/orange", b))
	b.url, b.client = server.URL+"/orange", server.Client()
	t.Cleanup(func() {
		_ = b.net.Close() // never fails
		server.CloseClientConnections()
		server.Close()
	})
	if b.us, err = b.Provision("CI"); err != nil {
		t.Fatal(err)
	}
	if err := b.net.PutSIM(simnet.SIM{Operator: "orange", Number: ada, Country: "CI", Currency: "XOF", Balance: 10_000}); err != nil {
		t.Fatal(err)
	}
	return b
}

type header map[string]string

// ask sends one request; an empty value takes a header out.
func (b *bench) ask(t testing.TB, method, path, body string, headers ...header) (int, string) {
	t.Helper()
	where := b.url + path
	if strings.HasPrefix(path, "http") {
		where = path
	}
	r, err := http.NewRequestWithContext(t.Context(), method, where, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		for name, value := range h {
			r.Header.Set(name, value)
			if value == "" {
				r.Header.Del(name)
			}
		}
	}
	client := &http.Client{Transport: b.client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(res.Header.Get("Location") + string(raw))
}

func (b *bench) want(t testing.TB, status int, says, method, path, body string, headers ...header) string {
	t.Helper()
	got, said := b.ask(t, method, path, body, headers...)
	if got != status || !strings.Contains(said, says) {
		t.Fatalf("%s %s: %d %s, want %d %s", method, path, got, said, status, says)
	}
	return said
}

// basic are the headers of a request for a token.
func (b *bench) basic(secret string) header {
	r, _ := http.NewRequest(http.MethodGet, b.url, nil)
	r.SetBasicAuth(b.us.ClientID, secret)
	return header{"Authorization": r.Header.Get("Authorization"), "Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
}

const form = "grant_type=client_credentials"

// login gives the headers of the calls of both APIs.
func (b *bench) login(t testing.TB) header {
	t.Helper()
	said := b.want(t, 200, `"token_type":"Bearer"`, "POST", "/oauth/v3/token", form, b.basic(b.us.ClientSecret))
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
