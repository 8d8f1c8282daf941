package httpapi_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

const aSIM = domain.Account("sim:+2250707000001")

// posted posts what a payment moves from a SIM to the float.
func (w *world) posted(c caller, kind, resource string, amount int64) domain.LedgerEntry {
	w.t.Helper()
	e := domain.LedgerEntry{
		ID: domain.NewID[domain.EntryID](domain.PrefixEntry), Environment: c.environment.ID, Kind: kind, Resource: resource, Currency: "XOF", At: w.clock.Now(),
		Postings: []domain.Posting{{Account: aSIM, Amount: -amount}, {Account: domain.AccountFloat, Amount: amount}},
	}
	must(w.t, w.applier.Apply(w.t.Context(), domain.Change{Parts: []domain.Part{e}}))
	return e
}

type ledgerPage struct {
	Success bool
	Data    []struct {
		ID, At, Kind, Resource, Currency string
		Postings                         []struct {
			Account string
			Amount  int64
		}
	}
	NextCursor *string
}

func (p ledgerPage) resources() (out []string) {
	for _, e := range p.Data {
		out = append(out, e.Resource)
	}
	return out
}

func TestTheLedgerIsReadNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begin := w.clock.Now()
	var newest []string
	for i := range 5 {
		e := w.posted(w.ours, "collection", fmt.Sprintf("TX_%d", i), int64(i+1))
		newest = append([]string{e.Resource}, newest...)
		w.clock.Add(time.Minute)
	}
	w.posted(w.theirs, "collection", "TX_THEIRS", 1)
	read := func(query string) (p ledgerPage) {
		t.Helper()
		w.want(http.StatusOK, &p, w.ours.read, "GET", "/v1/ledger?"+query, "")
		return p
	}
	all := read("")
	if !slices.Equal(all.resources(), newest) || all.NextCursor != nil || !all.Success {
		t.Errorf("%+v", all)
	}
	if e := all.Data[0]; e.Kind != "collection" || e.Currency != "XOF" || e.At != "2025-08-05T12:04:00.000Z" || len(e.Postings) != 2 ||
		e.Postings[0].Account != "float" || e.Postings[0].Amount != 5 || e.Postings[1].Amount != -5 {
		t.Errorf("%+v", e)
	}
	var walked []string
	for cursor := ""; ; {
		p := read("limit=2" + cursor)
		if walked = append(walked, p.resources()...); p.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + *p.NextCursor
	}
	if !slices.Equal(walked, newest) {
		t.Errorf("in pages: %v", walked)
	}
	minute := func(n int) string { return begin.Add(time.Duration(n) * time.Minute).Format(time.RFC3339) }
	for query, want := range map[string][]string{
		"account=sim:%2B2250707000001": newest,
		"account=sim:+2250707000001":   newest, // a plus sign that was not escaped is a blank
		"account=commission":           nil,
		"kind=refund":                  nil,
		"resource=TX_3":                newest[1:2],
		"currency=RWF":                 nil,
		"from=" + minute(1) + "&to=" + minute(3) + "&account=float": newest[2:4],
	} {
		if got := read(query); !slices.Equal(got.resources(), want) {
			t.Errorf("%s: %v", query, got.resources())
		}
	}
	foreign := w.posted(w.theirs, "refund", "TX_THEIRS", 1)
	for query, code := range map[string]string{
		"account=mine": "account", "from=monday": "date-time", "cursor=evt_1": "id", "cursor=" + string(foreign.ID): "unknown",
		"format=xml": "enum", "format=csv&limit=1": "whole", "format=csv&cursor=" + all.Data[0].ID: "whole", "limit=201": "range",
	} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_query", w.ours.read, "GET", "/v1/ledger?"+query, "")
		if len(p.Errors) != 1 || p.Errors[0].Code != code {
			t.Errorf("%s: %+v", query, p.Errors)
		}
	}
}

func TestBalancesAreReadInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		w.posted(w.ours, "collection", fmt.Sprintf("TX_%d", i), 10)
	}
	w.posted(w.theirs, "collection", "TX_THEIRS", 1)
	type page struct {
		Data []struct {
			Account, Currency string
			Balance           int64
		}
		NextCursor *string
	}
	got := map[string]int64{}
	for cursor := ""; ; {
		var p page
		w.want(http.StatusOK, &p, w.ours.read, "GET", "/v1/ledger/accounts?limit=1"+cursor, "")
		for _, b := range p.Data {
			got[b.Account+" "+b.Currency] = b.Balance
		}
		if p.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + url.QueryEscape(*p.NextCursor)
	}
	if len(got) != 2 || got["float XOF"] != 30 || got[string(aSIM)+" XOF"] != -30 {
		t.Errorf("%v", got)
	}
	for query, code := range map[string]string{"account=mine": "account", "cursor=float": "unknown", "cursor=mine/XOF": "unknown"} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_query", w.ours.read, "GET", "/v1/ledger/accounts?"+query, "")
		if len(p.Errors) != 1 || p.Errors[0].Code != code {
			t.Errorf("%s: %+v", query, p.Errors)
		}
	}
}

// The export is longer than what is read at once.
func TestTheWholeLedgerIsExportedAsCSV(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const entries = 1201
	var c domain.Change
	for i := range entries {
		e := domain.LedgerEntry{
			ID: domain.NewID[domain.EntryID](domain.PrefixEntry), Environment: w.ours.environment.ID, Kind: "collection", Resource: fmt.Sprintf("TX_%d", i), Currency: "XOF",
			At: w.clock.Now(), Postings: []domain.Posting{{Account: aSIM, Amount: int64(-i - 1)}, {Account: domain.AccountFloat, Amount: int64(i + 1)}},
		}
		if i == 0 {
			e.Resource = "-2-3" // which a spreadsheet would add up
		}
		c.Add(e)
	}
	must(t, w.applier.Apply(t.Context(), c))
	w.posted(w.theirs, "collection", "TX_THEIRS", 1)

	got := w.want(http.StatusOK, nil, w.ours.read, "GET", "/v1/ledger?format=csv", "")
	if !strings.HasPrefix(got.header.Get("Content-Type"), "text/csv") || got.header.Get("Cache-Control") != "no-store" || got.header.Get("Content-Disposition") == "" {
		t.Errorf("%v", got.header)
	}
	rows, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
	must(t, err)
	if want := []string{"entryId", "at", "kind", "resource", "currency", "account", "amount"}; !slices.Equal(rows[0], want) {
		t.Errorf("%v", rows[0])
	}
	seen, sum := map[string]bool{}, 0
	for _, row := range rows[1:] {
		amount, err := strconv.Atoi(row[6])
		must(t, err)
		sum += amount
		seen[row[0]+row[5]] = true
	}
	if len(rows) != 1+2*entries || len(seen) != 2*entries || sum != 0 {
		t.Errorf("%d rows of %d postings, which add up to %d", len(rows)-1, len(seen), sum)
	}
	if last := rows[len(rows)-1]; last[3] != "'-2-3" || last[6] != "-1" {
		t.Errorf("%v", last)
	}
	if lines := strings.Split(string(got.body), "\r\n"); len(lines) != len(rows)+1 || lines[len(lines)-1] != "" {
		t.Errorf("%d lines end as RFC 4180 says", len(lines)-1)
	}
	one := w.want(http.StatusOK, nil, w.ours.read, "GET", "/v1/ledger?resource=TX_7", "", "Accept", "text/csv, application/json;q=0.5")
	if strings.Count(string(one.body), "\r\n") != 3 {
		t.Errorf("%s", one.body)
	}
	if r := w.want(http.StatusOK, nil, w.ours.read, "GET", "/v1/ledger?format=json&limit=1", "", "Accept", "text/csv"); r.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", r.header)
	}
	w.want(http.StatusOK, nil, w.ours.read, "HEAD", "/v1/ledger?format=csv", "")
}

// The database goes away between two pages: the reader must not take what it has
// for the whole.
func TestAnExportThatFailsIsCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var c domain.Change
	for i := range 600 {
		c.Add(domain.LedgerEntry{
			ID: domain.NewID[domain.EntryID](domain.PrefixEntry), Environment: w.ours.environment.ID, Kind: "collection", Resource: fmt.Sprintf("TX_%d", i), Currency: "XOF",
			At: w.clock.Now(), Postings: []domain.Posting{{Account: aSIM, Amount: -1}, {Account: domain.AccountFloat, Amount: 1}},
		})
	}
	must(t, w.applier.Apply(t.Context(), c))
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.handler.ServeHTTP(&closing{ResponseWriter: rw, then: func() { _ = w.store.Close() }}, r)
	}))
	t.Cleanup(server.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/ledger?format=csv", http.NoBody)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+w.ours.read)
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || res.StatusCode != http.StatusOK || len(body) == 0 {
		t.Errorf("status %d, %d bytes, then %v", res.StatusCode, len(body), err)
	}
}

// closing does something after the first bytes of an answer.
type closing struct {
	http.ResponseWriter
	then func()
}

func (c *closing) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	if c.then != nil {
		c.then()
		c.then = nil
	}
	return n, err
}
