package payment_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// counted is what the world lets follow the success of a payment of an invoice.
type counted struct {
	Event string
	domain.Receipt
}

func (counted) PartOf() domain.PartKind { return "test_counted" }

// follow counts receipts by the event that they follow.
func (w *world) follow() map[string]func(domain.Receipt) []domain.Part {
	w.applier.Register(counted{}.PartOf(), func(domain.Part) ([]store.Statement, error) { return nil, nil })
	follow := map[string]func(domain.Receipt) []domain.Part{}
	for _, event := range []string{schemas.EventPaymentCompleted, schemas.EventPaymentRefunded, schemas.EventDisbursementCompleted} {
		follow[event] = func(in domain.Receipt) []domain.Part { return []domain.Part{counted{event, in}} }
	}
	return follow
}

// Bill implements payment.Bills.
func (w *world) Bill(_ context.Context, _ domain.EnvironmentID, id domain.InvoiceID) (domain.Bill, error) {
	i := slices.IndexFunc(w.bills, func(b domain.Bill) bool { return b.ID == id })
	if i < 0 {
		return domain.Bill{}, &domain.Error{Kind: domain.KindNotFound, Code: "invoice_not_found"}
	}
	return w.bills[i], nil
}

// BillsNumbered implements payment.Bills.
func (w *world) BillsNumbered(_ context.Context, _ domain.EnvironmentID, number string) (list []domain.Bill, err error) {
	for _, b := range w.bills {
		if b.Number == number {
			list = append(list, b)
		}
	}
	return list, nil
}

// stock gives the world some invoices.
func (w *world) stock() {
	w.bills = []domain.Bill{
		{ID: "inv_1", Number: "N-1", Currency: "XOF"}, {ID: "inv_2", Number: "N-2", Currency: "RWF"},
		{ID: "inv_3", Number: "N-3", Currency: "XOF", Refusal: "It is CANCELLED."},
		{ID: "inv_4", Number: "N-4", Currency: "XOF"}, {ID: "inv_5", Number: "N-4", Currency: "XOF"},
	}
}

// received is what followed, as event and amount.
func (w *world) received(id domain.InvoiceID) (list []counted) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.counted {
		if c.Invoice == id {
			list = append(list, c)
		}
	}
	return list
}

// of is a request for 1,000 francs of an invoice.
func of(reference string, invoice domain.InvoiceID) payment.Request {
	in := request(reference)
	in.Invoice = invoice
	return in
}

func TestAPaymentNamesAnInvoiceThatFits(t *testing.T) {
	onBoth(t, func(w *world) {
		w.stock()
		id, err := w.tryCollect(of("I-1", "inv_1"))
		w.must(err)
		if p := w.get(id); p.Invoice == nil || *p.Invoice != "inv_1" || p.InvoiceNote != nil {
			w.Errorf("%v %v", p.Invoice, p.InvoiceNote)
		}
		for invoice, want := range map[domain.InvoiceID]string{"inv_2": "currency_of_invoice", "inv_3": "not_payable", "inv_9": "unknown_invoice"} {
			_, err := w.tryCollect(of("I-"+string(invoice), invoice))
			if e := refused(err); e == nil || e.Kind != domain.KindInvalid || e.Code != "invoice_not_payable" ||
				len(e.Fields) != 1 || e.Fields[0].Pointer != "/invoice_id" || e.Fields[0].Code != want {
				w.Errorf("%s: %+v", invoice, e)
			}
		}
		// The reference answers the payment of then, of this invoice and no other,
		// whatever has become of it.
		w.bills[0].Refusal = "It is CANCELLED."
		if again, err := w.tryCollect(of("I-1", "inv_1")); err != nil || again != id {
			w.Errorf("again: %s %v", again, err)
		}
		if again, err := w.tryCollect(request("I-1")); err != nil || again != id {
			w.Errorf("again, unnamed: %s %v", again, err)
		}
		if _, err := w.tryCollect(of("I-1", "inv_4")); code(err) != "duplicate_reference" {
			w.Errorf("another invoice: %v", err)
		}
	})
}

func TestAnOrderRefThatIsANumberNamesItsInvoiceOrSaysWhyNot(t *testing.T) {
	onBoth(t, func(w *world) {
		w.stock()
		for ref, want := range map[string]struct{ invoice, note string }{
			"N-1": {"inv_1", ""}, "N-2": {"", "RWF"}, "N-3": {"", "CANCELLED"}, "N-4": {"", "Several"}, "N-5": {"", ""},
		} {
			in := request("O-" + ref)
			in.OrderRef = ref
			id, err := w.tryCollect(in)
			w.must(err)
			p := w.get(id)
			var invoice, note string
			if p.Invoice != nil {
				invoice = *p.Invoice
			}
			if p.InvoiceNote != nil {
				note = *p.InvoiceNote
			}
			if invoice != want.invoice || !strings.Contains(note, want.note) || want.note == "" && note != "" {
				w.Errorf("%s: %q %q", ref, invoice, note)
			}
		}
	})
}

func TestOnlyASuccessCountsForTheInvoiceAndARefundTakesItBack(t *testing.T) {
	onBoth(t, func(w *world) {
		w.stock()
		w.operator.script(schemas.OpPaymentCollect, says(schemas.PaymentPINInvalid))
		id, err := w.tryCollect(of("S-1", "inv_1"))
		w.must(err)
		w.walk(id)
		if got := w.received("inv_1"); len(got) != 0 {
			w.Fatalf("a failure counts: %+v", got)
		}
		id, err = w.tryCollect(of("S-2", "inv_1"))
		w.must(err)
		w.walk(id)
		w.paid("FLOAT")
		back, err := w.tryRefund(id, payment.RefundRequest{Amount: 400, Reference: "S-R"})
		w.must(err)
		w.walk(back)
		got := w.received("inv_1")
		if len(got) != 2 || got[0].Event != schemas.EventPaymentCompleted || got[0].Amount != 1000 || got[0].Payment != id ||
			got[1].Event != schemas.EventPaymentRefunded || got[1].Amount != 400 || got[1].Payment != back {
			w.Errorf("%+v", got)
		}
		if n, err := w.payments.EndedOf(w.Context(), "inv_1"); err != nil || n != 3 {
			w.Errorf("%d have ended: %v", n, err)
		}
	})
}

func TestALateCollectionCountsForTheInvoiceOnceItIsAccepted(t *testing.T) {
	onBoth(t, func(w *world) {
		w.stock()
		w.operator.script(schemas.OpPaymentCollect, says(schemas.PaymentPending))
		w.operator.always(schemas.OpPaymentLookup, looked(domain.LookupNotFound))
		id, err := w.tryCollect(of("L-1", "inv_1"))
		w.must(err)
		w.until(id, limit+10*time.Minute)
		w.want(id, schemas.PaymentTimeout)
		w.succeedLate(id)
		if got := w.received("inv_1"); len(got) != 0 {
			w.Fatalf("counted before anybody has decided: %+v", got)
		}
		w.must(w.acceptLate(id))
		if got := w.received("inv_1"); len(got) != 1 || got[0].Amount != 1000 || got[0].Payment != id {
			w.Errorf("%+v", got)
		}
	})
}

func TestMoneyThatTheInvoiceDoesNotTakeIsUnbilled(t *testing.T) {
	onBoth(t, func(w *world) {
		w.stock()
		id, err := w.tryCollect(of("U-1", "inv_1"))
		w.must(err)
		w.must(w.applier.Apply(w.Context(), domain.Change{Parts: []domain.Part{domain.Unbilled{Payment: id, Note: "It is in RWF by now."}}}))
		if p := w.get(id); p.Invoice != nil || p.InvoiceNote == nil || *p.InvoiceNote != "It is in RWF by now." {
			w.Errorf("%v %v", p.Invoice, p.InvoiceNote)
		}
	})
}

func TestTheReferenceOfARequestIsTheSameUntilOneHasEnded(t *testing.T) {
	t.Parallel()
	signed := time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)
	first, err := of("", "inv_1").InvoiceReference(signed, 0)
	if err != nil {
		t.Fatal(err)
	}
	same, err := of("ignored", "inv_1").InvoiceReference(signed, 0)
	if err != nil || same != first {
		t.Errorf("%s, %s, %v", first, same, err)
	}
	other := of("", "inv_1")
	other.Amount++
	seen := map[string]bool{first: true}
	for _, x := range []struct {
		in    payment.Request
		ended int64
	}{{of("", "inv_1"), 1}, {of("", "inv_2"), 0}, {other, 0}} {
		made, err := x.in.InvoiceReference(signed, x.ended)
		if err != nil || seen[made] {
			t.Errorf("%+v, %d: %s %v", x.in, x.ended, made, err)
		}
		seen[made] = true
	}
}

// refused is the refusal that an error is, nil for none.
func refused(err error) (e *domain.Error) {
	errors.As(err, &e)
	return e
}

// A refund that succeeds late has given the money back all the same.
func TestALateRefundTakesBackWhatTheInvoiceWasPaid(t *testing.T) {
	onBoth(t, func(w *world) {
		w.stock()
		id, err := w.tryCollect(of("LR-1", "inv_1"))
		w.must(err)
		w.walk(id)
		w.paid("FLOAT")
		w.operator.script(schemas.OpPaymentRefund, says(schemas.PaymentPending))
		w.operator.always(schemas.OpPaymentLookup, looked(domain.LookupNotFound))
		back, err := w.tryRefund(id, payment.RefundRequest{Amount: 400, Reference: "LR-R"})
		w.must(err)
		w.until(back, limit+10*time.Minute)
		w.want(back, schemas.PaymentTimeout)
		if got := w.received("inv_1"); len(got) != 1 {
			w.Fatalf("%+v", got)
		}
		w.succeedLate(back)
		if got := w.received("inv_1"); len(got) != 2 || got[1].Event != schemas.EventPaymentRefunded || got[1].Amount != 400 {
			w.Errorf("%+v", got)
		}
	})
}
