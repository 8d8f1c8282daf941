package simulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/airtel/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

const (
	push  = "/merchant/v1/payments/"
	pay   = "/standard/v1/disbursements/"
	asked = "/standard/v1/payments/"
)

func TestTheGateIsStrict(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	b.Want(t, 401, "", "POST", "/auth/oauth2/token", login(b.us.ClientID, "wrong"))
	b.Want(t, 401, "", "POST", "/auth/oauth2/token", login("wrong", b.us.ClientSecret))
	b.Want(t, 400, "ESB000008", "POST", "/auth/oauth2/token", "grant_type=client_credentials")
	good := b.login(t)
	right := collection(ref1, "730123456", "500")
	for name, c := range map[string]struct {
		header header
		body   string
		status int
		says   string
	}{
		"no token":            {header{"Authorization": ""}, right, 401, "token"},
		"wrong token":         {header{"Authorization": "Bearer x"}, right, 401, "token"},
		"no country":          {header{"X-Country": ""}, right, 200, "ESB000034"},
		"another country":     {header{"X-Country": "UG"}, right, 200, "ESB000034"},
		"another currency":    {header{"X-Currency": "UGX"}, right, 200, "ESB000035"},
		"country elsewhere":   {nil, strings.Replace(right, `"RW"`, `"UG"`, 1), 200, "ESB000034"},
		"currency elsewhere":  {nil, strings.Replace(right, `"RWF"`, `"UGX"`, 1), 200, "ESB000035"},
		"reference of dashes": {nil, strings.Replace(right, ref1, "ORDER-1", 1), 400, "ESB000008"},
		"reference of three":  {nil, strings.ReplaceAll(right, ref1, "C01"), 400, "ESB000008"},
		"with country code":   {nil, collection(ref1, "250730123456", "500"), 200, "ESB000033"},
		"a digit short":       {nil, collection(ref1, "73012345", "500"), 200, "ESB000033"},
		"decimals":            {nil, collection(ref1, "730123456", "500.5"), 400, "amount"},
		"zero":                {nil, collection(ref1, "730123456", "0"), 400, "amount"},
		"a payee":             {nil, payout(ref1, "730123456", "500", "x"), 400, "subscriber"},
		"no JSON":             {nil, "amount=1", 400, "JSON"},
	} {
		if status, said := b.Ask(t, "POST", push, c.body, good, c.header); status != c.status || !strings.Contains(said, c.says) || !strings.Contains(said, `"success":false`) {
			t.Errorf("%s: %d %s, want %d %s", name, status, said, c.status, c.says)
		}
	}
	b.Want(t, 200, "DP00800001025", "GET", asked+ref1, "", good)
	b.net.Pass(3 * time.Minute)
	b.Want(t, 401, "expired", "GET", asked+ref1, "", good)
	again := b.login(t)
	b.Want(t, 200, "DP00800001025", "GET", asked+ref1, "", again)
	b.login(t) // several hold side by side
	b.Want(t, 200, "DP00800001025", "GET", asked+ref1, "", again)
	b.Want(t, 200, `"oneToken":true`, "PATCH", "/_control/operator", `{"oneToken":true}`)
	last := b.login(t)
	b.Want(t, 401, "expired", "GET", asked+ref1, "", again)
	b.Revoke()
	b.Want(t, 401, "token", "GET", asked+ref1, "", last)
	b.Want(t, 404, "no Route", "GET", "/nothing", "")
}

func TestAPushIsTakenThenSettled(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	us := b.login(t)
	said := b.Want(t, 200, "", "POST", push, collection(ref1, "730123456", "500"), us)
	if want := `{"_simulated":true,"data":{"transaction":{"id":"` + ref1 + `","status":"SUCCESS"}},` +
		`"status":{"code":"200","message":"SUCCESS","result_code":"ESB000010","response_code":"DP00800001006","success":true}}`; said != want {
		t.Errorf("taken as %s, want %s", said, want)
	}
	b.Want(t, 200, "ESB000041", "POST", "/merchant/v2/payments/", collection(ref1, "730123456", "500"), us)
	b.Want(t, 200, `"status":"TIP"`, "GET", asked+ref1, "", us)
	b.Want(t, 200, `"outcome":"SUCCESS"`, "POST", "/_control/prompts/airtel/"+ref1, `{"answer":"approve"}`)
	var got map[string]any
	if err := json.Unmarshal([]byte(b.Want(t, 200, "", "GET", asked+ref1, "", us)), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"_simulated": "true", "data": "map[transaction:map[airtel_money_id:SIM_" + ref1 + " id:" + ref1 + " message:success status:TS]]",
		"status": "map[code:200 message:success response_code:DP00800001001 result_code:ESB000010 success:true]",
	} {
		if fmt.Sprint(got[name]) != want {
			t.Errorf("%s is %v, want %s", name, got[name], want)
		}
	}
	b.Want(t, 200, `"data":{"account_status":"Active","balance":"100000500","currency":"RWF"}`, "GET", "/standard/v1/users/balance", "", us)
	b.Want(t, 200, "DP00900001015", "GET", pay+ref1, "", us)
	other := &bench{Simulator: b.Simulator, Server: b.Server, net: b.net}
	other.us, _ = b.Provision("RW", "", false)
	b.Want(t, 200, "DP00800001025", "GET", asked+ref1, "", other.login(t))
	b.Want(t, 200, `"first_name":"Ada"`, "GET", "/standard/v1/users/730123456", "", us)
	b.Want(t, 200, "ESB000045", "GET", "/standard/v1/users/730000000", "", us)
	b.Want(t, 200, "ESB000033", "GET", "/standard/v1/users/1", "", us)
}

func TestPayoutsNeedThePIN(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	us := b.login(t)
	pin := b.seal(t, us, b.us.PIN)
	b.Want(t, 200, "DP00900001018", "POST", pay, payout(ref2, "730123456", "100", b.us.PIN), us) // in clear
	b.Want(t, 200, "DP00800001002", "POST", pay, payout(ref2, "730123456", "100", b.seal(t, us, "x")), us)
	b.Want(t, 400, "payee", "POST", pay, collection(ref2, "730123456", "100"), us)
	if _, known := b.net.Find("airtel", ref2); known {
		t.Error("it was taken")
	}
	said := b.Want(t, 200, "DP00900001001", "POST", pay, payout(ref2, "730123456", "100", pin), us)
	if !strings.Contains(said, `"transaction":{"reference_id":"`+ref2+`","airtel_money_id":"SIM_`+ref2+`","id":"`+ref2+`"`) {
		t.Errorf("paid out as %s", said)
	}
	b.Want(t, 200, "DP00900001017", "POST", "/standard/v2/disbursements/", payout(ref2, "730123456", "100", pin), us)
	b.Want(t, 200, "DP00900001001", "GET", pay+ref2, "", us)
	b.Want(t, 200, "", "PATCH", "/_control/operator", `{"payoutsInProgress":true,"numberForm":"international"}`)
	b.Want(t, 200, "DP00900001006", "POST", pay, payout("D0002", "250730123456", "100", pin), us)
	b.net.Pass(2 * time.Second)
	b.Want(t, 200, `"status":"TS"`, "GET", pay+"D0002", "", us)
	b.Want(t, 200, "ESB000033", "POST", pay, payout("D0003", "730123456", "100", pin), us)
	b.Want(t, 200, "", "PUT", "/_control/accounts", `{"operator":"airtel","name":"`+b.us.ClientID+`","currency":"RWF","balance":99}`)
	b.Want(t, 200, "", "PATCH", "/_control/operator", `{"payoutsInProgress":false}`)
	said = b.Want(t, 200, "DP00900001007", "POST", pay, payout("D0004", "250730123456", "100", pin), us)
	if !strings.Contains(said, `"success":false`) {
		t.Errorf("without money: %s", said)
	}
}

func TestACollectionIsRefundedOnceAndWhole(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	us := b.login(t)
	refund := func(id string) string { return `{"transaction":{"airtel_money_id":"` + id + `"}}` }
	const path = "/standard/v1/payments/refund"
	b.Want(t, 400, "airtel_money_id", "POST", path, refund(""), us)
	b.Want(t, 200, "ESB000045", "POST", path, refund("SIM_"+ref1), us)
	b.Want(t, 200, "", "POST", push, collection(ref1, "730123456", "500"), us, header{"X-Sandbox-Scenario": "success"})
	b.Want(t, 200, "ESB000045", "POST", path, refund("SIM_"+ref1), us) // not paid yet
	b.net.Pass(2 * time.Second)
	b.Want(t, 200, "ESB000045", "POST", path, refund(ref1), us)
	other := &bench{Simulator: b.Simulator, Server: b.Server, net: b.net}
	other.us, _ = b.Provision("RW", "", false)
	b.Want(t, 200, "ESB000045", "POST", path, refund("SIM_"+ref1), other.login(t))
	b.Want(t, 200, "", "PUT", "/_control/accounts", `{"operator":"airtel","name":"`+b.us.ClientID+`","currency":"RWF","balance":0}`)
	b.Want(t, 200, "DP00900001007", "POST", path, refund("SIM_"+ref1), us) // a try that gave nothing back
	b.Want(t, 200, "", "PUT", "/_control/accounts", `{"operator":"airtel","name":"`+b.us.ClientID+`","currency":"RWF","balance":500}`)
	b.Want(t, 200, "DP00900001001", "POST", "/standard/v2/payments/refund", refund("SIM_"+ref1), us)
	b.Want(t, 200, "ESB000045", "POST", path, refund("SIM_"+ref1), us)
	if sim, _ := b.net.SIM("airtel", ada); sim.Balance != 10_000 {
		t.Errorf("the SIM has %d", sim.Balance)
	}
}

func TestScenariosComeBackInAirtelsWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"success": "TS DP00800001001", "pin_invalid": "TF DP00800001002", "low_balance": "TF DP00800001007",
		"timeout": "TE DP00800001029", "blocked": "TF DP00800001010", "cancelled": "TF DP00800001008",
		"unknown_msisdn": "TF ESB000036", "limit_exceeded": "TF DP00800001003",
		"maintenance": "TF ESB000001", "duplicate": "TF ESB000041",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Options{})
			us := b.login(t)
			status, says := 200, "DP00800001006"
			switch name {
			case "maintenance":
				status, says = 503, "ESB000001"
			case "duplicate":
				says = "ESB000041"
			}
			b.Want(t, status, says, "POST", push, collection(ref1, "730123456", "500"), us, header{"X-Sandbox-Scenario": name})
			b.Want(t, 200, "TIP", "GET", asked+ref1, "", us)
			b.net.Pass(36 * time.Second)
			state, code, _ := strings.Cut(want, " ")
			said := b.Want(t, 200, `"status":"`+state+`"`, "GET", asked+ref1, "", us)
			if !strings.Contains(said, code) {
				t.Errorf("%s, want %s", said, code)
			}
			b.Want(t, 200, "", "PATCH", "/_control/operator", `{"bareFailures":true}`)
			said = b.Want(t, 200, `"status":"`+state+`"`, "GET", asked+ref1, "", us)
			if name != "success" && strings.Contains(said, code) {
				t.Errorf("%s tells the code all the same", said)
			}
		})
	}
	b := setup(t, simulator.Options{})
	b.Want(t, 400, "scenario", "POST", push, collection(ref1, "730123456", "500"), b.login(t), header{"X-Sandbox-Scenario": "sucess"})
}

func TestTheCallbackCarriesAHashWhereItIsSwitchedOn(t *testing.T) {
	t.Parallel()
	for _, hash := range []bool{true, false} {
		b := setup(t, simulator.Options{})
		got := make(chan string, 4)
		hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			got <- r.Method + " " + string(raw)
		}))
		b.Want(t, 204, "", "PUT", "/_control/merchants/"+b.us.ClientID, fmt.Sprintf(`{"callbackUrl":"%s","hash":%t}`, hook.URL, hash))
		b.Want(t, 200, "", "POST", push, collection(ref1, "730123456", "500"), b.login(t))
		b.Want(t, 200, "", "POST", "/_control/prompts/airtel/"+ref1, `{"answer":"approve"}`)
		inner := `{"id":"` + ref1 + `","message":"Transaction TS","status_code":"TS","airtel_money_id":"SIM_` + ref1 + `"}`
		want := `POST {"transaction":` + inner + `}`
		if hash {
			m := hmac.New(sha256.New, []byte(b.us.CallbackKey))
			m.Write([]byte(inner))
			want = `POST {"hash":"` + base64.StdEncoding.EncodeToString(m.Sum(nil)) + `","transaction":` + inner + `}`
		}
		select {
		case pushed := <-got:
			if pushed != want {
				t.Errorf("pushed %s, want %s", pushed, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no callback")
		}
		hook.Close()
	}
}

func TestASignatureIsOfItsBodyAndNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{Settings: simulator.Settings{Signed: true}})
	us := b.login(t)
	right := collection(ref1, "730123456", "500")
	good := b.sign(t, us, right)
	for name, spoil := range map[string]header{
		"none": {"x-signature": ""}, "no key": {"x-key": ""}, "another key": {"x-key": b.seal(t, us, "x:y")},
		"another body": b.sign(t, us, collection(ref1, "730123456", "501")), "no blocks": {"x-signature": "AAAA"},
	} {
		if status, said := b.Ask(t, "POST", push, right, us, good, spoil); status != 200 || !strings.Contains(said, "DP00800001026") {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
	b.Want(t, 200, "DP00800001006", "POST", push, right, us, good)
}

func TestARestartedSimulatorKnowsItsKeysAgain(t *testing.T) {
	t.Parallel()
	before := setup(t, simulator.Options{Secret: []byte("one")})
	after := setup(t, simulator.Options{Secret: []byte("one")})
	after.us = before.us
	us := after.login(t)
	after.Want(t, 200, "DP00900001001", "POST", pay, payout(ref2, "730123456", "100", after.seal(t, us, before.us.PIN)), us)
	other := setup(t, simulator.Options{Secret: []byte("two")})
	other.Want(t, 401, "", "POST", "/auth/oauth2/token", login(before.us.ClientID, before.us.ClientSecret))
	other.Want(t, 422, "no such application", "PUT", "/_control/merchants/"+before.us.ClientID, `{}`)
}

func TestFaultsHitAirtelsCalls(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	us := b.login(t)
	b.net.Arm(t, simnet.Fault{Kind: simnet.FaultStatusAfter, Status: 503, Operator: "airtel", Operation: "payments", Reference: ref1, Times: 1})
	b.Want(t, 503, "ESB000001", "POST", push, collection(ref1, "730123456", "500"), us)
	b.Want(t, 200, "ESB000041", "POST", push, collection(ref1, "730123456", "500"), us)
	if found, _ := b.net.Find("airtel", ref1); found.Outcome != schemas.PaymentPending {
		t.Errorf("%+v", found)
	}
	b.Want(t, 200, `"airtel.payments":2`, "GET", "/_control/counters", "")
	b.Want(t, 200, `"noDuplicateGuard":true`, "PATCH", "/_control/settings", `{"noDuplicateGuard":true}`)
	b.Want(t, 200, "DP00800001006", "POST", push, collection(ref1, "730123456", "500"), us)
	b.Want(t, 201, `"currency":"RWF"`, "POST", "/_control/merchants", `{"country":"RW"}`)
	b.Want(t, 422, "country", "POST", "/_control/merchants", `{"country":"CI"}`)
	b.Want(t, 400, "unknown field", "POST", "/_control/merchants", `{"land":"RW"}`)
	b.Want(t, 422, "rsaPadding", "PATCH", "/_control/operator", `{"rsaPadding":"none"}`)
	b.Want(t, 422, "numberForm", "PATCH", "/_control/operator", `{"numberForm":"e164"}`)
	b.Want(t, 422, "tokenSeconds", "PATCH", "/_control/operator", `{"tokenSeconds":-1}`)
	b.Want(t, 204, "", "POST", "/_control/revoke", "")
	b.Want(t, 200, "[]", "GET", "/_control/prompts?number=%2B250730000000", "")
}
