package httpapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/schemas"
)

// paymentRecord is the part of a payment's record that tests look at.
type paymentRecord struct {
	ID                string
	Type              string
	ParentID          *string
	Status            string
	HeldReason        *string
	LateAt, LateEnd   *string
	GivenUp           bool
	OutOfSuspense     bool
	Reference         string
	OperatorReference *string
	ProviderTxID      *string
	ConnectionID      string
	MessageID         *string
	Amount, NetAmount int64
	Attempts          []struct{ Stage, Outcome string }
}

// market sets up what payments of a caller need.
func (w *world) market(c caller) {
	w.t.Helper()
	w.mtn(c, "CI")
	w.want(http.StatusCreated, nil, c.write, "PUT", "/si/corridors/mtn/CI", "")
	w.want(http.StatusCreated, nil, c.write, "POST", "/si/stores", `{"slug":"zana"}`)
}

// latePayment is a collection of 25,000 francs that timed out and has succeeded
// all the same. The caller has a corridor of MTN's and one store.
func (w *world) latePayment(c caller, reference string) string {
	w.t.Helper()
	var stores struct{ Data []struct{ Slug string } }
	w.want(http.StatusOK, &stores, c.read, "GET", "/si/stores", "")
	for range 60 {
		w.host.script(schemas.OpPaymentCollect, domain.ClassUnavailable)
	}
	var made struct{ ID string }
	w.want(http.StatusCreated, &made, c.write, "POST", "/v1/payments", `{"amount":25000,"currency":"XOF","msisdn":"+2250501234567","reference":"`+reference+
		`","application":"`+stores.Data[len(stores.Data)-1].Slug+`","operator":"mtn","country":"CI"}`)
	w.walk(w.message(made.ID))
	w.host.forget(schemas.OpPaymentCollect)
	var p paymentRecord
	w.want(http.StatusOK, &p, c.ops, "GET", "/si/payments/"+made.ID, "")
	must(w.t, w.applier.Apply(w.t.Context(), domain.Change{Parts: w.payments.Told(domain.ConnectionID(p.ConnectionID), *p.OperatorReference, json.RawMessage(`{"status":"SUCCESS"}`))}))
	w.walk(w.confirmation(made.ID))
	return made.ID
}

// confirmation is the run that asks once more about a payment.
func (w *world) confirmation(id string) (message domain.MessageID) {
	w.t.Helper()
	rows, err := w.store.Reader().Query(w.t.Context(), `SELECT id FROM message WHERE resource_id = $1 AND flow = $2`, id, payment.ConfirmName)
	must(w.t, err)
	defer rows.Close()
	for rows.Next() {
		must(w.t, rows.Scan(&message))
	}
	must(w.t, rows.Err())
	return message
}

func TestOperatorsSeeWhatAPaymentWaitsFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.market(w.ours)
	w.host.script(schemas.OpPaymentCollect, domain.ClassUnknownOutcome)
	w.host.script(schemas.OpPaymentLookup, domain.ClassInternal)
	var made struct{ ID string }
	w.want(http.StatusCreated, &made, w.ours.write, "POST", "/v1/payments",
		`{"amount":25000,"currency":"XOF","msisdn":"+2250501234567","reference":"HELD","application":"zana","operator":"mtn","country":"CI"}`)
	w.walk(w.message(made.ID))
	late := w.latePayment(w.ours, "LATE")
	for query, want := range map[string]string{"?held=true": made.ID, "?late=true": late, "?held=false": late, "?late=false": made.ID, "?reference=HELD": made.ID,
		"?order=LATE": late, "?status=TIMEOUT": late, "?limit=1&cursor=" + late: made.ID} {
		var list struct{ Data []paymentRecord }
		w.want(http.StatusOK, &list, w.ours.ops, "GET", "/si/payments"+query, "")
		if len(list.Data) != 1 || list.Data[0].ID != want {
			t.Errorf("%s: %+v", query, list.Data)
		}
	}
	var p paymentRecord
	w.want(http.StatusOK, &p, w.ours.ops, "GET", "/si/payments/"+made.ID, "")
	if p.Status != "PENDING" || p.HeldReason == nil || *p.HeldReason != "cannot_tell" || p.OperatorReference == nil || p.MessageID == nil ||
		p.Amount != 25000 || p.NetAmount != 24750 || len(p.Attempts) != 1 || p.Attempts[0].Stage != "submit" {
		t.Errorf("the held one is %+v", p)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid_query", w.ours.ops, "GET", "/si/payments?held=perhaps&status=LOST&cursor=x", "")
	w.refused(http.StatusNotFound, "not_found", w.ours.ops, "GET", "/si/payments/TX_01J00000000000000000000000", "")
}

func TestALateCollectionIsGivenBackOrAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.market(w.ours)
	first, second := w.latePayment(w.ours, "LATE-1"), w.latePayment(w.ours, "LATE-2")
	path := "/si/payments/" + first + "/refund-late"
	var back, again paymentRecord
	w.want(http.StatusAccepted, &back, w.ours.ops, "POST", path, "", "Idempotency-Key", "once")
	w.want(http.StatusAccepted, &again, w.ours.ops, "POST", path, "", "Idempotency-Key", "once")
	if back.Type != "refund" || !back.OutOfSuspense || back.ParentID == nil || *back.ParentID != first || back.Amount != 25000 || again.ID != back.ID {
		t.Errorf("given back as %+v, again as %+v", back, again)
	}
	if p := w.refused(http.StatusConflict, "late_ended", w.ours.ops, "POST", path, ""); p.Code != "late_ended" {
		t.Errorf("again without the key: %+v", p)
	}
	w.walk(domain.MessageID(*back.MessageID))
	var accepted paymentRecord
	w.want(http.StatusOK, &accepted, w.ours.ops, "POST", "/si/payments/"+second+"/accept-late", "")
	if accepted.Status != "TIMEOUT" || accepted.LateEnd == nil || *accepted.LateEnd != payment.LateAccepted {
		t.Errorf("accepted as %+v", accepted)
	}
	w.refused(http.StatusConflict, "late_ended", w.ours.ops, "POST", "/si/payments/"+second+"/refund-late", "")
	w.refused(http.StatusConflict, "not_late", w.ours.ops, "POST", "/si/payments/"+back.ID+"/accept-late", "")
	for account, want := range map[string]int64{"float": 24750, "commission": 250, "suspense": 0} {
		var list many[struct{ Balance int64 }]
		w.want(http.StatusOK, &list, w.ours.read, "GET", "/v1/ledger/accounts?account="+account, "")
		if len(list.Data) != 1 || list.Data[0].Balance != want {
			t.Errorf("%s has %+v, want %d", account, list.Data, want)
		}
	}
	for action, subject := range map[string]string{"payment.refund_late": first, "payment.accept_late": second} {
		var list struct {
			Data []struct{ Actor, Subject string }
		}
		w.want(http.StatusOK, &list, w.ours.ops, "GET", "/si/audit?action="+action, "")
		if len(list.Data) != 1 || list.Data[0].Subject != subject || list.Data[0].Actor == "" {
			t.Errorf("%s is audited as %+v", action, list.Data)
		}
	}
}
