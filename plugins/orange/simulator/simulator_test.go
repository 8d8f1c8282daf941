package simulator_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/orange/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

func TestATokenIsGivenAsAtOrange(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	good := b.basic(b.us.ClientSecret)
	for _, path := range []string{"/oauth/v2/token", "/oauth/v3/token", "/token"} {
		b.Want(t, 200, `"expires_in":3600`, "POST", path, form, good)
	}
	b.Want(t, 406, "", "POST", "/oauth/v3/token", form, good, header{"Accept": "text/html"})
	b.Want(t, 400, "grant_type", "POST", "/oauth/v3/token", `{"grant_type":"client_credentials"}`, good, header{"Content-Type": "application/json"})
	b.Want(t, 400, "grant_type", "POST", "/oauth/v3/token", "grant_type=password", good)
	b.Want(t, 401, `"code":40`, "POST", "/oauth/v3/token", form, good, header{"Authorization": ""})
	b.Want(t, 401, `"code":41`, "POST", "/oauth/v3/token", form, b.basic("wrong"))
	b.Want(t, 200, `"tokenSeconds":7776000`, "PATCH", "/_control/operator", `{"strict":true,"tokenSeconds":7776000,"expiresText":true}`)
	b.net.Pass(time.Minute)
	for range 50 {
		b.Want(t, 200, `"expires_in":"7776000"`, "POST", "/token", form, good)
	}
	b.Want(t, 403, `"code":53`, "POST", "/token", form, good)
	b.net.Pass(time.Minute)
	b.Want(t, 200, "", "POST", "/token", form, good)
}

func TestTheGateIsStrict(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	us := b.login(t)
	b.Want(t, 401, `"code":40`, "POST", webpayment, b.page(nil), us, header{"Authorization": ""})
	b.Want(t, 401, `"code":42`, "POST", webpayment, b.page(nil), us, header{"Authorization": "Bearer x"})
	b.Want(t, 403, `"code":50`, "POST", strings.Replace(webpayment, "/ci/", "/sn/", 1), b.page(nil), us)
	b.Want(t, 401, `"code":41`, "POST", mp+"init", "", us, header{"X-AUTH-TOKEN": "x"})
	for name, c := range map[string]struct {
		changes map[string]any
		says    string
	}{
		"another's key":   {map[string]any{"merchant_key": "x"}, `"code":1202`},
		"OUV in CI":       {map[string]any{"currency": "OUV"}, `"code":1203`},
		"no order id":     {map[string]any{"order_id": nil}, "order_id"},
		"a long order id": {map[string]any{"order_id": strings.Repeat("x", 31)}, "order_id"},
		"zero":            {map[string]any{"amount": 0}, "amount"},
		"decimals":        {map[string]any{"amount": 500.5}, "JSON"},
		"a text":          {map[string]any{"amount": "500"}, "JSON"},
		"nowhere to go":   {map[string]any{"return_url": nil}, "return_url"},
		"notify nowhere":  {map[string]any{"notif_url": "null"}, "notif_url"},
	} {
		if status, said := b.Ask(t, "POST", webpayment, b.page(c.changes), us); status != 400 || !strings.Contains(said, c.says) {
			t.Errorf("%s: %d %s, want %s", name, status, said, c.says)
		}
	}
	b.Want(t, 400, "scenario", "POST", webpayment, b.page(nil), us, header{"X-Sandbox-Number": ada, "X-Sandbox-Scenario": "sucess"})
	b.Want(t, 400, "X-Sandbox-Number", "POST", webpayment, b.page(nil), us, header{"X-Sandbox-Scenario": "success"})
	b.Want(t, 201, "", "POST", webpayment, b.page(nil), us) // what was refused has not used the order id
	b.net.Pass(time.Hour)
	b.Want(t, 401, `"code":42`, "POST", status, `{}`, us)
	again := b.login(t)
	b.Revoke()
	b.Want(t, 401, `"code":42`, "POST", status, `{}`, again)
}

func TestAPayerPaysOnThePage(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	us := b.login(t)
	opened := b.Want(t, 201, `"status":201`, "POST", webpayment, b.page(nil), us)
	b.Want(t, 400, `"code":1204`, "POST", webpayment, b.page(nil), us)
	page, token := member(t, opened, "payment_url"), member(t, opened, "pay_token")
	if page != b.URL+"/payment/pay_token/"+token || member(t, opened, "notif_token") == "" {
		t.Fatalf("opened %s", opened)
	}
	question := `{"order_id":"O-1","amount":500,"pay_token":"` + token + `"}`
	b.Want(t, 201, `"status":"INITIATED"`, "POST", status, question, us)
	for _, wrong := range []string{`"O-2"`, `501`, `"` + token + `x"`} {
		right := map[string]string{`"O-2"`: `"O-1"`, `501`: `500`}[wrong]
		if right == "" {
			right = `"` + token + `"`
		}
		b.Want(t, 404, "not found", "POST", status, strings.Replace(question, right, wrong, 1), us)
	}
	b.Want(t, 200, `name="number"`, "GET", page, "")
	kind := header{"Content-Type": "application/x-www-form-urlencoded"}
	b.Want(t, 403, "another site", "POST", page, values("answer", "approve", "number", ada, "code", "1234"), kind, header{"Origin": "https://evil.example"})
	b.Want(t, 400, "number", "POST", page, values("answer", "approve", "number", "070"), kind)
	b.Want(t, 303, "https://shop.example/paid", "POST", page, values("answer", "approve", "number", ada, "code", "1234"), kind)
	b.Want(t, 201, `"status":"SUCCESS","order_id":"O-1","txnid":"SIM_`, "POST", status, question, us)
	b.Want(t, 200, "does not wait any more: SUCCESS", "GET", page, "")
	b.Want(t, 409, "", "POST", page, values("answer", "refuse"), kind)
	if sim, _ := b.net.SIM("orange", ada); sim.Balance != 9_500 {
		t.Errorf("the SIM has %d", sim.Balance)
	}
	b.Want(t, 404, "no payment", "GET", "/payment/pay_token/x", "")
}

func TestAPageThatIsLeftOrForgottenFails(t *testing.T) {
	t.Parallel()
	kind := header{"Content-Type": "application/x-www-form-urlencoded"}
	for _, rung := range []bool{false, true} {
		b := setup(t, simulator.Options{})
		us, number := b.login(t), header{}
		if rung { // the payer's phone is known already
			number["X-Sandbox-Number"] = ada
		}
		left := b.Want(t, 201, "", "POST", webpayment, b.page(nil), us, number)
		b.Want(t, 303, "https://shop.example/cart", "POST", member(t, left, "payment_url"), values("answer", "refuse"), kind)
		b.Want(t, 201, `"status":"FAILED"`, "POST", status, `{"order_id":"O-1","amount":500,"pay_token":"`+member(t, left, "pay_token")+`"}`, us)
		forgotten := b.Want(t, 201, "", "POST", webpayment, b.page(map[string]any{"order_id": "O-2"}), us, number)
		b.net.Pass(time.Hour)
		us = b.login(t)
		b.Want(t, 201, `"status":"EXPIRED"`, "POST", status, `{"order_id":"O-2","amount":500,"pay_token":"`+member(t, forgotten, "pay_token")+`"}`, us)
		_, said := b.Ask(t, "POST", member(t, forgotten, "payment_url"), values("answer", "approve", "number", ada, "code", "1234"), kind)
		if sim, _ := b.net.SIM("orange", ada); sim.Balance != 10_000 {
			t.Errorf("the SIM has %d: %s", sim.Balance, said)
		}
	}
}

func TestACorePaymentRingsThePhone(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	us := b.login(t)
	token := member(t, b.Want(t, 200, `"payToken":"ORANGE_SIM_`, "POST", mp+"init", "", us), "payToken")
	b.Want(t, 404, "not found", "GET", mp+"paymentstatus/"+token, "", us)
	for says, changes := range map[string]map[string]any{
		"pin":              {"pin": "x"},
		"payToken":         {"payToken": "x"},
		"amount":           {"amount": "5.5"},
		"orderId":          {"orderId": nil},
		"national":         {"subscriberMsisdn": "2250701234567"},
		"JSON of this":     {"amount": 500},
		"channelUserMsisd": {"channelUserMsisdn": "1"},
	} {
		if status, said := b.Ask(t, "POST", mp+"pay", b.pay(token, changes), us); status < 400 || status > 404 || !strings.Contains(said, says) {
			t.Errorf("%s: %d %s", says, status, said)
		}
	}
	b.Want(t, 200, `"status":"PENDING"`, "POST", mp+"pay", b.pay(token, nil), us)
	b.Want(t, 409, "payToken", "POST", mp+"pay", b.pay(token, nil), us)
	second := member(t, b.Want(t, 200, "", "POST", mp+"init", "", us), "payToken")
	b.Want(t, 409, "orderId", "POST", mp+"pay", b.pay(second, nil), us)
	b.Want(t, 200, `"confirmtxnstatus":null`, "GET", mp+"push/"+token, "", us)
	b.Want(t, 200, `"outcome":"SUCCESS"`, "POST", "/_control/prompts/orange/O-1", `{"answer":"approve"}`)
	said := b.Want(t, 200, `"status":"SUCCESSFULL"`, "GET", mp+"paymentstatus/"+token, "", us)
	for _, want := range []string{`"_simulated":true`, `"subscriberMsisdn":"0701234567"`, `"amount":500`, `"inittxnstatus":"200"`, `"confirmtxnstatus":"200"`, `"txnid":"SIM_`} {
		if !strings.Contains(said, want) {
			t.Errorf("%s is not in %s", want, said)
		}
	}
	if strings.Contains(said, b.us.PIN+`"`) {
		t.Errorf("the PIN is in %s", said)
	}
	other := &bench{Simulator: b.Simulator, Server: b.Server, net: b.net}
	other.us, _ = b.Provision("CI")
	other.Want(t, 404, "not found", "GET", mp+"paymentstatus/"+token, "", other.login(t))
}

func TestScenariosComeBackInOrangesWords(t *testing.T) {
	t.Parallel()
	for name, s := range simnet.Scenarios() {
		for _, hints := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " ", hints), func(t *testing.T) {
				t.Parallel()
				b := setup(t, simulator.Options{Settings: simulator.Settings{NoHints: !hints}})
				played := header{"X-Sandbox-Number": ada, "X-Sandbox-Scenario": name}
				web := member(t, b.Want(t, 201, "", "POST", webpayment, b.page(nil), b.login(t), played), "pay_token")
				us := b.login(t)
				core := member(t, b.Want(t, 200, "", "POST", mp+"init", "", us), "payToken")
				b.Want(t, 200, `"PENDING"`, "POST", mp+"pay", b.pay(core, map[string]any{"orderId": "O-2"}), us, played)
				b.Want(t, 201, `"PENDING"`, "POST", status, `{"order_id":"O-1","amount":500,"pay_token":"`+web+`"}`, us)
				b.net.Pass(36 * time.Second)
				words := map[schemas.PaymentStatus][2]string{schemas.PaymentSuccess: {"SUCCESS", "SUCCESSFULL"}, schemas.PaymentTimeout: {"EXPIRED", "EXPIRED"}}[s.Outcome]
				if words[0] == "" {
					words = [2]string{"FAILED", "FAILED"}
				}
				said := b.Want(t, 201, `"status":"`+words[0]+`"`, "POST", status, `{"order_id":"O-1","amount":500,"pay_token":"`+web+`"}`, us)
				if hinted := strings.Contains(said, "["+string(s.Outcome)+"]"); hinted != (hints && words[0] == "FAILED") {
					t.Errorf("a hint: %v, in %s", hinted, said)
				}
				said = b.Want(t, 200, `"status":"`+words[1]+`"`, "GET", mp+"paymentstatus/"+core, "", us)
				if s.Outcome == schemas.PaymentInsufficientFunds && !strings.Contains(said, `"inittxnstatus":"60019"`) {
					t.Errorf("no 60019 in %s", said)
				}
			})
		}
	}
}

func TestTheNotificationIsSentOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{Settings: simulator.Settings{PlainTokens: true}})
	got := make(chan string, 4)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		got <- r.Method + " " + r.URL.RequestURI() + " " + string(raw)
	}))
	defer hook.Close()
	next := func() string {
		select {
		case pushed := <-got:
			return pushed
		case <-time.After(10 * time.Second):
			t.Fatal("no notification")
			return ""
		}
	}
	us, number := b.login(t), header{"X-Sandbox-Number": ada}
	b.Want(t, 201, `"pay_token":"ORANGE_SIM_O-1"`, "POST", webpayment, b.page(map[string]any{"notif_url": hook.URL + "/in?reference=O-1"}), us, number)
	b.Want(t, 200, "", "POST", "/_control/prompts/orange/O-1", `{"answer":"approve"}`)
	if pushed := next(); !strings.HasPrefix(pushed, `POST /in?reference=O-1 {"notif_token":"NOTIF_O-1","status":"SUCCESS","txnid":"SIM_`) {
		t.Errorf("pushed %s", pushed)
	}
	token := member(t, b.Want(t, 200, "", "POST", mp+"init", "", us), "payToken")
	b.Want(t, 200, "", "POST", mp+"pay", b.pay(token, map[string]any{"orderId": "O-2", "notifUrl": hook.URL + "/core"}), us)
	b.Want(t, 200, "", "POST", "/_control/prompts/orange/O-2", `{"answer":"approve"}`)
	if pushed, read := next(), b.Want(t, 200, "", "GET", mp+"paymentstatus/"+token, "", us); pushed != "POST /core "+read {
		t.Errorf("pushed %s, want %s", pushed, read)
	}
}

func TestARestartedSimulatorKnowsItsKeysAgain(t *testing.T) {
	t.Parallel()
	before := setup(t, simulator.Options{Secret: []byte("one")})
	after := setup(t, simulator.Options{Secret: []byte("one")})
	after.us = before.us
	after.login(t)
	other := setup(t, simulator.Options{Secret: []byte("two")})
	other.us = before.us
	other.Want(t, 401, `"code":41`, "POST", "/token", form, other.basic(before.us.ClientSecret))
}

func TestFaultsHitOrangesCalls(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	us := b.login(t)
	b.net.Arm(t, simnet.Fault{Kind: simnet.FaultStatusAfter, Status: 503, Operator: "orange", Operation: "webpayment", Times: 1})
	b.Want(t, 503, `"code":5`, "POST", webpayment, b.page(nil), us, header{"X-Sandbox-Number": ada})
	b.Want(t, 400, `"code":1204`, "POST", webpayment, b.page(nil), us)
	if found, _ := b.net.Find("orange", "O-1"); found.Outcome != schemas.PaymentPending {
		t.Errorf("%+v", found)
	}
	b.Want(t, 200, `"orange.webpayment":2`, "GET", "/_control/counters", "")
	b.Want(t, 201, `"merchantKey":"`, "POST", "/_control/merchants", `{"country":"CI"}`)
	b.Want(t, 422, "CI", "POST", "/_control/merchants", `{"country":"RW"}`)
	b.Want(t, 400, "unknown field", "POST", "/_control/merchants", `{"land":"CI"}`)
	b.Want(t, 422, "tokenSeconds", "PATCH", "/_control/operator", `{"tokenSeconds":-1}`)
	b.Want(t, 204, "", "POST", "/_control/revoke", "")
	b.Want(t, 200, "[]", "GET", "/_control/prompts?number=%2B2250700000000", "")
	b.Want(t, 404, "not found", "GET", "/nothing", "")
}
