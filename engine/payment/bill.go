package payment

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
)

// bill finds the invoice that a collection pays. One that the caller names must
// fit; one whose number happens to be the order_ref is taken where it fits, and
// the reason kept where not.
func (s *Service) bill(ctx context.Context, r *Row) error {
	if r.Invoice != "" {
		b, err := s.cfg.Bills.Bill(ctx, r.Environment, r.Invoice)
		if err != nil {
			return absent(err, unpayable("unknown_invoice", "There is no such invoice in this environment.", "Send the id that /si/invoices answered."))
		}
		if e := r.unfit(b); e != nil {
			return e
		}
		return nil
	}
	bills, err := s.cfg.Bills.BillsNumbered(ctx, r.Environment, r.OrderRef)
	switch {
	case err != nil || len(bills) == 0:
		return err
	case len(bills) > 1:
		r.InvoiceNote = fmt.Sprintf("Several invoices have the number %s: name one by invoice_id.", r.OrderRef)
		return nil
	}
	if e := r.unfit(bills[0]); e != nil {
		r.InvoiceNote = fmt.Sprintf("Invoice %s has the number %s and is not it. %s", bills[0].ID, r.OrderRef, e.Fields[0].Detail)
		return nil
	}
	r.Invoice = bills[0].ID
	return nil
}

// unfit says why a payment cannot be of an invoice; nil when it can.
func (r Row) unfit(b domain.Bill) *domain.Error {
	switch {
	case b.Refusal != "":
		return unpayable("not_payable", b.Refusal, "Leave invoice_id out.")
	case b.Currency != r.Money:
		return unpayable("currency_of_invoice", fmt.Sprintf("It is in %s, the payment in %s.", b.Currency, r.Money), "Leave invoice_id out, or collect "+b.Currency+".")
	}
	return nil
}

func unpayable(code, detail, fix string) *domain.Error {
	e := *ErrInvoice
	e.Fields = []domain.FieldError{{Pointer: "/invoice_id", Code: code, Detail: detail, Fix: fix}}
	return &e
}
