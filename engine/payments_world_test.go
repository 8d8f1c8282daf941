package engine_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/tenant"
	firs "github.com/afara-dev/afara/plugins/firs/simulator"
	mtn "github.com/afara-dev/afara/plugins/mtn/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
)

// The SIMs of these tests.
const (
	awa    = "+2250501234567" // has 100,000 francs
	poor   = "+2250501234568"
	locked = "+2250501234569"
	nobody = "+2250501234570" // in no registry
)

// market is an engine whose integrator collects over MTN in Côte d'Ivoire, with
// MTN's stand-in behind a real connector.
type market struct {
	*world
	net *simnet.Network
	// business is what the authority knows us by, where invoices are registered.
	business firs.Business
}

// openMarket runs one. Without pushes, what becomes of a payment is found by
// look-ups alone.
func openMarket(t *testing.T, pushed bool, change ...func(*config.Config)) *market {
	t.Helper()
	m := &market{
		world: &world{t: t, receiver: newReceiver(t), pushed: pushed},
		net:   simnet.New(simnet.Options{Settings: simnet.Settings{NoWait: true}}),
	}
	operator, err := mtn.New(mtn.Options{Network: m.net})
	must(t, err)
	server := httptest.NewServer(operator)
	t.Cleanup(func() { _ = m.net.Close(); server.CloseClientConnections(); server.Close() })
	for _, sim := range []simnet.SIM{{Number: awa, Balance: 100_000}, {Number: poor, Balance: 10}, {Number: locked, Balance: 100_000, Blocked: true}} {
		sim.Operator, sim.Country, sim.Currency, sim.PIN = "mtn", "CI", "XOF", "1234"
		must(t, m.net.PutSIM(sim))
	}
	m.settings = settings(t, t.TempDir())
	for _, c := range change {
		c(m.settings)
	}
	m.run()
	m.open(operator, server.URL)
	return m
}

// open makes the tenant with its connection, corridor and store.
func (m *market) open(operator *mtn.Simulator, url string) {
	m.t.Helper()
	m.tenant()
	us, err := operator.Provision("CI", "127.0.0.1")
	must(m.t, err)
	m.corridor("mtn", "CI", mtnSettings(us, url))
}

func mtnSettings(us mtn.Account, url string) map[string]any {
	return map[string]any{
		"baseUrl": url, "country": us.Country, "collectionKey": us.CollectionKey, "disbursementKey": us.DisbursementKey,
		"apiUser": us.APIUser, "apiKey": us.APIKey, "callbackHost": "127.0.0.1",
	}
}

// tenant makes the integrator with a store.
func (m *market) tenant() {
	m.t.Helper()
	ctx := m.t.Context()
	org, err := m.engine.Tenants.CreateOrganisation(ctx, "Zana")
	must(m.t, err)
	env, err := m.engine.Tenants.CreateEnvironment(ctx, tenant.NewEnvironment{
		Organisation: org.ID, Kind: domain.Sandbox, Mode: domain.ModeSI, AllowHTTP: true, AllowLoopback: true,
	})
	must(m.t, err)
	m.env = env.ID
	m.key, _, err = m.engine.Tenants.CreateKey(ctx, env.ID, []domain.Scope{domain.ScopeWrite, domain.ScopeOps}, "test")
	must(m.t, err)
	m.receiver.secrets, err = m.engine.Tenants.SigningSecrets(ctx, env.ID)
	must(m.t, err)
	if status := m.call(http.MethodPost, "/si/stores", map[string]any{"slug": "zana", "name": "Zana"}, nil); status != http.StatusCreated {
		m.t.Fatalf("make a store: %d", status)
	}
}

// corridor connects an operator and sends its payments in a country over that
// connection.
func (m *market) corridor(operator, country string, settings map[string]any) domain.ConnectionID {
	m.t.Helper()
	raw, err := json.Marshal(settings)
	must(m.t, err)
	c, err := m.engine.Registry.Put(m.t.Context(), registry.NewConnection{
		Environment: m.env, Kind: domain.Sandbox, Connector: operator, Name: operator + " " + country, Enabled: true, Settings: raw,
	})
	must(m.t, err)
	_, _, err = m.engine.Corridors.Put(m.t.Context(), m.env, operator, country, corridor.Patch{Connection: &c.ID}, "test")
	must(m.t, err)
	return c.ID
}

// paid is the part of a Payment that tests look at.
type paid struct {
	ID            string         `json:"id"`
	Type          string         `json:"type"`
	Status        string         `json:"status"`
	Reference     string         `json:"reference"`
	OrderRef      string         `json:"orderRef"`
	Amount        int64          `json:"amount"`
	NetAmount     int64          `json:"netAmount"`
	Commission    int64          `json:"commission"`
	CustomerTotal int64          `json:"customerTotal"`
	LatencyMs     *int64         `json:"latencyMs"`
	Raw           map[string]any `json:"raw"`
}

// payout is the answer to a refund or a disbursement.
type payout struct {
	ID         string `json:"tx_id"`
	Status     string `json:"status"`
	Amount     int64  `json:"amount"`
	Parent     string `json:"parent_tx_id"`
	Total      int64  `json:"refunded_total"`
	Remaining  int64  `json:"refundable_remaining"`
	Float      int64  `json:"merchant_balance_after"`
	Idempotent bool   `json:"idempotent"`
}

// refusal is the contract's form of an error.
type refusal struct {
	Error   string `json:"error"`
	Message string `json:"message"`
	Detail  struct {
		Faults map[string][]string `json:"fieldErrors"`
	} `json:"detail"`
}

func collection(reference string, change ...func(map[string]any)) map[string]any {
	body := map[string]any{"amount": 25_000, "currency": "XOF", "msisdn": awa, "reference": reference, "application": "zana"}
	for _, c := range change {
		c(body)
	}
	return body
}

func with(name string, value any) func(map[string]any) {
	return func(body map[string]any) { body[name] = value }
}

// collect creates a collection and answers it as it was accepted.
func (m *market) collect(reference string, change ...func(map[string]any)) paid {
	m.t.Helper()
	var p paid
	if status := m.call(http.MethodPost, "/v1/payments", collection(reference, change...), &p); status != http.StatusCreated {
		m.t.Fatalf("%s: %d", reference, status)
	}
	return p
}

// ended waits until a payment has its final status.
func (m *market) ended(id string) paid {
	m.t.Helper()
	var p paid
	eventually(m.t, "the payment ends", func() bool {
		m.call(http.MethodGet, "/v1/payments/"+id, nil, &p)
		return p.Status != "PENDING"
	})
	return p
}

// answer answers the prompt on a payer's phone.
func (m *market) answer(number, answer, pin string) {
	m.t.Helper()
	asked := simnet.Filter{Operator: "mtn", Number: number}
	eventually(m.t, "the phone asks", func() bool { return len(m.net.Prompts(asked)) > 0 })
	_, err := m.net.Answer("mtn", m.net.Prompts(asked)[0].Reference, answer, pin)
	must(m.t, err)
}

func (m *market) balance(number string) int64 {
	m.t.Helper()
	sim, err := m.net.SIM("mtn", number)
	must(m.t, err)
	return sim.Balance
}

func (m *market) float() int64 {
	m.t.Helper()
	b, err := m.engine.Ledger.Balance(m.t.Context(), m.env, domain.AccountFloat, "XOF")
	must(m.t, err)
	return b
}
