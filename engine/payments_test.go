package engine_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

func TestACollectionIsConfirmedOnThePhoneAndSettled(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	p := m.collect("ZANA-1", with("order_ref", "ORDER-1"))
	if p.Status != "PENDING" || p.CustomerTotal != 25_000 || p.NetAmount != 24_750 || p.OrderRef != "ORDER-1" {
		t.Fatalf("accepted as %+v", p)
	}
	m.answer(awa, "approve", "1234")
	p = m.ended(p.ID)
	if p.Status != "SUCCESS" || p.LatencyMs == nil || p.Raw["_simulated"] != true {
		t.Errorf("ended as %+v", p)
	}
	if got := m.balance(awa); got != 75_000 {
		t.Errorf("the payer has %d", got)
	}
	if got := m.float(); got != 24_750 {
		t.Errorf("the merchant has %d", got)
	}
	if asked := m.net.Counters().Requests["mtn.requesttopay_status"]; asked != 1 {
		t.Errorf("the operator was asked %d times how it ended: what the push was verified by is the answer", asked)
	}
}

// Each status that a payer or an operator can give comes through, by push, and
// only SUCCESS moves money.
func TestWhatTheOperatorDecidesIsTheStatus(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	asked := map[string]paid{}
	for scenario := range simnet.Scenarios() {
		asked[scenario] = m.collect("SCENARIO-"+scenario, with("scenario", scenario), with("amount", 100))
	}
	for scenario, s := range simnet.Scenarios() {
		if p := m.ended(asked[scenario].ID); p.Status != string(s.Outcome) {
			t.Errorf("%s ended as %s", scenario, p.Status)
		}
	}
	for number, want := range map[string]string{poor: "INSUFFICIENT_FUNDS", locked: "ACCOUNT_BLOCKED", nobody: "UNKNOWN_MSISDN"} {
		if p := m.ended(m.collect("NUMBER-"+number, with("msisdn", number)).ID); p.Status != want {
			t.Errorf("%s ended as %s, want %s", number, p.Status, want)
		}
	}
	if got, float := m.balance(awa), m.float(); got != 99_900 || float != 99 {
		t.Errorf("the payer has %d, the merchant %d", got, float)
	}
}

func TestAReferenceMakesOneTransaction(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	var group sync.WaitGroup
	var mu sync.Mutex
	ids, statuses := map[string]bool{}, map[int]int{}
	for range 20 {
		group.Go(func() {
			var p paid
			status := m.call(http.MethodPost, "/v1/payments", collection("SAME", with("scenario", "success")), &p)
			mu.Lock()
			defer mu.Unlock()
			ids[p.ID], statuses[status] = true, statuses[status]+1
		})
	}
	group.Wait()
	if len(ids) != 1 || statuses[201] != 1 || statuses[200] != 19 {
		t.Errorf("ids %v, statuses %v", ids, statuses)
	}
	for id := range ids {
		m.ended(id)
	}
	if got := m.balance(awa); got != 75_000 {
		t.Errorf("the payer has %d", got)
	}
	var refused refusal
	if status := m.call(http.MethodPost, "/v1/payments", collection("SAME", with("amount", 1)), &refused); status != 409 || refused.Error != "duplicate_reference" {
		t.Errorf("other content: %d %+v", status, refused)
	}
}

func TestRefundsGiveBackNoMoreThanIsLeft(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	first := m.ended(m.collect("ZANA-PAY-20260531221015-8E2884A47B1C", with("scenario", "success")).ID)
	m.ended(m.collect("SECOND", with("scenario", "success")).ID) // for the float
	path := "/v1/payments/" + first.ID + "/refund"
	var group sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for i := range 8 {
		group.Go(func() {
			status := m.call(http.MethodPost, path, map[string]any{"amount": 15_000, "reference": fmt.Sprint("R-", i)}, nil)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	group.Wait()
	if statuses[201] != 1 || statuses[422] != 7 {
		t.Errorf("eight refunds of 60 %% at once: %v", statuses)
	}
	var rest payout
	status := m.call(http.MethodPost, path, nil, &rest)
	if status != 201 || rest.Status != "SUCCESS" || rest.Amount != 10_000 || rest.Total != 25_000 || rest.Remaining != 0 || rest.Float != 24_500 {
		t.Errorf("the rest: %d %+v", status, rest)
	}
	if got := m.balance(awa); got != 75_000 {
		t.Errorf("the payer has %d", got)
	}
	var made paid
	m.call(http.MethodGet, "/v1/payments/"+rest.ID, nil, &made)
	if !strings.HasPrefix(made.Reference, "ZANA-REF-") || made.OrderRef != first.OrderRef || made.Commission != 0 {
		t.Errorf("the refund is %+v", made)
	}
	var refused refusal
	if status := m.call(http.MethodPost, path, nil, &refused); status != 422 || refused.Error != "exceeds_refundable" {
		t.Errorf("one more: %d %+v", status, refused)
	}
	if status := m.call(http.MethodPost, "/v1/payments/"+rest.ID+"/refund", nil, &refused); status != 422 || refused.Error != "not_refundable" {
		t.Errorf("a refund of a refund: %d %+v", status, refused)
	}
}

func TestPayoutsComeOutOfTheFloat(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	body := func(amount int64, number string) map[string]any {
		return map[string]any{"amount": amount, "currency": "XOF", "msisdn": number, "application": "zana"}
	}
	var p payout
	if status := m.call(http.MethodPost, "/v1/disbursements", body(1_000, awa), &p); status != 201 || p.Status != "INSUFFICIENT_FUNDS" || p.Float != 0 {
		t.Errorf("without a float: %d %+v", status, p)
	}
	m.ended(m.collect("FLOAT", with("scenario", "success")).ID)
	out := body(1_000, awa)
	out["reference"] = "OUT-1"
	if status := m.call(http.MethodPost, "/v1/disbursements", out, &p); status != 201 || p.Status != "SUCCESS" || p.Float != 23_750 || p.Idempotent {
		t.Errorf("a payout: %d %+v", status, p)
	}
	again := p
	if status := m.call(http.MethodPost, "/v1/disbursements", out, &again); status != 200 || again.ID != p.ID || !again.Idempotent {
		t.Errorf("again: %d %+v", status, again)
	}
	for number, want := range map[string]string{locked: "ACCOUNT_BLOCKED", nobody: "UNKNOWN_MSISDN"} {
		if status := m.call(http.MethodPost, "/v1/disbursements", body(1_000, number), &p); status != 201 || p.Status != want || p.Float != 23_750 {
			t.Errorf("%s: %d %+v", number, status, p)
		}
	}
	if got := m.balance(awa); got != 76_000 {
		t.Errorf("the payee has %d", got)
	}
}

// Without a push from the operator, look-ups find the end: the first one comes
// when a push would be overdue.
func TestALostPushIsFoundByALookUp(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for the first poll, 15 s")
	}
	m := openMarket(t, false)
	p := m.collect("POLLED", with("scenario", "success"))
	if got := m.ended(p.ID); got.Status != "SUCCESS" {
		t.Errorf("ended as %+v", got)
	}
}

func TestWhatIsWrongWithAPaymentIsSaidInTheContractsForm(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	for name, c := range map[string]struct {
		body   map[string]any
		status int
		code   string
		field  string
	}{
		"nothing":           {map[string]any{}, 400, "invalid_body", "amount"},
		"a fraction":        {collection("E1", with("amount", 1.5)), 400, "invalid_body", "amount"},
		"no such scenario":  {collection("E2", with("scenario", "luck")), 400, "invalid_body", "scenario"},
		"no store":          {collection("E3", with("application", "other")), 404, "not_found", ""},
		"another operator":  {collection("E4", with("operator", "moov")), 404, "env_not_found", ""},
		"nobody's number":   {collection("E5", with("msisdn", "+22890123456")), 400, "invalid_body", "operator"},
		"another currency":  {collection("E6", with("currency", "RWF")), 400, "invalid_body", "currency"},
		"an unknown member": {collection("E7", with("pin", "1")), 400, "invalid_body", "pin"},
	} {
		var got refusal
		status := m.call(http.MethodPost, "/v1/payments", c.body, &got)
		if status != c.status || got.Error != c.code || c.field != "" && len(got.Detail.Faults[c.field]) == 0 {
			t.Errorf("%s: %d %+v", name, status, got)
		}
	}
	for n := range 7 { // nothing of it was used up
		m.collect(fmt.Sprint("E", n+1))
	}
	if p := m.collect("FCFA", with("currency", "FCFA")); p.Status != "PENDING" {
		t.Errorf("FCFA: %+v", p)
	}
}

func TestEventsTellHowAPaymentEnded(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	var hook struct{ Data struct{ Secret string } }
	m.call(http.MethodPost, "/v1/webhooks", map[string]any{"url": m.receiver.URL, "events": []string{"payment.*", "disbursement.*"}}, &hook)
	m.receiver.secrets = append(m.receiver.secrets, hook.Data.Secret)
	p := m.collect("TOLD", with("scenario", "success"))
	seen := map[string]event{}
	deadline := time.After(time.Minute)
	for len(seen) < 2 {
		select {
		case e := <-m.receiver.events:
			if e.invalid != nil {
				t.Errorf("%s: %v", e.Type, e.invalid)
			}
			seen[e.Type] = e
		case <-deadline:
			t.Fatalf("heard of %v", seen)
		}
	}
	done, in := seen[schemas.EventPaymentCompleted], seen[schemas.EventPaymentReceived]
	if done.Data["tx_id"] != p.ID || done.Data["status"] != "SUCCESS" || done.Data["net_amount"] != 24_750.0 {
		t.Errorf("payment.completed %v", done.Data)
	}
	if in.Data["paymentId"] != p.ID || in.Data["amountKobo"] != 2_475_000.0 || in.Data["feeKobo"] != 25_000.0 {
		t.Errorf("payment.received %v", in.Data)
	}
}
