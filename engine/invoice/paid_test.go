package invoice_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// bill makes a signed invoice and what it is over, in whole units.
func (w *world) bill(number string) (id string, units int64) {
	w.Helper()
	a := w.signed(number)
	r := w.get(a.ID)
	if r.Payable%100 != 0 {
		w.Fatalf("the sample is over %d hundredths: these tests want whole units", r.Payable)
	}
	return a.ID, r.Payable / 100
}

// receives counts a payment of an invoice; less than nothing is a refund.
func (w *world) receives(id string, units int64) (payment domain.PaymentID) {
	w.Helper()
	payment = domain.NewID[domain.PaymentID](domain.PrefixPayment)
	in := domain.Receipt{Payment: payment, Invoice: domain.InvoiceID(id), Amount: max(units, -units), Currency: w.get(id).Currency, At: w.store.Now()}
	parts := w.invoices.Collected(in)
	if units < 0 {
		parts = w.invoices.Returned(in)
	}
	w.must(w.applier.Apply(w.Context(), domain.Change{Parts: parts}))
	return payment
}

// standing is what an invoice's row says of payments.
type standing struct {
	Status string
	Units  int64
	Report invoice.ReportStatus
}

func (w *world) standing(id string) standing {
	w.Helper()
	r := w.get(id)
	return standing{r.PaymentStatus, r.Paid / 100, r.Report.Status}
}

func (w *world) stands(id string, want standing) {
	w.Helper()
	if got := w.standing(id); got != want {
		w.Errorf("the invoice stands at %+v, want %+v", got, want)
	}
}

// settle runs the message that tells of a paid invoice.
func (w *world) settle(id string) {
	w.Helper()
	w.walk(answer{MessageID: string(w.get(id).Report.Message)})
}

// told counts the events of a type about a resource.
func (w *world) told(kind, resource string) (n int) {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), `SELECT id FROM event WHERE type = $1 AND resource_id = $2`, kind, resource)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		n++
	}
	w.must(rows.Err())
	return n
}

func TestAnInvoiceIsPaidInPartsAndTheAuthorityIsToldOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		id, units := w.bill("PAID-1")
		first := w.receives(id, units-10)
		w.stands(id, standing{"PARTIAL", units - 10, ""})
		last := w.receives(id, 10)
		w.stands(id, standing{"PAID", units, "PENDING"})
		if n := w.told(schemas.EventInvoicePaid, id); n != 0 {
			w.Error("invoice.paid came before the report")
		}
		w.settle(id)
		w.stands(id, standing{"PAID", units, "REPORTED"})
		want := schemas.ReportPaymentInput{IRN: w.get(id).IRN, PaymentStatus: "PAID", Reference: string(last)}
		if len(w.reports) != 1 || w.reports[0] != want {
			w.Errorf("the authority was told %+v", w.reports)
		}
		w.receives(id, 5) // more than was asked for is not lost
		w.stands(id, standing{"PAID", units + 5, "REPORTED"})
		w.receives(id, -10)
		w.stands(id, standing{"PARTIAL", units - 5, "REPORTED"})
		w.receives(id, 5)
		w.stands(id, standing{"PAID", units, "REPORTED"})
		w.receives(id, -units)
		w.stands(id, standing{"PENDING", 0, "REPORTED"})
		if n := w.told(schemas.EventInvoicePaid, id); n != 1 || len(w.reports) != 1 {
			w.Errorf("invoice.paid %d times, %d reports", n, len(w.reports))
		}
		if n := w.told(schemas.EventReceiptCreated, "rcp_"+string(first[len(domain.PrefixPayment):])); n != 1 {
			w.Errorf("%d receipts of one payment", n)
		}
	})
}

func TestPaymentsThatEndAtOnceAllCountAndOneSettles(t *testing.T) {
	onBoth(t, func(w *world) {
		id, units := w.bill("PAID-2")
		share := units/racers + 1
		var group sync.WaitGroup
		for range racers {
			group.Go(func() { w.receives(id, share) })
		}
		group.Wait()
		w.stands(id, standing{"PAID", share * racers, "PENDING"})
		w.settle(id)
		for range racers {
			group.Go(func() { w.receives(id, -share) })
		}
		group.Wait()
		w.stands(id, standing{"PENDING", 0, "REPORTED"})
		if n := w.told(schemas.EventInvoicePaid, id); n != 1 || len(w.reports) != 1 {
			w.Errorf("invoice.paid %d times, %d reports", n, len(w.reports))
		}
	})
}

// What is paid before the signature is told after it, whatever comes first.
func TestAnUnsignedInvoiceThatIsPaidIsReportedOnceItIsSigned(t *testing.T) {
	onBoth(t, func(w *world) {
		for name, refunded := range map[string]bool{"kept": false, "refunded": true} {
			a, _, err := w.post("", sample(w.T, "EARLY-"+name))
			w.must(err)
			run := w.claim(a)
			units := w.get(a.ID).Payable / 100
			w.receives(a.ID, units) // while the worker holds what it has read before
			w.stands(a.ID, standing{"PAID", units, ""})
			if refunded {
				w.receives(a.ID, -1)
			}
			w.pipeline.Walk(w.Context(), run)
			if r := w.get(a.ID); r.Status != invoice.StatusCompleted {
				w.Fatalf("%s: the invoice is %s", name, r.Status)
			}
			if refunded {
				w.stands(a.ID, standing{"PARTIAL", units - 1, ""})
				continue
			}
			w.stands(a.ID, standing{"PAID", units, "PENDING"})
			w.settle(a.ID)
			w.stands(a.ID, standing{"PAID", units, "REPORTED"})
		}
	})
}

func TestAReportThatNobodyTakesIsSkippedAndSaysWhy(t *testing.T) {
	onBoth(t, func(w *world) {
		id, units := w.bill("SKIP-1")
		w.silent = true
		w.receives(id, units)
		w.settle(id)
		w.stands(id, standing{"PAID", units, "SKIPPED"})
		other, units := w.bill("SKIP-2")
		w.gone = true
		w.receives(other, units)
		w.stands(other, standing{"PAID", units, "SKIPPED"})
		for _, id := range []string{id, other} {
			if r := w.get(id); r.Report.Reason == "" || w.told(schemas.EventInvoicePaid, id) != 1 {
				w.Errorf("%+v, told %d times", r.Report, w.told(schemas.EventInvoicePaid, id))
			}
		}
	})
}

// However the report ends the invoice was paid; while nobody knows, it is held.
func TestAReportThatTheAuthorityRefusesIsShown(t *testing.T) {
	onBoth(t, func(w *world) {
		id, units := w.bill("REFUSED-1")
		w.reporting = refusing(domain.ClassRejected)
		w.receives(id, units)
		w.settle(id)
		w.stands(id, standing{"PAID", units, "REJECTED"})
		held, units := w.bill("REFUSED-2")
		w.reporting = refusing(domain.ClassUnknownOutcome)
		w.receives(held, units)
		w.settle(held)
		w.must(w.applier.Apply(w.Context(), domain.Change{Parts: []domain.Part{domain.WorkNews{Connection: "con_a", References: []string{w.get(held).IRN}}}}))
		w.settle(held) // it is looked up at once, and nobody can tell
		w.stands(held, standing{"PAID", units, "HELD"})
		if n := w.told(schemas.EventInvoicePaid, held); n != 0 {
			w.Errorf("told %d times before anybody knows", n)
		}
		for _, id := range []string{id, held} {
			if w.get(id).Report.Reason == "" {
				w.Errorf("no reason: %+v", w.get(id).Report)
			}
		}
		if n := w.told(schemas.EventInvoicePaid, id); n != 1 {
			w.Errorf("told %d times", n)
		}
	})
}

func TestAPaymentStatusThatWasSubmittedStays(t *testing.T) {
	onBoth(t, func(w *world) {
		for _, status := range []string{"PAID", "REJECTED", "CANCELED"} {
			inv := sample(w.T, "AS-"+status)
			inv["payment_status"] = status
			a, _, err := w.post("", inv)
			w.must(err)
			w.walk(a)
			w.receives(a.ID, 10_000_000)
			w.stands(a.ID, standing{status, 10_000_000, ""})
			w.receives(a.ID, -10_000_000)
			w.stands(a.ID, standing{status, 0, ""})
		}
	})
}

func TestCreditNotesLowerWhatIsDue(t *testing.T) {
	onBoth(t, func(w *world) {
		id, units := w.bill("CREDITED-1")
		_, _, err := w.post("", note(w.T, "CREDITED-1-CN", "380", w.get(id)))
		w.must(err)
		w.receives(id, units) // nothing is due any more
		w.stands(id, standing{"PENDING", units, ""})
		if _, err := w.invoices.Ask(w.Context(), w.env.ID, domain.InvoiceID(id), 0); code(err) != "nothing_to_pay" {
			w.Errorf("asked all the same: %v", err)
		}
	})
}

func TestACorrectionKeepsWhatWasPaid(t *testing.T) {
	onBoth(t, func(w *world) {
		w.answer = refusing(domain.ClassRejected)
		a, _, err := w.post("", sample(w.T, "FIXED-1"))
		w.must(err)
		w.walk(a)
		units := w.get(a.ID).Payable / 100
		w.receives(a.ID, units)
		foreign := sample(w.T, "FIXED-1")
		foreign["document_currency_code"] = "XOF"
		if _, err := w.put(a.ID, foreign); code(err) != "invalid_invoice" {
			w.Errorf("into another currency: %v", err)
		}
		w.answer = nil
		fixed, err := w.put(a.ID, sample(w.T, "FIXED-1"))
		w.must(err)
		w.walk(fixed)
		w.stands(a.ID, standing{"PAID", units, "PENDING"})
	})
}

func TestMoneyInAnotherCurrencyIsNoneOfTheInvoice(t *testing.T) {
	onBoth(t, func(w *world) {
		id, _ := w.bill("FOREIGN-1")
		unbilled := make(chan domain.Unbilled, 1)
		w.applier.Register(domain.PartUnbilled, func(p domain.Part) ([]store.Statement, error) {
			unbilled <- p.(domain.Unbilled)
			return nil, nil
		})
		w.must(w.applier.Apply(w.Context(), domain.Change{Parts: w.invoices.Collected(domain.Receipt{
			Payment: "TX_1", Invoice: domain.InvoiceID(id), Amount: 5, Currency: "RWF", At: time.Now(),
		})}))
		if u := <-unbilled; u.Payment != "TX_1" || u.Note == "" {
			w.Errorf("%+v", u)
		}
		w.stands(id, standing{"PENDING", 0, ""})
	})
}

func TestWhatIsAskedIsWhatIsLeftInWholeUnits(t *testing.T) {
	onBoth(t, func(w *world) {
		draft, _, err := w.post("", sample(w.T, "ASK-0"))
		w.must(err)
		ask := func(id string, amount int64) (string, int64) {
			a, err := w.invoices.Ask(w.Context(), w.env.ID, domain.InvoiceID(id), amount)
			return code(err), a.Amount
		}
		if c, _ := ask(draft.ID, 0); c != "not_signed" {
			w.Errorf("an unsigned one: %s", c)
		}
		id, units := w.bill("ASK-1")
		w.receives(id, 10)
		for _, x := range []struct {
			amount, want int64
			code         string
		}{{0, units - 10, ""}, {7, 7, ""}, {units - 10, units - 10, ""}, {units - 9, 0, "invalid_body"}} {
			if c, got := ask(id, x.amount); c != x.code || got != x.want {
				w.Errorf("%d: %s %d, want %s %d", x.amount, c, got, x.code, x.want)
			}
		}
		w.receives(id, units)
		if c, _ := ask(id, 0); c != "nothing_to_pay" {
			w.Errorf("a paid one: %s", c)
		}
		if c, _ := ask(string(domain.NewID[domain.InvoiceID](domain.PrefixInvoice)), 0); c != "invoice_not_found" {
			w.Errorf("none: %s", c)
		}
	})
}

func TestANumberFindsItsInvoice(t *testing.T) {
	onBoth(t, func(w *world) {
		id, _ := w.bill("BILL 1")
		cancelled, _, err := w.post("", sample(w.T, "BILL 2"))
		w.must(err)
		_, err = w.void(cancelled.ID)
		w.must(err)
		for number, want := range map[string]int{"BILL 1": 1, "BILL1": 0, "BILL 2": 0, "": 0} {
			bills, err := w.invoices.BillsNumbered(w.Context(), w.env.ID, number)
			if err != nil || len(bills) != want || want == 1 && (string(bills[0].ID) != id || bills[0].Refusal != "") {
				w.Errorf("%q: %+v %v", number, bills, err)
			}
		}
		if bills, err := w.invoices.BillsNumbered(w.Context(), "env_b", "BILL 1"); err != nil || len(bills) != 0 {
			w.Errorf("another environment: %+v %v", bills, err)
		}
		b, err := w.invoices.Bill(w.Context(), w.env.ID, domain.InvoiceID(cancelled.ID))
		if err != nil || b.Refusal != fmt.Sprintf("It is %s.", invoice.StatusCancelled) {
			w.Errorf("%+v %v", b, err)
		}
	})
}
