package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/ledger"
)

// adjustment is what tests read of one.
type adjustment struct {
	ID, Direction, Operator, Currency string
	Amount                            int64
	Reason                            string
	Reference                         *string
	Actor, EntryID                    string
}

type adjustments struct {
	Data       []adjustment
	NextCursor *string
}

// transfer is the body of an adjustment in francs with MTN.
func transfer(direction string, amount int64, reference string) string {
	if reference != "" {
		reference = `,"reference":"` + reference + `"`
	}
	return fmt.Sprintf(`{"direction":%q,"operator":"mtn","currency":"XOF","amount":%d,"reason":"Float for the weekend"%s}`, direction, amount, reference)
}

// adjusted books an adjustment of ours.
func (w *world) adjusted(body string) (a adjustment) {
	w.t.Helper()
	w.want(http.StatusCreated, &a, w.ours.ops, "POST", "/si/float/adjustments", body)
	return a
}

// available is what a caller's float has in francs.
func (w *world) available(c caller) int64 {
	w.t.Helper()
	var list struct {
		Data []struct {
			Currency                        string
			Available, Suspense, Commission int64
		}
	}
	w.want(http.StatusOK, &list, c.ops, "GET", "/si/float", "")
	for _, f := range list.Data {
		if f.Currency == "XOF" {
			return f.Available
		}
	}
	return 0
}

// onBothDatabases runs a test over SQLite and over PostgreSQL.
func onBothDatabases(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{
		"sqlite": func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "afara.db") }, "postgres": testserver.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newWorldOn(t, url(t)))
		})
	}
}

// books fails unless the ledger adds up.
func (w *world) books() {
	w.t.Helper()
	_, err := w.ledger.Verify(w.t.Context(), func(f ledger.Fault) { w.t.Error(f) })
	must(w.t, err)
}

func TestTheFloatIsFilledAndEmptied(t *testing.T) {
	onBothDatabases(t, func(w *world) {
		w.market(w.ours)
		audit := newAuditor(w)
		in := w.adjusted(transfer("credit", 500000, "SGCI-1"))
		key, _, _ := strings.Cut(w.ours.ops, ":")
		if in.Direction != "credit" || in.Operator != "mtn" || in.Currency != "XOF" || in.Amount != 500000 || in.Reason != "Float for the weekend" || *in.Reference != "SGCI-1" || in.Actor != key {
			w.t.Errorf("%+v", in)
		}
		audit.want(w.ours.ops, "float.credit "+in.ID+" 500000 XOF, mtn, reference SGCI-1: Float for the weekend")
		out := w.adjusted(transfer("debit", 120000, ""))
		audit.want(w.ours.ops, "float.debit "+out.ID+" 120000 XOF, mtn: Float for the weekend")
		if got := w.available(w.ours); got != 380000 || out.Reference != nil {
			w.t.Errorf("the float has %d after %+v", got, out)
		}

		var list ledgerPage
		w.want(http.StatusOK, &list, w.ours.read, "GET", "/v1/ledger?kind=adjustment&resource="+out.ID, "")
		if len(list.Data) != 1 || list.Data[0].ID != out.EntryID || list.Data[0].Postings[0].Amount != -120000 || list.Data[0].Postings[1].Account != "settlement:mtn" || list.Data[0].Postings[1].Amount != 120000 {
			w.t.Errorf("%+v", list)
		}
		csv := string(w.want(http.StatusOK, nil, w.ours.read, "GET", "/v1/ledger?format=csv&account=settlement:mtn", "").body)
		for _, a := range []adjustment{in, out} {
			if strings.Count(csv, a.EntryID+",") != 2 || !strings.Contains(csv, ",adjustment,"+a.ID+",XOF,") {
				w.t.Errorf("%+v is not in\n%s", a, csv)
			}
		}
		w.books()
	})
}

// A payout is refused for want of float, and not after it was filled.
func TestAPayoutTakesWhatWasPutOnTheFloat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.market(w.ours)
	pay := func(reference string) (p struct{ Status string }) {
		const body = `{"amount":1000,"currency":"XOF","msisdn":"+2250501234567","application":"zana","operator":"mtn","country":"CI","reference":"`
		stop := (&asker{world: w}).worker()
		defer stop()
		w.want(http.StatusCreated, &p, w.ours.write, "POST", "/v1/disbursements", body+reference+`"}`)
		return p
	}
	if p := pay("D-1"); p.Status != "INSUFFICIENT_FUNDS" {
		t.Errorf("without float it is %s", p.Status)
	}
	w.adjusted(transfer("credit", 1500, ""))
	if p := pay("D-2"); p.Status != "SUCCESS" {
		t.Errorf("with float it is %s", p.Status)
	}
	if got := w.available(w.ours); got != 500 {
		t.Errorf("the float has %d", got)
	}
	w.refused(http.StatusConflict, "float_too_low", w.ours.ops, "POST", "/si/float/adjustments", transfer("debit", 501, ""))
	w.books()
}

// 14 debits of 7 fit into 100.
func TestParallelDebitsTakeWhatTheFloatHas(t *testing.T) {
	onBothDatabases(t, func(w *world) {
		w.market(w.ours)
		w.adjusted(transfer("credit", 100, ""))
		const debits = 20
		replies := make([]reply, debits)
		start := make(chan struct{})
		var all sync.WaitGroup
		for i := range debits {
			all.Go(func() {
				<-start
				replies[i] = w.call(w.ours.ops, "POST", "/si/float/adjustments", transfer("debit", 7, fmt.Sprint("FT-", i)))
			})
		}
		close(start)
		all.Wait()
		booked := 0
		for _, r := range replies {
			var p struct {
				Code      string
				Available *int64
				Currency  string
			}
			must(w.t, json.Unmarshal(r.body, &p))
			switch {
			case r.status == http.StatusCreated:
				booked++
			case r.status != http.StatusConflict || p.Code != "float_too_low" || p.Available == nil || p.Currency != "XOF":
				w.t.Errorf("status %d: %s", r.status, r.body)
			}
		}
		var list adjustments
		w.want(http.StatusOK, &list, w.ours.ops, "GET", "/si/float/adjustments", "")
		if got := w.available(w.ours); booked != 14 || got != 2 || len(list.Data) != 15 {
			w.t.Errorf("%d debits of 7 from 100, %d are left, %d adjustments are listed", booked, got, len(list.Data))
		}
		// What was refused has not used its reference up.
		for i, r := range replies {
			if r.status == http.StatusConflict {
				w.adjusted(transfer("debit", 1, fmt.Sprint("FT-", i)))
				break
			}
		}
		w.books()
	})
}

func TestAnAdjustmentIsBookedOnceForEachKeyAndReference(t *testing.T) {
	onBothDatabases(t, func(w *world) {
		w.market(w.ours)
		w.market(w.theirs)
		const path = "/si/float/adjustments"
		body := transfer("credit", 500, "FT-1")
		var ids sync.Map
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				var a adjustment
				w.want(http.StatusCreated, &a, w.ours.ops, "POST", path, body, "Idempotency-Key", "once")
				ids.Store(a.ID, true)
			})
		}
		group.Wait()
		var first []string
		ids.Range(func(id, _ any) bool { first = append(first, id.(string)); return true })
		if len(first) != 1 {
			w.t.Fatalf("answered %v", first)
		}
		if got := w.want(http.StatusCreated, nil, w.ours.ops, "POST", path, body, "Idempotency-Key", "once"); got.header.Get("Idempotency-Replayed") != "true" {
			w.t.Errorf("%v", got.header)
		}
		w.refused(http.StatusUnprocessableEntity, "idempotency_key_reused", w.ours.ops, "POST", path, transfer("credit", 501, "FT-2"), "Idempotency-Key", "once")
		got := w.call(w.ours.ops, "POST", path, transfer("debit", 1, "FT-1"), "Idempotency-Key", "other")
		var p struct{ Code, AdjustmentID string }
		must(w.t, json.Unmarshal(got.body, &p))
		if got.status != http.StatusConflict || p.Code != "duplicate_reference" || p.AdjustmentID != first[0] {
			w.t.Errorf("status %d: %s", got.status, got.body)
		}
		w.want(http.StatusCreated, nil, w.theirs.ops, "POST", path, body, "Idempotency-Key", "once")
		if ours, theirs := w.available(w.ours), w.available(w.theirs); ours != 500 || theirs != 500 {
			w.t.Errorf("ours is %d, theirs %d", ours, theirs)
		}
		w.books()
	})
}

func TestAnAdjustmentIsRefusedWithEachFaultNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.market(w.ours)
	for body, want := range map[string]string{
		`{}`: "required@/amount required@/currency required@/direction required@/operator required@/reason",
		`{"direction":"up","operator":"bank","currency":"xof","amount":0,"reason":"","reference":""}`: "minimum@/amount pattern@/currency enum@/direction enum@/operator min_length@/reason min_length@/reference",
		`{"direction":1,"operator":null,"currency":5,"amount":"7","reason":[],"reference":null}`:      "type@/amount type@/currency enum@/direction enum@/operator type@/reason type@/reference",
		strings.Replace(transfer("credit", 1, ""), `"amount":1`, `"amount":-1`, 1):                    "minimum@/amount",
		strings.Replace(transfer("credit", 1, ""), `"amount":1`, `"amount":1.5`, 1):                   "type@/amount",
		strings.Replace(transfer("credit", 1, ""), `"amount":1`, `"amount":1000000000000001`, 1):      "maximum@/amount",
		strings.Replace(transfer("credit", 1, ""), "mtn", "moov", 1):                                  "no_corridor@/operator",
		strings.Replace(transfer("credit", 1, ""), "XOF", "RWF", 1):                                   "other_currency@/currency",
		strings.Replace(transfer("credit", 1, " FT"), "Float", strings.Repeat("é", 501), 1):           "max_length@/reason blank@/reference",
		strings.Replace(transfer("debit", 1, ""), "Float", `Fl\noat`, 1):                              "text@/reason",
		transfer("credit", 1, strings.Repeat("é", 101)):                                               "max_length@/reference",
		`{"actor":"me",` + transfer("credit", 1, "")[1:]:                                              "unknown_field@/actor",
	} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.ops, "POST", "/si/float/adjustments", body)
		if got := faultsOf(t, p); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	w.refused(http.StatusBadRequest, "malformed_body", w.ours.ops, "POST", "/si/float/adjustments", `{`)
	if n := w.count(`SELECT COUNT(*) FROM float_adjustment`); n != 0 {
		t.Errorf("%d adjustments after refusals", n)
	}
}

func TestAdjustmentsAreListedByPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.market(w.ours)
	var newest []string
	for i := range 5 {
		newest = append([]string{w.adjusted(transfer("credit", 1, fmt.Sprint("FT-", i))).ID}, newest...)
	}
	read := func(c caller, query string) (ids []string, next *string) {
		t.Helper()
		var list adjustments
		w.want(http.StatusOK, &list, c.ops, "GET", "/si/float/adjustments?"+query, "")
		for _, a := range list.Data {
			ids = append(ids, a.ID)
		}
		return ids, list.NextCursor
	}
	var walked []string
	for cursor := ""; ; {
		ids, next := read(w.ours, "limit=2"+cursor)
		if walked = append(walked, ids...); next == nil {
			break
		}
		cursor = "&cursor=" + *next
	}
	if !slices.Equal(walked, newest) {
		t.Errorf("in pages: %v", walked)
	}
	if ids, _ := read(w.ours, "reference=FT-3&currency=XOF"); !slices.Equal(ids, newest[1:2]) {
		t.Errorf("by reference: %v", ids)
	}
	for _, query := range []string{"", "reference=FT-3", "cursor=" + newest[0]} {
		if ids, _ := read(w.theirs, query); len(ids) != 0 {
			t.Errorf("another tenant reads %v", ids)
		}
	}
	if got := w.want(http.StatusOK, nil, w.theirs.ops, "GET", "/si/float", ""); string(got.body) != `{"data":[],"nextCursor":null}` {
		t.Errorf("another tenant reads %s", got.body)
	}
	if ids, _ := read(w.ours, "currency=RWF"); len(ids) != 0 {
		t.Errorf("in another currency: %v", ids)
	}
	p := w.refused(http.StatusUnprocessableEntity, "invalid_query", w.ours.ops, "GET", "/si/float/adjustments?cursor=led_1&limit=0&reference=", "")
	if got := faultsOf(t, p); got != "id@/query/cursor range@/query/limit empty@/query/reference" {
		t.Error(got)
	}
}
