package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

type listedInvoices struct {
	Data       []shown
	NextCursor *string
}

func (l listedInvoices) numbers() (out []string) {
	for _, s := range l.Data {
		out = append(out, s.Invoice.InvoiceNumber)
	}
	return out
}

func TestListsPageWithoutGapsWhileInvoicesArrive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.submitted(fmt.Sprintf("PAGE-%d", i))
	}
	var got []string
	cursor := ""
	for range 10 {
		var page listedInvoices
		w.want(http.StatusOK, &page, w.ours.read, "GET", "/si/invoices?limit=2"+cursor, "")
		got = append(got, page.numbers()...)
		w.submitted(fmt.Sprintf("LATER-%d", len(got)))
		if page.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + *page.NextCursor
	}
	if want := []string{"PAGE-4", "PAGE-3", "PAGE-2", "PAGE-1", "PAGE-0"}; !slices.Equal(got, want) {
		t.Errorf("pages gave %v, want %v", got, want)
	}
}

func TestEachFilterSelects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.signed("FILTER-A")
	w.held("FILTER-B")
	w.clock.Add(48 * time.Hour)
	day := w.clock.Now().Format(time.DateOnly)
	moment := w.clock.Now().Format(time.RFC3339)
	w.submitted("FILTER-C")
	for query, want := range map[string][]string{
		"":                          {"FILTER-C", "FILTER-B", "FILTER-A"},
		"status=COMPLETED":          {"FILTER-A"},
		"held=true":                 {"FILTER-B"},
		"held=false":                {"FILTER-C", "FILTER-A"},
		"number=FILTER-B":           {"FILTER-B"},
		"irn=" + *first.IRN:         {"FILTER-A"},
		"type=381":                  {"FILTER-C", "FILTER-B", "FILTER-A"},
		"type=380":                  nil,
		"issuedFrom=" + day:         {"FILTER-C"},
		"issuedTo=2025-08-05":       {"FILTER-B", "FILTER-A"},
		"createdSince=" + moment:    {"FILTER-C"},
		"createdBefore=" + moment:   {"FILTER-B", "FILTER-A"},
		"status=DRAFT&held=false":   {"FILTER-C"},
		"status=CANCELLED&limit=10": nil,
	} {
		var page listedInvoices
		w.want(http.StatusOK, &page, w.ours.read, "GET", "/si/invoices?"+query, "")
		if !slices.Equal(page.numbers(), want) {
			t.Errorf("?%s gave %v, want %v", query, page.numbers(), want)
		}
	}
	var page listedInvoices
	w.want(http.StatusOK, &page, w.ours.read, "GET", "/si/invoices?number=FILTER-A", "")
	if len(page.Data[0].Attempts) != 1 {
		t.Errorf("a listed invoice has attempts %+v", page.Data[0].Attempts)
	}
}

func TestEveryFaultOfAQueryIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.refused(http.StatusUnprocessableEntity, "invalid_query", w.ours.read, "GET",
		"/si/invoices?status=held&held=yes&number=&issuedFrom=5.8.2025&createdSince=yesterday&limit=0&cursor=inv_1", "")
	var got []string
	for _, f := range p.Errors {
		got = append(got, f.Pointer)
		if f.Code == "" || f.Detail == "" || f.Fix == "" {
			t.Errorf("a person cannot act on %+v", f)
		}
	}
	want := []string{"/query/createdSince", "/query/cursor", "/query/held", "/query/issuedFrom", "/query/limit", "/query/number", "/query/status"}
	if !slices.Equal(got, want) {
		t.Errorf("faults at %v, want %v", got, want)
	}
	p = w.refused(http.StatusUnprocessableEntity, "invalid_query", w.ours.read, "GET", "/si/invoices?stauts=DRAFT&limit=1&limit=2", "")
	if len(p.Errors) != 2 || p.Errors[0].Pointer != "/query/limit" || p.Errors[1].Pointer != "/query/stauts" {
		t.Errorf("faults %+v", p.Errors)
	}
	w.refused(http.StatusBadRequest, "malformed_query", w.ours.read, "GET", "/si/invoices?limit=%zz", "")
}
