package engine_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/payments"
	payref "github.com/afara-dev/afara/sdk/payments/reference"
)

// Chapter 10: listing.
func TestSandpayListing(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	c := m.client()
	var all []string // the newest first
	add := func(p paid) paid { all = append([]string{p.ID}, all...); return p }
	first := add(m.ended(m.collect("L-1", with("scenario", "success"), with("order_ref", "ORDER-1")).ID))
	add(m.ended(m.collect("L-2", with("scenario", "blocked")).ID))
	back, err := c.Refund(t.Context(), first.ID, payments.Refund{Amount: 10})
	must(t, err)
	add(paid{ID: back.TxID})
	out, err := c.Disburse(t.Context(), payments.Disbursement{Amount: 10, Currency: "XOF", MSISDN: awa, Application: "zana"})
	must(t, err)
	add(paid{ID: out.TxID})
	add(m.collect("L-3"))
	ids := func(t *testing.T, f payments.Filter) (got []string) {
		t.Helper()
		for p, err := range c.All(t.Context(), f) {
			must(t, err)
			got = append(got, p.ID)
		}
		return got
	}
	m.holds("10 newest first, in data, hasMore and nextCursor", func(m *market) {
		if got := ids(m.t, payments.Filter{}); !slices.Equal(got, all) {
			m.t.Errorf("%v, want %v", got, all)
		}
		if h := m.keyed(http.MethodGet, "/v1/payments", ""); !strings.HasSuffix(strings.TrimSpace(h.body), `"hasMore":false,"nextCursor":null}`) {
			m.t.Errorf("the last page is %s", h.body)
		}
	})
	for filter, want := range map[payments.Filter][]string{
		{Country: "CI"}: all, {Country: "BJ"}: nil, {Operator: "mtn"}: all, {Operator: "moov"}: nil,
		{Status: payments.AccountBlocked}: all[3:4], {Status: payments.Pending}: all[:1], {Type: payments.TypeRefund}: all[2:3], {Type: payments.TypeDisbursement}: all[1:2],
		{Type: payments.TypeCollection}: {all[0], all[3], all[4]}, {Order: "ORDER-1"}: {all[2], all[4]}, {Order: "ORDER-1", Type: payments.TypeRefund}: all[2:3],
	} {
		m.holds(fmt.Sprintf("10 filter %s", strings.ReplaceAll(url.QueryEscape(fmt.Sprintf("%+v", filter)), "%", "")), func(m *market) {
			if got := ids(m.t, filter); !slices.Equal(got, want) {
				m.t.Errorf("%v, want %v", got, want)
			}
		})
	}
	m.holds("10 an order_ref of 120 characters can be asked for, whatever their length", func(m *market) {
		order := strings.Repeat("𝄞", 120)
		p := add(m.collect("L-4", with("order_ref", order), with("amount", 1)))
		if got := ids(m.t, payments.Filter{Order: order}); !slices.Equal(got, []string{p.ID}) {
			m.t.Errorf("%v", got)
		}
	})
	m.holds("10 limit is 1 to 100", func(m *market) {
		for _, limit := range []int{1, 100} {
			if page, err := c.List(m.t.Context(), payments.Filter{Limit: limit}); err != nil || len(page.Data) != min(limit, len(all)) || page.HasMore != (limit < len(all)) {
				m.t.Errorf("%d: %+v %v", limit, page, err)
			}
		}
		for _, limit := range []string{"0", "101", "-1", "1.5"} {
			m.keyed(http.MethodGet, "/v1/payments?limit="+limit, "").is(m.t, 400, "invalid_params")
		}
	})
	m.holds("10 a cursor stays stable while rows are inserted", func(m *market) {
		want := slices.Clone(all)
		var got []string
		f := payments.Filter{Limit: 2}
		for n := 0; ; n++ {
			page, err := c.List(m.t.Context(), f)
			must(m.t, err)
			for _, p := range page.Data {
				got = append(got, p.ID)
			}
			add(m.collect(fmt.Sprint("BETWEEN-", n), with("amount", 1)))
			if !page.HasMore {
				break
			}
			f.Cursor = page.NextCursor
		}
		if !slices.Equal(got, want) {
			m.t.Errorf("%v, want %v", got, want)
		}
	})
	m.holds("10 a bad cursor is 400 invalid_params", func(m *market) {
		for _, cursor := range []string{"x", "%20", all[0], base64.RawURLEncoding.EncodeToString([]byte("TX_NOTHING"))} {
			m.keyed(http.MethodGet, "/v1/payments?cursor="+cursor, "").is(m.t, 400, "invalid_params")
		}
	})
	m.holds("10 the default is 50", func(m *market) {
		for n := len(all); n < 51; n++ {
			add(m.collect(fmt.Sprint("MANY-", n), with("amount", 1)))
		}
		page, err := c.List(m.t.Context(), payments.Filter{})
		if err != nil || len(page.Data) != 50 || !page.HasMore || page.NextCursor == "" {
			m.t.Errorf("%d, %v %v", len(page.Data), page.HasMore, err)
		}
	})
}

// Chapter 11: the reference format.
func TestSandpayReferences(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	m.holds("11 the format is recommended, not enforced", func(m *market) {
		for _, free := range []string{"a", "order 7 / é", "ZANA-PAY-8E2884A47B1C", "ZANA-PAY-20260531221015-8E2884A47B1C"} {
			if p := m.collect(free, with("amount", 1)); p.Reference != free {
				m.t.Errorf("%q is shown as %q", free, p.Reference)
			}
		}
	})
	m.holds("11 what the service mints is ORIGIN-OP-TS-CODE in UTC, SP is its own", func(m *market) {
		parents := map[string]string{"SHOP-PAY-8E2884A47B1C": "SHOP", "ABO-ABO-20260531221015-8E2884A47B1C": "ABO", "no format at all": ""}
		for parent, origin := range parents {
			p := m.ended(m.collect(parent, with("scenario", "success"), with("amount", 100)).ID)
			made, err := m.client().Refund(m.t.Context(), p.ID, payments.Refund{})
			must(m.t, err)
			r := m.minted(made.TxID)
			if r.Op != payref.Refund || origin != "" && r.Origin != origin {
				m.t.Errorf("refund of %q: %s", parent, r)
			}
		}
		made, err := m.client().Disburse(m.t.Context(), payments.Disbursement{Amount: 1, Currency: "XOF", MSISDN: awa, Application: "zana"})
		must(m.t, err)
		if r := m.minted(made.TxID); r.Op != payref.Disbursement || r.Origin != "SP" {
			m.t.Errorf("disbursement: %s", r)
		}
	})
}

// minted is the reference that the service made for a payout.
func (m *market) minted(id string) payref.Reference {
	m.t.Helper()
	p := m.read(id)
	r, err := payref.Parse(p.Reference)
	must(m.t, err)
	if age := time.Since(r.Minted); age < -time.Minute || age > time.Hour {
		m.t.Errorf("%s was minted at %s", p.Reference, r.Minted)
	}
	return r
}
