package engine_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/payments"
	"github.com/afara-dev/afara/sdk/webhook"
)

// shop takes webhooks as they come, and answers with status.
type shop struct {
	*httptest.Server
	secret string

	mu     sync.Mutex
	status int
	got    []delivered
}

type delivered struct {
	path   string
	header http.Header
	body   string
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is missing does not verify
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, delivered{r.URL.Path, r.Header.Clone(), string(body)})
	if s.status/100 == 3 {
		w.Header().Set("Location", s.URL+"/elsewhere")
	}
	w.WriteHeader(s.status)
}

func (s *shop) answers(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// of are the deliveries about a transaction.
func (s *shop) of(id string) (list []delivered) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.got {
		if strings.Contains(d.body, `"tx_id":"`+id+`"`) {
			list = append(list, d)
		}
	}
	return list
}

// openShop registers an endpoint in SandPay's format.
func (m *market) openShop(policy any) *shop {
	m.t.Helper()
	s := &shop{status: http.StatusOK}
	s.Server = httptest.NewServer(s)
	m.t.Cleanup(s.Close)
	var made struct{ Data struct{ Secret string } }
	if status := m.call(http.MethodPost, "/v1/webhooks", map[string]any{
		"url": s.URL + "/hook", "payloadFormat": "sandpay", "retryPolicy": policy,
		"events": []string{payments.EventPaymentCompleted, payments.EventPaymentRefunded, payments.EventDisbursementCompleted},
	}, &made); status != http.StatusCreated {
		m.t.Fatal(status)
	}
	s.secret = made.Data.Secret
	return s
}

// first waits for the first delivery about a transaction.
func (m *market) first(s *shop, id string) delivered {
	m.t.Helper()
	eventually(m.t, "the webhook comes", func() bool { return len(s.of(id)) > 0 })
	return s.of(id)[0]
}

// delivery is one as the API shows it.
type delivery struct {
	ID, Status                   string
	Attempts                     int
	LastStatus                   *int
	LastAttemptAt, NextAttemptAt *time.Time
}

func (m *market) deliveries(id string) []delivery {
	m.t.Helper()
	var page struct{ Data []delivery }
	if status := m.call(http.MethodGet, "/v1/deliveries?resourceId="+id, nil, &page); status != http.StatusOK {
		m.t.Fatal(status)
	}
	return page.Data
}

// Chapter 12: webhooks.
func TestSandpayWebhooks(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	m.holds("12 without a configured URL nothing is sent and nothing fails", func(m *market) {
		p := m.ended(m.collect("NO-URL", with("scenario", "success")).ID)
		if list := m.deliveries(p.ID); p.Status != "SUCCESS" || len(list) != 0 {
			m.t.Errorf("%+v %+v", p, list)
		}
	})
	s := m.openShop("sandpay")
	parent := m.ended(m.collect("HOOKS", with("scenario", "success"), with("order_ref", "ORDER-1"), with("order_url", "https://shop.example/1"), with("description", "Two loaves")).ID)
	m.holds("12 the headers are event and signature over the raw bytes, the secret begins with whsec_", func(m *market) {
		d := m.first(s, parent.ID)
		if !strings.HasPrefix(s.secret, "whsec_") || d.header.Get("X-SandPay-Event") != payments.EventPaymentCompleted || !strings.HasPrefix(d.header.Get("X-SandPay-Signature"), "sha256=") || len(d.header.Get("X-SandPay-Signature")) != len("sha256=")+64 {
			m.t.Errorf("%.6s %v", s.secret, d.header)
		}
		e, err := payments.ReadEvent([]string{s.secret}, d.header, []byte(d.body))
		if err != nil || e.TxID != parent.ID {
			m.t.Errorf("%+v %v", e, err)
		}
		if err := webhook.VerifyBodyHeader([]string{s.secret}, d.header, webhook.HeaderSandPay, []byte(d.body+" ")); err == nil {
			m.t.Error("another body has the same signature")
		}
		if d.header.Get("Authorization") != "" {
			m.t.Error("there is a token")
		}
	})
	m.holds("12 the secret is shown once", func(m *market) {
		for _, path := range []string{"/v1/webhooks", "/v1/deliveries"} {
			if h := m.keyed(http.MethodGet, path, ""); strings.Contains(h.body, s.secret) {
				m.t.Errorf("%s shows it", path)
			}
		}
	})
	m.holds("12 the body is snake_case with every member, and no reference", func(m *market) {
		d := m.first(s, parent.ID)
		var got map[string]json.RawMessage
		must(m.t, json.Unmarshal([]byte(d.body), &got))
		want := []string{
			"amount", "commission", "commission_mode", "completed_at", "country", "created_at", "currency", "customer_share", "customer_total", "description",
			"env_id", "event", "is_url_protected", "latency_ms", "merchant_absorption_pct", "merchant_share", "msisdn", "net_amount", "operator", "order_ref",
			"order_url", "org_id", "parent_tx_id", "provider_tx_id", "raw", "scenario", "status", "tx_id", "type",
		}
		var names []string
		for name := range got {
			names = append(names, name)
		}
		slices.Sort(names)
		if !slices.Equal(names, want) {
			m.t.Errorf("members %v, want %v", names, want)
		}
		for name, value := range map[string]string{
			"amount": "25000", "net_amount": "24750", "commission": "250", "order_ref": `"ORDER-1"`, "order_url": `"https://shop.example/1"`, "status": `"SUCCESS"`,
			"type": `"collection"`, "parent_tx_id": "null", "env_id": `"mtn-ci"`, "description": `"Two loaves"`, "scenario": `"success"`, "is_url_protected": "false",
		} {
			if string(got[name]) != value {
				m.t.Errorf("%s is %s, want %s", name, got[name], value)
			}
		}
		if !strings.Contains(string(got["raw"]), `"_simulated":true`) || string(got["provider_tx_id"]) == "null" {
			m.t.Errorf("raw %s, provider_tx_id %s", got["raw"], got["provider_tx_id"])
		}
	})
	m.holds("12 one event for each type, also for failures", func(m *market) {
		back, err := m.client().Refund(m.t.Context(), parent.ID, payments.Refund{Amount: 10})
		must(m.t, err)
		out, err := m.client().Disburse(m.t.Context(), payments.Disbursement{Amount: 10, Currency: "XOF", MSISDN: awa, Application: "zana"})
		must(m.t, err)
		short, err := m.client().Disburse(m.t.Context(), payments.Disbursement{Amount: 1_000_000, Currency: "XOF", MSISDN: awa, Application: "zana"})
		must(m.t, err)
		failed := m.ended(m.collect("FAILS", with("scenario", "cancelled")).ID)
		for id, want := range map[string][2]string{
			back.TxID: {payments.EventPaymentRefunded, "SUCCESS"}, out.TxID: {payments.EventDisbursementCompleted, "SUCCESS"},
			short.TxID: {payments.EventDisbursementCompleted, "INSUFFICIENT_FUNDS"}, failed.ID: {payments.EventPaymentCompleted, "USER_CANCELLED"},
		} {
			d := m.first(s, id)
			e, err := payments.ReadEvent([]string{s.secret}, d.header, []byte(d.body))
			if err != nil || e.Event != want[0] || string(e.Status) != want[1] || d.header.Get("X-SandPay-Event") != want[0] || (e.ParentTxID == parent.ID) != (id == back.TxID) {
				m.t.Errorf("%+v %v, want %v", e, err, want)
			}
		}
	})
	m.holds("12 2xx acknowledges: each terminal status fires once", func(m *market) {
		var again paid
		m.call(http.MethodPost, "/v1/payments", collection("HOOKS", with("scenario", "success")), &again)
		eventually(m.t, "it is delivered", func() bool {
			list := m.deliveries(parent.ID)
			return len(list) == 1 && list[0].Status == "delivered" && list[0].Attempts == 1
		})
		if n := len(s.of(parent.ID)); n != 1 {
			m.t.Errorf("it came %d times", n)
		}
	})
	m.holds("12 3xx is not followed and counts as a failure, tried again after a minute", func(m *market) {
		s.answers(http.StatusFound)
		p := m.ended(m.collect("MOVED", with("scenario", "success"), with("amount", 100)).ID)
		var d delivery
		eventually(m.t, "the attempt is recorded", func() bool {
			list := m.deliveries(p.ID)
			if len(list) == 1 {
				d = list[0]
			}
			return d.Attempts == 1
		})
		if d.Status != "pending" || d.LastStatus == nil || *d.LastStatus != http.StatusFound || len(s.of(p.ID)) != 1 || s.of(p.ID)[0].path != "/hook" {
			m.t.Fatalf("%+v, %+v", d, s.of(p.ID))
		}
		if wait := d.NextAttemptAt.Sub(*d.LastAttemptAt); wait < 59*time.Second || wait > 2*time.Minute {
			m.t.Errorf("it waits %s", wait)
		}
		s.answers(http.StatusOK)
	})
}

func TestSandpayWebhookAttempts(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	s := m.openShop(map[string]any{"schedule": []int{1, 1, 1, 1}}) // as many as SandPay's policy has, and shorter
	s.answers(http.StatusInternalServerError)
	p := m.ended(m.collect("FIVE", with("scenario", "success")).ID)
	m.holds("12 up to 5 attempts, then it is marked as failed", func(m *market) {
		eventually(m.t, "the attempts end", func() bool {
			list := m.deliveries(p.ID)
			return len(list) == 1 && list[0].Status == "exhausted"
		})
		if n := len(s.of(p.ID)); n != 5 {
			m.t.Errorf("%d attempts", n)
		}
	})
	m.holds("12 every retry sends identical bytes under a signature of what is sent", func(m *market) {
		for _, d := range s.of(p.ID) {
			if _, err := payments.ReadEvent([]string{s.secret}, d.header, []byte(d.body)); err != nil || d.body != s.of(p.ID)[0].body {
				m.t.Errorf("%v: %s", err, d.body)
			}
		}
	})
	m.holds("12 a failed delivery is replayed by hand", func(m *market) {
		s.answers(http.StatusOK)
		if h := m.keyed(http.MethodPost, "/v1/deliveries/"+m.deliveries(p.ID)[0].ID+"/replay", ""); h.status/100 != 2 {
			m.t.Fatalf("%d %s", h.status, h.body)
		}
		eventually(m.t, "it comes again", func() bool { return len(s.of(p.ID)) == 6 })
		if list := s.of(p.ID); list[5].body != list[0].body {
			m.t.Errorf("replayed as %s", list[5].body)
		}
	})
}
