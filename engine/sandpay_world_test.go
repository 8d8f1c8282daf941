package engine_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/corridor"
	airtel "github.com/afara-dev/afara/plugins/airtel/simulator"
	moov "github.com/afara-dev/afara/plugins/moov/simulator"
	mtn "github.com/afara-dev/afara/plugins/mtn/simulator"
	orange "github.com/afara-dev/afara/plugins/orange/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/sdk/payments"
)

// The tests named TestSandpay... walk the contract of /v1/payments sentence by
// sentence: each subtest is one, by the number of its chapter there.

// holds runs one sentence of the contract against the market.
func (m *market) holds(sentence string, test func(m *market)) {
	m.t.Helper()
	m.t.Run(sentence, func(t *testing.T) { test(m.in(t)) })
}

// in is the market for a subtest.
func (m *market) in(t *testing.T) *market {
	w := *m.world
	w.t = t
	return &market{world: &w, net: m.net}
}

// heard is an answer as it came over the wire.
type heard struct {
	status int
	header http.Header
	body   string
}

// ask sends a request as it is written; without authorization, none is sent.
func (m *market) ask(method, path, authorization, body string) heard {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.url+path, strings.NewReader(body))
	must(m.t, err)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := client.Do(req)
	must(m.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(m.t, err)
	return heard{resp.StatusCode, resp.Header, string(raw)}
}

// keyed is ask with the integrator's key.
func (m *market) keyed(method, path, body string) heard {
	m.t.Helper()
	return m.ask(method, path, "Bearer "+m.key, body)
}

// is fails unless the answer is an error of the contract, in its form.
func (h heard) is(t *testing.T, status int, code string) refusal {
	t.Helper()
	var members map[string]json.RawMessage
	var r refusal
	if json.Unmarshal([]byte(h.body), &members) != nil || json.Unmarshal([]byte(h.body), &r) != nil {
		t.Fatalf("%d is no error of the contract: %s", h.status, h.body)
	}
	for name := range members {
		if name != "error" && name != "message" && name != "detail" {
			t.Errorf("the error has %s: %s", name, h.body)
		}
	}
	if h.status != status || r.Error != code || r.Message == "" {
		t.Errorf("%d %s, want %d %s", h.status, h.body, status, code)
	}
	h.versioned(t)
	return r
}

// versioned fails without the headers that every answer has.
func (h heard) versioned(t *testing.T) {
	t.Helper()
	if h.header.Get("X-SandPay-Api-Version") != "2026-05-31" || h.header.Get("X-Request-Id") == "" {
		t.Errorf("%d with the headers %v", h.status, h.header)
	}
}

// client is the typed client of the integrator.
func (m *market) client() *payments.Client {
	m.t.Helper()
	c, err := payments.New(m.url, m.key)
	must(m.t, err)
	return c
}

// change changes the corridor of MTN in Côte d'Ivoire.
func (m *market) change(p corridor.Patch) {
	m.t.Helper()
	_, _, err := m.engine.Corridors.Put(m.t.Context(), m.env, "mtn", "CI", p, "test")
	must(m.t, err)
}

// place is where an operator is reached in these tests: a corridor, or another
// dialect of the same one.
type place struct {
	name, operator, country, currency, number string
}

// The SIMs of the region have 100,000 units each; awa is MTN's in Côte d'Ivoire.
func places() []place {
	return []place{
		{"mtn in CI", "mtn", "CI", "XOF", awa},
		{"mtn in RW", "mtn", "RW", "RWF", "+250788123456"},
		{"orange in CI", "orange", "CI", "XOF", "+2250707123456"},
		{"moov in BJ, soap", "moov", "BJ", "XOF", "+2290195123456"},
		{"moov in TG, rest", "moov", "TG", "XOF", "+22896123456"},
		{"airtel in RW", "airtel", "RW", "RWF", "+250730123456"},
	}
}

// openRegion is a market of all operators. Orange speaks core, or webpay.
func openRegion(t *testing.T, webpay bool) *market {
	t.Helper()
	m := &market{
		world: &world{t: t, receiver: newReceiver(t), pushed: true},
		net:   simnet.New(simnet.Options{Settings: simnet.Settings{NoWait: true}}),
	}
	t.Cleanup(func() { _ = m.net.Close() })
	m.settings = settings(t, t.TempDir())
	m.settings.PaymentPollAfter = 200 * time.Millisecond // Moov pushes nothing
	m.run()
	m.tenant()
	m.openMTN()
	m.openOrange(webpay)
	m.openMoov()
	m.openAirtel()
	for _, p := range places() {
		must(t, m.net.PutSIM(simnet.SIM{Operator: p.operator, Number: p.number, Country: p.country, Currency: p.currency, Balance: 100_000, PIN: "1234"}))
	}
	return m
}

// serve serves a simulator while the test runs.
func (m *market) serve(h http.Handler) (url string) {
	server := httptest.NewServer(h)
	m.t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.URL
}

func (m *market) openMTN() {
	m.t.Helper()
	s, err := mtn.New(mtn.Options{Network: m.net})
	must(m.t, err)
	url := m.serve(s)
	for _, country := range []string{"CI", "RW"} {
		us, err := s.Provision(country, "127.0.0.1")
		must(m.t, err)
		m.corridor("mtn", country, mtnSettings(us, url))
	}
}

func (m *market) openOrange(webpay bool) {
	m.t.Helper()
	s, err := orange.New(orange.Options{Network: m.net})
	must(m.t, err)
	us, err := s.Provision("CI")
	must(m.t, err)
	settings := map[string]any{"dialect": "core", "authToken": us.AuthToken, "channelNumber": us.ChannelNumber, "pin": us.PIN}
	if webpay {
		settings = map[string]any{"dialect": "webpay", "merchantKey": us.MerchantKey, "returnUrl": "https://shop.example/paid", "cancelUrl": "https://shop.example/left"}
	}
	settings["baseUrl"], settings["country"] = m.serve(s), "CI"
	settings["clientId"], settings["clientSecret"] = us.ClientID, us.ClientSecret
	m.corridor("orange", "CI", settings)
}

func (m *market) openMoov() {
	m.t.Helper()
	s, err := moov.New(moov.Options{Network: m.net})
	must(m.t, err)
	url := m.serve(s)
	for country, dialect := range map[string]string{"BJ": "soap", "TG": "rest"} {
		us, err := s.Provision(country)
		must(m.t, err)
		settings := map[string]any{"dialect": dialect, "baseUrl": url, "country": country, "username": us.Username, "password": us.Password}
		if dialect == "soap" {
			settings["encryptionKey"], settings["merchantNumber"] = us.EncryptionKey, us.MerchantNumber
		} else {
			settings["partnerId"] = us.PartnerID
		}
		m.corridor("moov", country, settings)
	}
}

func (m *market) openAirtel() {
	m.t.Helper()
	s, err := airtel.New(airtel.Options{Network: m.net})
	must(m.t, err)
	us, err := s.Provision("RW", "", true)
	must(m.t, err)
	id := m.corridor("airtel", "RW", map[string]any{
		"baseUrl": m.serve(s), "country": "RW", "clientId": us.ClientID, "clientSecret": us.ClientSecret,
		"callbackKey": us.CallbackKey, "pin": us.PIN, "rsaPadding": "oaep_sha1",
	})
	must(m.t, s.Redirect(us.ClientID, m.url+"/webhooks/airtel/"+string(id), true))
}
