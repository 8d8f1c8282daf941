package mbs

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/afara-dev/afara/plugins/firs/internal/codes"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// NotFound is how the authority says that it does not hold an invoice. That is
// not written down anywhere, so it is a setting: an error object in an answer
// with one of the statuses, whose text contains one of the texts.
type NotFound struct {
	Statuses []int
	Texts    []string
}

func (n NotFound) matches(status int, e Envelope) bool {
	if e.Error == nil || !slices.Contains(n.Statuses, status) {
		return false
	}
	said := strings.ToLower(string(e.Error.Details) + "\n" + string(e.Error.Public))
	return slices.ContainsFunc(n.Texts, func(t string) bool { return t != "" && strings.Contains(said, strings.ToLower(t)) })
}

// Confirmation is what confirm says of a registered invoice: no amounts.
type Confirmation struct {
	IssueDate     string `json:"issue_date"`
	PaymentStatus string `json:"payment_status"`
	Transmitted   bool   `json:"transmitted"`
	Delivered     bool   `json:"delivered"`
}

// Confirm asks for an invoice by its IRN. found is false only when the
// authority said in so many words that it does not hold it; any other refusal
// is an error.
func (c *Client) Confirm(ctx context.Context, irn string, n NotFound) (confirmation Confirmation, found bool, err error) {
	res, err := c.ask(ctx, httpclient.Request{Path: "/api/v1/invoice/confirm/" + url.PathEscape(irn)})
	if err != nil {
		return Confirmation{}, false, err
	}
	e, readable := parse(res.Body)
	if res.Status/100 != 2 {
		if readable && n.matches(res.Status, e) {
			return Confirmation{}, false, nil
		}
		return Confirmation{}, false, Classify(res.Status, res.Body, false).error(res)
	}
	if !readable || json.Unmarshal(e.Data, &confirmation) != nil || confirmation == (Confirmation{}) {
		return Confirmation{}, false, doubt(false, "answer_unreadable", "the tax authority's confirmation cannot be read").error(res)
	}
	return confirmation, true, nil
}

// Registered is an invoice as a search shows it. A nil amount was not there.
type Registered struct {
	IRN          string
	Payable      *schemas.Decimal
	TaxExclusive *schemas.Decimal
	Currency     string
	IssueDate    string
}

// Search asks for the invoice with an IRN among those of a business. found is
// false only when the answer is an empty list: a list of other invoices shows
// that the question was not understood, and is an error like an answer in which
// no list can be made out.
func (c *Client) Search(ctx context.Context, businessID, irn string) (r Registered, found bool, err error) {
	res, err := c.ask(ctx, httpclient.Request{
		Path:  "/api/v1/invoice/" + url.PathEscape(businessID),
		Query: url.Values{"irn": {irn}, "page": {"1"}, "size": {"10"}},
	})
	if err != nil {
		return Registered{}, false, err
	}
	if v := Classify(res.Status, res.Body, false); v.Class != "" {
		return Registered{}, false, v.error(res)
	}
	e, _ := parse(res.Body)
	list, ok := rowsIn(e.Data)
	if !ok {
		return Registered{}, false, doubt(false, "answer_unreadable", "no list can be made out in the tax authority's search").error(res)
	}
	for _, row := range list {
		if row.IRN == irn {
			return row.registered(), true, nil
		}
	}
	if len(list) > 0 {
		return Registered{}, false, doubt(false, "answer_unreadable", "the tax authority's search answered with other invoices").error(res)
	}
	return Registered{}, false, nil
}

// row takes the amounts where a search may put them: as in the invoice itself,
// or beside the irn.
type row struct {
	IRN       string `json:"irn"`
	IssueDate string `json:"issue_date"`
	Currency  string `json:"document_currency_code"`
	Totals    struct {
		Payable      amount `json:"payable_amount"`
		TaxExclusive amount `json:"tax_exclusive_amount"`
	} `json:"legal_monetary_total"`
	Payable      amount `json:"payable_amount"`
	TaxExclusive amount `json:"tax_exclusive_amount"`
}

// amount reads a number, also one in a string; anything else is no amount.
type amount struct{ *schemas.Decimal }

// UnmarshalJSON never fails: an odd amount must not hide the invoice.
func (a *amount) UnmarshalJSON(raw []byte) error {
	if d, err := schemas.ParseDecimal(strings.Trim(string(raw), `"`)); err == nil {
		a.Decimal = &d
	}
	return nil
}

func (r row) registered() Registered {
	out := Registered{
		IRN: r.IRN, IssueDate: r.IssueDate, Currency: r.Currency,
		Payable: r.Totals.Payable.Decimal, TaxExclusive: r.Totals.TaxExclusive.Decimal,
	}
	if out.Payable == nil {
		out.Payable = r.Payable.Decimal
	}
	if out.TaxExclusive == nil {
		out.TaxExclusive = r.TaxExclusive.Decimal
	}
	return out
}

// rowsIn finds the list in a page. The envelope of paging is not written down:
// a bare list and the usual names are understood.
func rowsIn(data json.RawMessage) ([]row, bool) {
	var bare []row
	if json.Unmarshal(data, &bare) == nil && bare != nil {
		return bare, true
	}
	var page map[string]json.RawMessage
	if json.Unmarshal(data, &page) != nil {
		return nil, false
	}
	for _, name := range []string{"items", "invoices", "data", "rows", "results", "records"} {
		if raw, there := page[name]; there && json.Unmarshal(raw, &bare) == nil && bare != nil {
			return bare, true
		}
	}
	return nil, false
}

// Sealed is a downloaded invoice before it is opened.
type Sealed struct {
	IV   string `json:"iv_hex"`
	Data string `json:"data"`
}

// Download fetches a registered invoice, encrypted.
func (c *Client) Download(ctx context.Context, irn string) (Sealed, error) {
	data, err := c.get(ctx, "/api/v1/invoice/download/"+url.PathEscape(irn), nil, nil)
	if err != nil {
		return Sealed{}, err
	}
	var s Sealed
	if err := json.Unmarshal(data, &s); err != nil || s.IV == "" {
		return Sealed{}, unreadable("the downloaded invoice is not in the expected form")
	}
	return s, nil
}

// Codes fetches a list of codes with their meanings.
func (c *Client) Codes(ctx context.Context, name string) ([]codes.Row, error) {
	data, err := c.get(ctx, "/api/v1/invoice/resources/"+url.PathEscape(name), nil, nil)
	if err != nil {
		return nil, err
	}
	var list []codes.Row
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, unreadable("the code list is not in the expected form")
	}
	return list, nil
}
