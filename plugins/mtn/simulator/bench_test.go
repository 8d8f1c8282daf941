package simulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/mtn/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ada = "+2250501234567"

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
	server := httptest.NewServer(b)
	b.url, b.client = server.URL, server.Client()
	t.Cleanup(func() {
		_ = b.net.Close() // never fails
		server.CloseClientConnections()
		server.Close()
	})
	if b.us, err = b.Provision("CI", "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	if err := b.net.PutSIM(simnet.SIM{Operator: "mtn", Number: ada, Country: "CI", Currency: "XOF", Balance: 10_000, Name: "Ada Lovelace"}); err != nil {
		t.Fatal(err)
	}
	return b
}

type header map[string]string

// ask sends one request; an empty value takes a header out.
func (b *bench) ask(t testing.TB, method, path, body string, headers ...header) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
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
	res, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(raw))
}

func (b *bench) want(t testing.TB, status int, says, method, path, body string, headers ...header) string {
	t.Helper()
	got, said := b.ask(t, method, path, body, headers...)
	if got != status || !strings.Contains(said, says) {
		t.Fatalf("%s %s: %d %s, want %d %s", method, path, got, said, status, says)
	}
	return said
}

func (b *bench) key(product string) string {
	if product == "collection" {
		return b.us.CollectionKey
	}
	return b.us.DisbursementKey
}

// login gives the headers of a product's calls.
func (b *bench) login(t testing.TB, product string) header {
	t.Helper()
	r, _ := http.NewRequest(http.MethodGet, b.url, nil)
	r.SetBasicAuth(b.us.APIUser, b.us.APIKey)
	said := b.want(t, 200, `"expires_in":`, "POST", "/"+product+"/token/", "",
		header{"Authorization": r.Header.Get("Authorization"), "Ocp-Apim-Subscription-Key": b.key(product)})
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
