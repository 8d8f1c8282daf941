package main

import (
	"context"
	"errors"

	"github.com/afara-dev/afara/plugins/firs/internal/mbs"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// LookupInvoice finds out what became of an operation.
//
// Of a registration: confirm says whether the IRN is registered but not for how
// much; a search by IRN gives the amounts. What neither proves is cannot_tell,
// unless the setting trustConfirm says to take confirm's word.
func (c *connector) LookupInvoice(ctx context.Context, call *sdk.Call, in schemas.LookupInput) (schemas.LookupOutput, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.LookupOutput{}, err
	}
	switch in.Operation {
	case schemas.OpInvoiceSign:
		return s.lookupSigned(ctx, in)
	case schemas.OpInvoiceTransmit:
		return s.lookupTransmitted(ctx, in.IRN)
	case schemas.OpInvoiceReportPayment:
		return s.lookupPayment(ctx, call, in.IRN)
	}
	// The authority has no call that reads back a report of a sale.
	return answer(schemas.LookupCannotTell), nil
}

func (s *session) lookupSigned(ctx context.Context, in schemas.LookupInput) (schemas.LookupOutput, error) {
	_, confirmed, err := s.client.Confirm(ctx, in.IRN, s.notFound())
	clear, err := understood(err)
	if err != nil {
		return schemas.LookupOutput{}, err
	}
	found, listed, err := s.client.Search(ctx, s.settings.BusinessID, in.IRN)
	searched, err := understood(err)
	if err != nil {
		return schemas.LookupOutput{}, err
	}
	switch {
	case listed && found.Payable != nil:
		return compare(in, found), nil
	case confirmed || listed:
		return answer(s.byConfirmAlone()), nil
	case clear && searched:
		return answer(schemas.LookupNotFound), nil
	}
	return answer(schemas.LookupCannotTell), nil
}

// byConfirmAlone is the answer for an invoice that is there, with amounts that
// nobody can see.
func (s *session) byConfirmAlone() string {
	if s.settings.TrustConfirm {
		return schemas.LookupFoundFinal
	}
	return schemas.LookupCannotTell
}

// compare holds the authority's amounts against ours.
func compare(in schemas.LookupInput, found mbs.Registered) schemas.LookupOutput {
	var list []schemas.Difference
	differ := func(field, expected, got string) {
		list = append(list, schemas.Difference{Field: field, Expected: expected, Found: got})
	}
	if !found.Payable.Equal(in.Total.Payable) {
		differ("payable", in.Total.Payable.String(), found.Payable.String())
	}
	if found.TaxExclusive != nil && !found.TaxExclusive.Equal(in.Total.TaxExclusive) {
		differ("taxExclusive", in.Total.TaxExclusive.String(), found.TaxExclusive.String())
	}
	if found.Currency != "" && found.Currency != in.Total.Currency {
		differ("currency", in.Total.Currency, found.Currency)
	}
	if found.IssueDate != "" && found.IssueDate != in.IssueDate {
		differ("issueDate", in.IssueDate, found.IssueDate)
	}
	if len(list) > 0 {
		return schemas.LookupOutput{Result: schemas.LookupFoundDifferent, Differences: list}
	}
	return answer(schemas.LookupFoundFinal)
}

// lookupTransmitted: confirm tells that an invoice went out. That it has not
// gone out yet does not tell whether it was ever handed over.
func (s *session) lookupTransmitted(ctx context.Context, irn string) (schemas.LookupOutput, error) {
	c, found, err := s.client.Confirm(ctx, irn, s.notFound())
	if _, err = understood(err); err != nil {
		return schemas.LookupOutput{}, err
	}
	if found && (c.Transmitted || c.Delivered) {
		return answer(schemas.LookupFoundFinal), nil
	}
	return answer(schemas.LookupCannotTell), nil
}

func (s *session) lookupPayment(ctx context.Context, call *sdk.Call, irn string) (schemas.LookupOutput, error) {
	want := reportedStatus(call.State)
	c, found, err := s.client.Confirm(ctx, irn, s.notFound())
	if _, err = understood(err); err != nil {
		return schemas.LookupOutput{}, err
	}
	switch {
	case !found || want == "" || c.PaymentStatus == "":
		return answer(schemas.LookupCannotTell), nil
	case c.PaymentStatus == want:
		return answer(schemas.LookupFoundFinal), nil
	}
	return answer(schemas.LookupNotFound), nil
}

// understood tells a refusal that proves nothing (false, nil) from an error
// after which the look-up is worth repeating.
func understood(err error) (bool, error) {
	var e *sdk.Error
	if errors.As(err, &e) && (e.Class == sdk.Rejected || e.Code == "path_unknown" || e.Code == "answer_unreadable") {
		return false, nil
	}
	return err == nil, err
}

func (s *session) notFound() mbs.NotFound {
	return mbs.NotFound{Statuses: s.settings.NotFound.Statuses, Texts: s.settings.NotFound.Texts}
}

func answer(result string) schemas.LookupOutput { return schemas.LookupOutput{Result: result} }
