package payment_test

import (
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/schemas"
)

func (w *world) get(id domain.PaymentID) payment.Payment {
	w.Helper()
	p, err := w.payments.Get(w.Context(), w.env.ID, id)
	w.must(err)
	return p
}

// want fails unless the payment has the status.
func (w *world) want(id domain.PaymentID, status schemas.PaymentStatus) {
	w.Helper()
	if got := w.get(id).Status; got != status {
		w.Fatalf("%s is %s, want %s", id, got, status)
	}
}

// wantHeld fails unless the payment waits for a person, for the reason.
func (w *world) wantHeld(id domain.PaymentID, reason string) {
	w.Helper()
	w.want(id, schemas.PaymentPending)
	if got := w.text(`SELECT held_reason FROM payment WHERE id = $1`, id); got != reason {
		w.Fatalf("%s is held for %q, want %q", id, got, reason)
	}
}

func (w *world) balance(account domain.Account) int64 {
	w.Helper()
	b, err := w.ledger.Balance(w.Context(), w.env.ID, account, "XOF")
	w.must(err)
	return b
}

// balances fails unless the accounts have these francs.
func (w *world) balances(float, suspense, sim int64) {
	w.Helper()
	f, s, p := w.balance(domain.AccountFloat), w.balance(domain.AccountSuspense), w.balance(domain.SIMAccount(awa))
	if f != float || s != suspense || p != sim {
		w.Errorf("float %d, suspense %d, payer %d, want %d, %d, %d", f, s, p, float, suspense, sim)
	}
}

// verified fails unless the ledger adds up.
func (w *world) verified() {
	w.Helper()
	got, err := w.ledger.Verify(w.Context(), func(f ledger.Fault) { w.Errorf("fault of the ledger: %+v", f) })
	if w.must(err); got.Faults != 0 {
		w.Errorf("the ledger has %d faults", got.Faults)
	}
}

func (w *world) text(sql string, args ...any) (v string) {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), sql, args...)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		w.must(rows.Scan(&v))
	}
	w.must(rows.Err())
	return v
}
