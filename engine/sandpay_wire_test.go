package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/tenant"
)

// Chapter 2: paths, headers, versioning.
func TestSandpayPathsAndHeaders(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	p := m.ended(m.collect("PATHS", with("scenario", "success")).ID)
	m.holds("2 the same routes are served under api v1, also behind two slashes", func(m *market) {
		for _, prefix := range []string{"/v1", "/api/v1", "//v1", "//api/v1"} {
			for path, bearer := range map[string]string{
				"/payments": "Bearer " + m.key, "/payments/" + p.ID: "Bearer " + m.key, "/meta": "", "/health": "",
			} {
				h := m.ask(http.MethodGet, prefix+path, bearer, "")
				if h.status != http.StatusOK {
					m.t.Errorf("%s%s: %d %s", prefix, path, h.status, h.body)
				}
				h.versioned(m.t)
			}
			if h := m.keyed(http.MethodPost, prefix+"/payments", "{}"); h.status != http.StatusBadRequest {
				m.t.Errorf("POST %s/payments: %d %s", prefix, h.status, h.body)
			}
			if h := m.keyed(http.MethodPost, prefix+"/payments/"+p.ID+"/refund", `{"amount":0}`); h.status != http.StatusBadRequest {
				m.t.Errorf("POST %s refund: %d %s", prefix, h.status, h.body)
			}
			if h := m.keyed(http.MethodPost, prefix+"/disbursements", "{}"); h.status != http.StatusBadRequest {
				m.t.Errorf("POST %s/disbursements: %d %s", prefix, h.status, h.body)
			}
		}
	})
	m.holds("2 version and request id are on every answer, errors too", func(m *market) {
		m.ask(http.MethodGet, "/v1/payments", "", "").is(m.t, 401, "unauthorized")
		m.keyed(http.MethodGet, "/v1/payments/TX_NONE", "").is(m.t, 404, "not_found")
		m.keyed(http.MethodDelete, "/v1/payments", "").is(m.t, 405, "method_not_allowed")
		m.keyed(http.MethodGet, "/v1/payments/"+p.ID+"/nothing", "").is(m.t, 404, "no_such_route")
		m.keyed(http.MethodPost, "/api/v1/payments", "{").is(m.t, 400, "invalid_body")
		first, second := m.ask(http.MethodGet, "/v1/health", "", ""), m.ask(http.MethodGet, "/v1/health", "", "")
		if first.header.Get("X-Request-Id") == second.header.Get("X-Request-Id") {
			m.t.Error("two answers have one request id")
		}
	})
	m.holds("2 meta tells version, capabilities, minimum SDK and changelog without a key", func(m *market) {
		var meta map[string]json.RawMessage
		must(m.t, json.Unmarshal([]byte(m.ask(http.MethodGet, "/v1/meta", "", "").body), &meta))
		for _, name := range []string{"api_version", "capabilities", "min_sdk_version", "changelog_url"} {
			if meta[name] == nil {
				m.t.Errorf("meta has no %s", name)
			}
		}
		told, err := m.client().Meta(m.t.Context())
		must(m.t, err)
		want := []string{"payments", "refunds", "disbursements", "webhooks", "test_clients", "multi_environment", "commission_split", "order_linkage", "reference_format"}
		if told.APIVersion != "2026-05-31" || told.MinSDKVersion != "0.2.0" || told.ChangelogURL == "" || !slices.Equal(told.Capabilities, want) {
			m.t.Errorf("meta %+v", told)
		}
	})
	m.holds("2 health answers status ok without a key", func(m *market) {
		var health map[string]string
		h := m.ask(http.MethodGet, "/v1/health", "", "")
		must(m.t, json.Unmarshal([]byte(h.body), &health))
		if h.status != http.StatusOK || len(health) != 1 || health["status"] != "ok" {
			m.t.Errorf("%d %s", h.status, h.body)
		}
	})
}

func TestSandpayKeys(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	shown, key, err := m.engine.Tenants.MintKey(t.Context(), tenant.NewKey{
		Environment: m.env, Scopes: []domain.Scope{domain.ScopeWrite}, Description: "shop", Format: tenant.FormatSandPay,
	})
	must(t, err)
	m.holds("2 a key is sp_sk_test_ and random, and our own form works as well", func(m *market) {
		if !strings.HasPrefix(shown, "sp_sk_test_") {
			m.t.Errorf("a key begins with %.12s", shown)
		}
		for _, bearer := range []string{shown, m.key} {
			if h := m.ask(http.MethodGet, "/v1/payments", "Bearer "+bearer, ""); h.status != http.StatusOK {
				m.t.Errorf("%d %s", h.status, h.body)
			}
		}
	})
	m.holds("2 after its creation only the key's beginning is shown", func(m *market) {
		list, err := m.engine.Tenants.ListKeys(m.t.Context(), m.env)
		must(m.t, err)
		i := slices.IndexFunc(list, func(k tenant.Key) bool { return k.ID == key.ID })
		if i < 0 || !strings.HasPrefix(shown, list[i].Begins) || len(list[i].Begins) > len(shown)-40 {
			m.t.Errorf("the list shows %+v", list)
		}
	})
	m.holds("2 without the header it is unauthorized", func(m *market) {
		for _, path := range []string{"/v1/payments", "/v1/payments/TX_1", "/api/v1/payments"} {
			m.ask(http.MethodGet, path, "", "").is(m.t, 401, "unauthorized")
		}
		m.ask(http.MethodPost, "/v1/disbursements", "", "{}").is(m.t, 401, "unauthorized")
	})
	m.holds("2 an unknown or malformed key is invalid_api_key", func(m *market) {
		for _, header := range []string{
			"Bearer sp_sk_test_nothing", "Bearer " + shown + "0", "Bearer nonsense", "Bearer key_01J00000000000000000000000:secret",
			"Bearer", "Basic " + shown, shown, "Bearer " + strings.Replace(shown, "_test_", "_live_", 1),
		} {
			m.ask(http.MethodGet, "/v1/payments", header, "").is(m.t, 401, "invalid_api_key")
		}
	})
	m.holds("2 a revoked key ends at once, others stay", func(m *market) {
		must(m.t, m.engine.Tenants.RevokeKey(m.t.Context(), m.env, key.ID))
		m.ask(http.MethodGet, "/v1/payments", "Bearer "+shown, "").is(m.t, 401, "invalid_api_key")
		if h := m.keyed(http.MethodGet, "/v1/payments", ""); h.status != http.StatusOK {
			m.t.Errorf("the other key: %d %s", h.status, h.body)
		}
	})
}

// Chapter 3: errors.
func TestSandpayErrors(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true, func(c *config.Config) { c.BacklogLimit = 3 })
	body := func(change ...func(map[string]any)) string {
		raw, err := json.Marshal(collection("ERROR", change...))
		must(t, err)
		return string(raw)
	}
	m.holds("3 a body that fails validation is 400 with its fields", func(m *market) {
		r := m.keyed(http.MethodPost, "/v1/payments", body(with("amount", 0), with("currency", "X"))).is(m.t, 400, "invalid_body")
		if len(r.Detail.Faults["amount"]) == 0 || len(r.Detail.Faults["currency"]) == 0 || len(r.Detail.Faults) != 2 {
			m.t.Errorf("fieldErrors %v", r.Detail.Faults)
		}
	})
	m.holds("3 a query that fails validation is 400 invalid_params", func(m *market) {
		for _, q := range []string{"limit=999", "limit=0", "limit=x", "status=DONE", "type=x", "operator=wave", "country=XX", "cursor=!", "color=red", "status=%zz", "type=refund&type=refund"} {
			m.keyed(http.MethodGet, "/v1/payments?"+q, "").is(m.t, 400, "invalid_params")
		}
		r := m.keyed(http.MethodGet, "/v1/payments?limit=999", "").is(m.t, 400, "invalid_params")
		if len(r.Detail.Faults["limit"]) == 0 {
			m.t.Errorf("fieldErrors %v", r.Detail.Faults)
		}
	})
	m.holds("3 no such transaction or application is not_found", func(m *market) {
		for _, id := range []string{"TX_01K1X2Z26VPAVPTMTA3CGTWCQ8", "TX_X", "x", "%00"} {
			m.keyed(http.MethodGet, "/v1/payments/"+id, "").is(m.t, 404, "not_found")
			m.keyed(http.MethodPost, "/v1/payments/"+id+"/refund", "").is(m.t, 404, "not_found")
		}
		m.keyed(http.MethodPost, "/v1/payments", body(with("application", "other"))).is(m.t, 404, "not_found")
	})
	m.holds("3 operator and country that are not set up are env_not_found", func(m *market) {
		for operator, country := range map[string]string{"moov": "CI", "mtn": "BJ", "airtel": "RW", "orange": "SN"} {
			m.keyed(http.MethodPost, "/v1/payments", body(with("operator", operator), with("country", country))).is(m.t, 404, "env_not_found")
		}
	})
	m.holds("3 too many at once are 429 rate_limited with Retry-After", func(m *market) {
		var h heard
		n := 0
		eventually(m.t, "the limit is noticed", func() bool { // their prompts stay open
			n++
			h = m.keyed(http.MethodPost, "/v1/payments", body(with("reference", fmt.Sprint("OPEN-", n)), with("amount", 1)))
			return h.status != http.StatusCreated
		})
		h.is(m.t, 429, "rate_limited")
		if n <= 3 || h.header.Get("Retry-After") == "" {
			m.t.Errorf("the %d. is refused, Retry-After %q", n, h.header.Get("Retry-After"))
		}
	})
}
