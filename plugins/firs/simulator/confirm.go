package simulator

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// confirmation is the answer of confirm: no amounts, no parties.
type confirmation struct {
	IssueDate     string `json:"issue_date"`
	DueDate       string `json:"due_date"`
	SyncDate      string `json:"sync_date"`
	PaymentStatus string `json:"payment_status"`
	Transmitted   bool   `json:"transmitted"`
	Delivered     bool   `json:"delivered"`
}

// found answers a copy of the caller's registered invoice.
func (s *Simulator) found(rq *request) (record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.book.record(rq.irn)
	if r == nil || r.business != rq.owner.BusinessID {
		return record{}, false
	}
	return *r, true
}

// Choice: transmitted turns true with TRANSMITTED, delivered with ACKNOWLEDGED.
func (s *Simulator) confirm(rq *request) *answer {
	r, known := s.found(rq)
	if !known {
		return unknownIRN()
	}
	return data(confirmation{
		IssueDate: r.issueDate, DueDate: r.dueDate, SyncDate: r.signedAt.UTC().Format(time.RFC3339),
		PaymentStatus: r.paymentStatus,
		Transmitted:   r.transmission == transmitted || r.transmission == acknowledged,
		Delivered:     r.transmission == acknowledged,
	})
}

// row is an invoice in a search. Choice: its members; the service's are not
// known.
type row struct {
	IRN                  string `json:"irn"`
	BusinessID           string `json:"business_id"`
	IssueDate            string `json:"issue_date"`
	DueDate              string `json:"due_date,omitempty"`
	InvoiceTypeCode      string `json:"invoice_type_code"`
	InvoiceKind          string `json:"invoice_kind,omitempty"`
	PaymentStatus        string `json:"payment_status"`
	EntryStatus          string `json:"entry_status"`
	DocumentCurrencyCode string `json:"document_currency_code"`
	TaxCurrencyCode      string `json:"tax_currency_code"`
	CustomerTIN          string `json:"customer_tin,omitempty"`
	Totals               totals `json:"legal_monetary_total"`
	SyncDate             string `json:"sync_date"`
}

func (r *record) row() row {
	return row{
		IRN: r.irn, BusinessID: r.business, IssueDate: r.issueDate, DueDate: r.dueDate,
		InvoiceTypeCode: r.typeCode, InvoiceKind: r.kind, PaymentStatus: r.paymentStatus, EntryStatus: "SIGNED",
		DocumentCurrencyCode: r.currency, TaxCurrencyCode: r.taxCurrency, CustomerTIN: r.customerTIN,
		Totals: r.totals, SyncDate: r.signedAt.UTC().Format(time.RFC3339),
	}
}

func (r *record) matches(q url.Values) bool {
	for _, f := range [...]struct{ name, value string }{
		{"irn", r.irn}, {"payment_status", r.paymentStatus}, {"invoice_type_code", r.typeCode},
		{"issue_date", r.issueDate}, {"due_date", r.dueDate},
		{"tax_currency_code", r.taxCurrency}, {"document_currency_code", r.currency},
	} {
		if want := q.Get(f.name); want != "" && !strings.EqualFold(want, f.value) {
			return false
		}
	}
	return true
}

// search lists the caller's invoices, oldest first.
func (s *Simulator) search(rq *request) *answer {
	if err := checkUUID(rq.PathValue("business")); err != nil {
		return refuse(handlerInvoice, err.Error(), textPublic)
	}
	if rq.PathValue("business") != rq.owner.BusinessID {
		return data(paged([]row{}, rq.URL.Query())) // choice: nobody else's are shown
	}
	q := rq.URL.Query()
	rows := []row{}
	s.mu.Lock()
	candidates := s.book.byBusiness[rq.owner.BusinessID]
	if rq.irn != "" { // the usual question needs no walk
		candidates = nil
		if r := s.book.record(rq.irn); r != nil && r.business == rq.owner.BusinessID {
			candidates = []*record{r}
		}
	}
	for _, r := range candidates {
		if r.matches(q) {
			rows = append(rows, r.row())
		}
	}
	s.mu.Unlock()
	return data(paged(rows, q))
}

// page is a choice: the service's envelope of paging is not known.
type page struct {
	Items any      `json:"items"`
	Page  pageInfo `json:"page"`
}

type pageInfo struct {
	Page       int  `json:"page"`
	Size       int  `json:"size"`
	TotalCount int  `json:"totalCount"`
	HasNext    bool `json:"hasNextPage"`
}

const (
	defaultPageSize = 20
	maxPageSize     = 100
)

func paged[T any](all []T, q url.Values) page {
	size := min(positive(q.Get("size"), defaultPageSize), maxPageSize)
	number := positive(q.Get("page"), 1)
	from := min((number-1)*size, len(all))
	to := min(from+size, len(all))
	return page{
		Items: all[from:to],
		Page:  pageInfo{Page: number, Size: size, TotalCount: len(all), HasNext: to < len(all)},
	}
}

func positive(s string, or int) int {
	if n, err := strconv.Atoi(s); err == nil && n > 0 && n < 1_000_000 {
		return n
	}
	return or
}
