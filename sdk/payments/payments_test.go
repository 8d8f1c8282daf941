package payments_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/payments"
	"github.com/afara-dev/afara/sdk/payments/paymentstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock moves on when it is slept on. It calls woken after each sleep.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
	woken func(n int)
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 31, 22, 10, 15, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.mu.Lock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	n := len(c.slept)
	c.mu.Unlock()
	if c.woken != nil {
		c.woken(n)
	}
	return ctx.Err()
}

// newClient asks url, each time on a new connection (net/http itself would repeat
// a read that loses an old one), on a clock of its own.
func newClient(t *testing.T, url string) (*payments.Client, *clock) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	at := newClock()
	c, err := payments.New(url, paymentstest.Key, payments.WithClock(at), payments.WithHTTPClient(&http.Client{Transport: transport}))
	must(t, err)
	return c, at
}

func newService(t *testing.T) (*paymentstest.Server, *payments.Client, *clock) {
	t.Helper()
	s := paymentstest.NewServer()
	t.Cleanup(s.Close)
	s.PutSIM(payer, 100_000, false)
	c, at := newClient(t, s.URL)
	return s, c, at
}

const payer = "+250788123456"

func collection(reference string) payments.Collection {
	return payments.Collection{Amount: 25000, Currency: "RWF", MSISDN: payer, Reference: reference, Application: paymentstest.Application}
}

// answering is a service that answers everything so.
func answering(t *testing.T, status int, header http.Header, body string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func wantError(t *testing.T, err error, status int, code string) *payments.Error {
	t.Helper()
	var e *payments.Error
	if !errors.As(err, &e) || e.Status != status || e.Code != code {
		t.Fatalf("got %v, want %d %s", err, status, code)
	}
	if strings.Contains(err.Error(), paymentstest.Key) {
		t.Errorf("the error shows the key: %v", err)
	}
	return e
}

func TestTheBaseMayBeWrittenInManyWays(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewServer()
	t.Cleanup(s.Close)
	for suffix, want := range map[string]string{
		"": "/v1/meta", "/": "/v1/meta", "//": "/v1/meta", "/v1": "/v1/meta", "/v1/": "/v1/meta",
		"/api": "/api/v1/meta", "/api/v1": "/api/v1/meta", "/api/v1//": "/api/v1/meta",
	} {
		c, _ := newClient(t, s.URL+suffix)
		if m, err := c.Meta(t.Context()); err != nil || m.APIVersion != payments.APIVersion {
			t.Errorf("%s: %+v, %v", suffix, m, err)
		}
		if asked := s.Requests(); asked[len(asked)-1] != "GET "+want {
			t.Errorf("%s asks %s", suffix, asked[len(asked)-1])
		}
	}
}

func TestWhatNoServiceCanBeCalledWithIsRefused(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "host", "ftp://host", "http://", "http://u:canary@host", "http://host?a=canary", "http://host#canary", "http://ho st/canary"} {
		if _, err := payments.New(base, "k"); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", base, err)
		}
	}
	for _, key := range []string{"", "a b", "canary\n", "clé"} {
		if _, err := payments.New("http://host", key); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestTheStatusesAreThoseOfTheEngine(t *testing.T) {
	t.Parallel()
	theirs := []schemas.PaymentStatus{
		schemas.PaymentSuccess, schemas.PaymentPINInvalid, schemas.PaymentInsufficientFunds, schemas.PaymentTimeout,
		schemas.PaymentAccountBlocked, schemas.PaymentUserCancelled, schemas.PaymentUnknownMSISDN, schemas.PaymentLimitExceeded,
		schemas.PaymentServiceUnavailable, schemas.PaymentDuplicateReference, schemas.PaymentPending,
	}
	ours := payments.Statuses()
	if len(ours) != 11 {
		t.Errorf("%d statuses", len(ours))
	}
	for i, s := range ours {
		if string(s) != string(theirs[i]) || s.Final() != theirs[i].Final() || s.Final() == (s == payments.Pending) {
			t.Errorf("%s, %s: final %t", s, theirs[i], s.Final())
		}
	}
	if payments.Status("").Final() {
		t.Error("no status is final")
	}
}

func TestEveryFieldOfThePaymentIsRead(t *testing.T) {
	t.Parallel()
	s := answering(t, http.StatusOK, nil, `{"id":"TX_8K3M9F","type":"refund","parentTxId":"TX_1","orderRef":"o1","orderUrl":"https://shop.example/o1",
		"isUrlProtected":true,"amount":25000,"commission":250,"netAmount":24875,"customerTotal":25125,"merchantAbsorptionPct":50,
		"merchantShare":125,"customerShare":125,"commissionMode":"merchant","currency":"XOF","operator":"orange","country":"CI",
		"msisdn":"+2250707123456","reference":"r1","description":"d","scenario":"success","status":"SUCCESS","latencyMs":812,
		"createdAt":"2026-05-31T22:10:15.123Z","raw":{"_simulated":true},"later":{"than":"us"}}`)
	c, _ := newClient(t, s.URL)
	p, err := c.Get(t.Context(), "TX_8K3M9F")
	must(t, err)
	pct := int64(50)
	want := payments.Payment{
		MerchantAbsorptionPct: &pct, Raw: json.RawMessage(`{"_simulated":true}`),
		ID: "TX_8K3M9F", Type: payments.TypeRefund, ParentTxID: "TX_1", OrderRef: "o1", OrderURL: "https://shop.example/o1", IsURLProtected: true,
		Amount: 25000, Commission: 250, NetAmount: 24875, CustomerTotal: 25125, MerchantShare: 125, CustomerShare: 125, CommissionMode: "merchant",
		Currency: "XOF", Operator: "orange", Country: "CI", MSISDN: "+2250707123456", Reference: "r1", Description: "d", Scenario: "success",
		Status: payments.Success, LatencyMS: 812, CreatedAt: time.Date(2026, 5, 31, 22, 10, 15, 123_000_000, time.UTC),
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v\nwant %+v", p, want)
	}
}

func TestARowFromBeforeCommissionsIsWorthItsGross(t *testing.T) {
	t.Parallel()
	s := answering(t, http.StatusOK, nil, `{"tx_id":"TX_1","amount":500,"netAmount":null,"merchantAbsorptionPct":null,"commissionMode":null,"raw":null,"parentTxId":null,"status":"SUCCESS"}`)
	c, _ := newClient(t, s.URL)
	p, err := c.Get(t.Context(), "TX_1")
	if err != nil || p.ID != "TX_1" || p.NetAmount != 500 || p.MerchantAbsorptionPct != nil || p.Raw != nil || p.CommissionMode != "" || p.ParentTxID != "" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestACollectionIsCreatedAndWaitedFor(t *testing.T) {
	t.Parallel()
	s, c, at := newService(t)
	p, err := c.Create(t.Context(), collection("r1"))
	must(t, err)
	if p.Status != payments.Pending || p.Operator != "mtn" || p.Country != "RW" || p.OrderRef != "r1" || p.Reference != "r1" {
		t.Fatalf("%+v", p)
	}
	at.woken = func(n int) {
		if n == 3 {
			must(t, s.Settle(p.ID, payments.Success))
		}
	}
	end, err := c.Wait(t.Context(), p.ID)
	must(t, err)
	if end.Status != payments.Success || end.NetAmount != 24750 || end.CustomerTotal != 25000 || *end.MerchantAbsorptionPct != 100 {
		t.Errorf("%+v", end)
	}
	if want := []time.Duration{4 * time.Second, 4 * time.Second, 4 * time.Second}; !slices.Equal(at.slept, want) {
		t.Errorf("slept %v", at.slept)
	}
}

func TestEveryScenarioIsItsStatus(t *testing.T) {
	t.Parallel()
	_, c, _ := newService(t)
	for scenario, want := range map[string]payments.Status{
		payments.ScenarioSuccess: payments.Success, payments.ScenarioPINInvalid: payments.PINInvalid, payments.ScenarioLowBalance: payments.InsufficientFunds,
		payments.ScenarioTimeout: payments.Timeout, payments.ScenarioBlocked: payments.AccountBlocked, payments.ScenarioCancelled: payments.UserCancelled,
		payments.ScenarioUnknownMSISDN: payments.UnknownMSISDN, payments.ScenarioLimitExceeded: payments.LimitExceeded,
		payments.ScenarioMaintenance: payments.ServiceUnavailable, payments.ScenarioDuplicate: payments.DuplicateReference,
	} {
		in := collection("r-" + scenario)
		in.Scenario = scenario
		if p, err := c.Create(t.Context(), in); err != nil || p.Status != want || p.Scenario != scenario {
			t.Errorf("%s: %s, %v", scenario, p.Status, err)
		}
	}
}

func TestRefundsAndDisbursements(t *testing.T) {
	t.Parallel()
	s, c, _ := newService(t)
	ctx := t.Context()
	p, err := c.Create(ctx, collection("ZANA-PAY-20260531221015-8E2884A47B1C"))
	must(t, err)
	_, err = c.Refund(ctx, p.ID, payments.Refund{})
	wantError(t, err, http.StatusUnprocessableEntity, payments.CodeNotRefundable)
	must(t, s.Settle(p.ID, payments.Success))
	part, err := c.Refund(ctx, p.ID, payments.Refund{Amount: 5000, Reference: "refund-1"})
	if err != nil || part.Status != payments.Success || part.Type != payments.TypeRefund || part.ParentTxID != p.ID || part.RefundedTotal != 5000 ||
		part.RefundableRemaining != 20000 || part.Idempotent || *part.MerchantBalanceAfter != 1_000_000+24750-5000 || *part.RecipientBalanceAfter != 80_000 {
		t.Errorf("%+v, %v", part, err)
	}
	if again, err := c.Refund(ctx, p.ID, payments.Refund{Amount: 5000, Reference: "refund-1"}); err != nil || !again.Idempotent || again.TxID != part.TxID {
		t.Errorf("%+v, %v", again, err)
	}
	_, err = c.Refund(ctx, p.ID, payments.Refund{Amount: 20001})
	wantError(t, err, http.StatusUnprocessableEntity, payments.CodeExceedsRefundable)
	rest, err := c.Refund(ctx, p.ID, payments.Refund{})
	if err != nil || rest.Amount != 20000 || rest.RefundableRemaining != 0 {
		t.Errorf("%+v, %v", rest, err)
	}
	shown, err := c.Get(ctx, rest.TxID)
	if err != nil || !strings.HasPrefix(shown.Reference, "ZANA-REF-") || shown.ParentTxID != p.ID || shown.Commission != 0 {
		t.Errorf("%+v, %v", shown, err)
	}
	s.SetFloat(10)
	out, err := c.Disburse(ctx, payments.Disbursement{Amount: 100, Currency: "RWF", MSISDN: payer, Application: paymentstest.Application, OrderRef: "o1"})
	if err != nil || out.Status != payments.InsufficientFunds || out.RecipientBalanceAfter != nil || out.TxID == "" {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestMetaAndHealthNeedNoKey(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s carries the key", r.URL)
		}
		_, _ = io.WriteString(w, `{"api_version":"2026-05-31","capabilities":["payments"],"min_sdk_version":"0.2.0","changelog_url":"u"}`)
	}))
	t.Cleanup(s.Close)
	c, _ := newClient(t, s.URL)
	m, err := c.Meta(t.Context())
	if err != nil || !m.Can(payments.CapabilityPayments) || m.Can(payments.CapabilityRefunds) || m.MinSDKVersion != "0.2.0" || m.ChangelogURL != "u" {
		t.Errorf("%+v, %v", m, err)
	}
	must(t, c.Health(t.Context()))
	away, _ := newClient(t, answering(t, http.StatusServiceUnavailable, nil, "").URL)
	wantError(t, away.Health(t.Context()), http.StatusServiceUnavailable, "")
}
