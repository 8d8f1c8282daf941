package simulator_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/mtn/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

func TestAnAPIUserIsProvisionedAsAtMTN(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	key := header{"Ocp-Apim-Subscription-Key": b.us.CollectionKey}
	id := header{"X-Reference-Id": ref1}
	host := `{"providerCallbackHost":"example.org"}`
	b.Want(t, 401, "subscription key", "POST", "/v1_0/apiuser", host, id)
	b.Want(t, 400, "UUID v4", "POST", "/v1_0/apiuser", host, key, header{"X-Reference-Id": "0f8fad5b-d9cb-169f-a165-70867728950e"})
	b.Want(t, 201, "", "POST", "/v1_0/apiuser", host, key, id)
	b.Want(t, 409, "RESOURCE_ALREADY_EXIST", "POST", "/v1_0/apiuser", host, key, id)
	b.Want(t, 200, `"providerCallbackHost":"example.org"`, "GET", "/v1_0/apiuser/"+ref1, "", key)
	b.Want(t, 404, "RESOURCE_NOT_FOUND", "GET", "/v1_0/apiuser/"+ref2, "", key)
	b.Want(t, 404, "RESOURCE_NOT_FOUND", "POST", "/v1_0/apiuser/"+ref2+"/apikey", "", key)
	var made struct{ APIKey string }
	if err := json.Unmarshal([]byte(b.Want(t, 201, "apiKey", "POST", "/v1_0/apiuser/"+ref1+"/apikey", "", key)), &made); err != nil {
		t.Fatal(err)
	}
	login := header{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(ref1+":"+made.APIKey))}
	b.Want(t, 200, `"token_type":"access_token"`, "POST", "/collection/token/", "", key, login)
	b.Want(t, 400, "no body", "POST", "/collection/token/", "grant_type=client_credentials", key, login)
	b.Want(t, 401, "subscription key", "POST", "/disbursement/token/", "", key, login)
	b.Want(t, 401, "", "POST", "/collection/token/", "", key, header{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(ref1+":wrong"))})
}

func TestTheGateIsStrict(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	good := b.login(t, "collection")
	pay := body("payer", "2250501234567", "500")
	for name, c := range map[string]struct {
		header header
		body   string
		status int
		says   string
	}{
		"no subscription key":   {header{"Ocp-Apim-Subscription-Key": ""}, pay, 401, "subscription key"},
		"another product's key": {header{"Ocp-Apim-Subscription-Key": b.us.DisbursementKey}, pay, 401, "subscription key"},
		"no token":              {header{"Authorization": ""}, pay, 401, "token"},
		"wrong token":           {header{"Authorization": "Bearer x"}, pay, 401, "token"},
		"no environment":        {header{"X-Target-Environment": ""}, pay, 500, "NOT_ALLOWED_TARGET_ENVIRONMENT"},
		"Togo":                  {header{"X-Target-Environment": "mtntogo"}, pay, 500, "NOT_ALLOWED_TARGET_ENVIRONMENT"},
		"no reference":          {header{"X-Reference-Id": ""}, pay, 400, "UUID v4"},
		"reference of v1":       {header{"X-Reference-Id": "0f8fad5b-d9cb-169f-a165-70867728950e"}, pay, 400, "UUID v4"},
		"callback elsewhere":    {header{"X-Callback-Url": "http://evil.example/x"}, pay, 500, "INVALID_CALLBACK_URL_HOST"},
		"callback is none":      {header{"X-Callback-Url": "null"}, pay, 400, "X-Callback-Url"},
		"currency elsewhere":    {nil, strings.Replace(pay, "XOF", "RWF", 1), 500, "INVALID_CURRENCY"},
		"decimals":              {nil, body("payer", "2250501234567", "500.00"), 400, "amount"},
		"zero":                  {nil, body("payer", "2250501234567", "0"), 400, "amount"},
		"a plus":                {nil, body("payer", "+2250501234567", "500"), 400, "plus"},
		"no payer":              {nil, body("payee", "2250501234567", "500"), 400, "payer"},
		"an apostrophe":         {nil, strings.Replace(pay, "Two beers", "l'eau", 1), 400, "apostrophe"},
		"a long note":           {nil, strings.Replace(pay, "till 4", strings.Repeat("x", 161), 1), 400, "160"},
		"no JSON":               {nil, "amount=1", 400, "JSON"},
	} {
		if status, said := b.Ask(t, "POST", "/collection/v1_0/requesttopay", c.body, good, header{"X-Reference-Id": ref1}, c.header); status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s: %d %s, want %d %s", name, status, said, c.status, c.says)
		}
	}
	b.Want(t, 404, "RESOURCE_NOT_FOUND", "GET", "/collection/v1_0/requesttopay/"+ref1, "", good)
	b.net.Pass(time.Hour)
	b.Want(t, 401, "expired", "GET", "/collection/v1_0/requesttopay/"+ref1, "", good)
	again := b.login(t, "collection")
	b.Revoke()
	b.Want(t, 401, "token", "GET", "/collection/v1_0/requesttopay/"+ref1, "", again)
}

func TestARequestToPayIsTakenThenSettled(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	us, pay := b.login(t, "collection"), body("payer", "2250501234567", "500")
	id := header{"X-Reference-Id": ref1}
	if said := b.Want(t, 202, "", "POST", "/collection/v1_0/requesttopay", pay, us, id); said != "" {
		t.Errorf("202 has a body: %s", said)
	}
	b.Want(t, 409, "RESOURCE_ALREADY_EXIST", "POST", "/collection/v1_0/requesttopay", pay, us, id)
	status := "/collection/v1_0/requesttopay/" + ref1
	b.Want(t, 200, `"status":"PENDING"`, "GET", status, "", us)
	b.Want(t, 200, "", "POST", status+"/deliverynotification", "{}", us)
	b.Want(t, 200, `"outcome":"SUCCESS"`, "POST", "/_control/prompts/mtn/"+ref1, `{"answer":"approve"}`)
	var got map[string]any
	if err := json.Unmarshal([]byte(b.Want(t, 200, "", "GET", status, "", us)), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"_simulated": "true", "amount": "500", "currency": "XOF", "externalId": "ORDER-1", "payerMessage": "Two beers", "payeeNote": "till 4",
		"status": "SUCCESSFUL", "payer": "map[partyId:2250501234567 partyIdType:MSISDN]", "reason": "<nil>",
	} {
		if fmt.Sprint(got[name]) != want {
			t.Errorf("%s is %v, want %s", name, got[name], want)
		}
	}
	if id, _ := got["financialTransactionId"].(string); !strings.HasPrefix(id, "SIM_") {
		t.Errorf("financialTransactionId is %q", id)
	}
	b.Want(t, 200, `{"availableBalance":"100000500","currency":"XOF"}`, "GET", "/collection/v1_0/account/balance", "", us)
	b.Want(t, 404, "RESOURCE_NOT_FOUND", "GET", "/disbursement/v1_0/transfer/"+ref1, "", b.login(t, "disbursement"))
	other := &bench{Simulator: b.Simulator, Server: b.Server, net: b.net}
	other.us, _ = b.Provision("CI", "")
	b.Want(t, 404, "RESOURCE_NOT_FOUND", "GET", status, "", other.login(t, "collection"))
}

func TestPayoutsAndRefunds(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	us := b.login(t, "disbursement")
	for i, name := range []string{"v1_0/transfer", "v1_0/deposit", "v2_0/deposit"} {
		reference := fmt.Sprintf("0f8fad5b-d9cb-469f-a165-7086772895%02d", i)
		b.Want(t, 202, "", "POST", "/disbursement/"+name, body("payee", "2250501234567", "100"), us, header{"X-Reference-Id": reference})
		b.net.Pass(2 * time.Second)
		b.Want(t, 200, `"payee":{"partyIdType":"MSISDN","partyId":"2250501234567"}`, "GET", "/disbursement/v1_0/"+name[5:]+"/"+reference, "", us)
	}
	collect := b.login(t, "collection")
	b.Want(t, 202, "", "POST", "/collection/v1_0/requesttopay", body("payer", "2250501234567", "500"), collect,
		header{"X-Reference-Id": ref1, "X-Sandbox-Scenario": "success"})
	b.net.Pass(2 * time.Second)
	refund := func(of, amount string) string {
		return `{"amount":"` + amount + `","currency":"XOF","externalId":"R-1","referenceIdToRefund":"` + of + `"}`
	}
	b.Want(t, 404, "RESOURCE_NOT_FOUND", "POST", "/disbursement/v1_0/refund", refund("9f8fad5b-d9cb-469f-a165-70867728950e", "1"), us, header{"X-Reference-Id": ref2})
	b.Want(t, 400, "above", "POST", "/disbursement/v1_0/refund", refund(ref1, "501"), us, header{"X-Reference-Id": ref2})
	b.Want(t, 202, "", "POST", "/disbursement/v2_0/refund", refund(strings.ToUpper(ref1), "500"), us, header{"X-Reference-Id": ref2})
	b.net.Pass(2 * time.Second)
	b.Want(t, 200, `"status":"SUCCESSFUL"`, "GET", "/disbursement/v1_0/refund/"+ref2, "", us)
	if sim, _ := b.net.SIM("mtn", ada); sim.Balance != 10_300 {
		t.Errorf("the SIM has %d", sim.Balance)
	}
}

func TestScenariosComeBackInMTNsWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"success": `"status":"SUCCESSFUL"`, "pin_invalid": `"reason":"PAYMENT_NOT_APPROVED"`, "low_balance": `"reason":"NOT_ENOUGH_FUNDS"`,
		"timeout": `"reason":"EXPIRED"`, "blocked": `"reason":"NOT_ALLOWED"`, "cancelled": `"reason":"APPROVAL_REJECTED"`,
		"unknown_msisdn": `"reason":"PAYER_NOT_FOUND"`, "limit_exceeded": `"reason":"PAYER_LIMIT_REACHED"`,
		"maintenance": `"reason":"SERVICE_UNAVAILABLE"`, "duplicate": `"reason":"RESOURCE_ALREADY_EXIST"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Options{})
			us := b.login(t, "collection")
			status := map[string]int{"maintenance": 503, "duplicate": 409}[name]
			if status == 0 {
				status = 202
			}
			b.Want(t, status, "", "POST", "/collection/v1_0/requesttopay", body("payer", "2250501234567", "500"), us,
				header{"X-Reference-Id": ref1, "X-Sandbox-Scenario": name})
			b.Want(t, 200, `"PENDING"`, "GET", "/collection/v1_0/requesttopay/"+ref1, "", us)
			b.net.Pass(36 * time.Second)
			b.Want(t, 200, want, "GET", "/collection/v1_0/requesttopay/"+ref1, "", us)
		})
	}
	b := setup(t, simulator.Options{Settings: simulator.Settings{ReasonObject: true}})
	b.Want(t, 400, "scenario", "POST", "/collection/v1_0/requesttopay", body("payer", "2250501234567", "500"), b.login(t, "collection"),
		header{"X-Reference-Id": ref1, "X-Sandbox-Scenario": "sucess"})
	b.Want(t, 202, "", "POST", "/collection/v1_0/requesttopay", body("payer", "2250509999999", "500"), b.login(t, "collection"), header{"X-Reference-Id": ref1})
	b.net.Pass(2 * time.Second)
	b.Want(t, 200, `"reason":{"code":"PAYER_NOT_FOUND","message":"payer not found"}`, "GET", "/collection/v1_0/requesttopay/"+ref1, "", b.login(t, "collection"))
}

func TestMTNsTestNumbersDecideInTheSandbox(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	b.us.TargetEnvironment = "sandbox"
	for i, c := range []struct{ product, call, role, number, want string }{
		{"collection", "requesttopay", "payer", "46733123450", "INTERNAL_PROCESSING_ERROR"},
		{"collection", "requesttopay", "payer", "46733123453", "PENDING"},
		{"collection", "requesttopay", "payer", "46733123454", "SUCCESSFUL"},
		{"collection", "requesttopay", "payer", "46733123455", "PAYER_NOT_FOUND"},
		{"collection", "requesttopay", "payer", "46733123463", "COULD_NOT_PERFORM_TRANSACTION"},
		{"disbursement", "transfer", "payee", "46733123455", "NOT_ENOUGH_FUNDS"},
		{"disbursement", "transfer", "payee", "46733123461", "INVALID_CURRENCY"},
		{"disbursement", "transfer", "payee", "46733123464", "TRANSFER_TYPE_UNKNOWN"},
	} {
		us, reference := b.login(t, c.product), fmt.Sprintf("0f8fad5b-d9cb-469f-a165-7086772895%02d", i)
		b.Want(t, 202, "", "POST", "/"+c.product+"/v1_0/"+c.call, body(c.role, c.number, "5"), us, header{"X-Reference-Id": reference})
		b.net.Pass(31 * time.Second)
		b.Want(t, 200, c.want, "GET", "/"+c.product+"/v1_0/"+c.call+"/"+reference, "", us)
	}
	us := b.login(t, "disbursement")
	b.Want(t, 202, "", "POST", "/disbursement/v1_0/refund", `{"amount":"5","currency":"XOF","externalId":"R","referenceIdToRefund":"4"}`, us, header{"X-Reference-Id": ref2})
	b.Want(t, 200, "EXPIRED", "GET", "/disbursement/v1_0/refund/"+ref2, "", us)
	holder := "/collection/v1_0/accountholder/MSISDN/"
	us = b.login(t, "collection")
	b.Want(t, 404, "RESOURCE_NOT_FOUND", "GET", holder+"46733123450/active", "", us)
	b.Want(t, 200, `{"result":false}`, "GET", holder+"46733123451/active", "", us)
	b.Want(t, 503, "SERVICE_UNAVAILABLE", "GET", holder+"46733123455/active", "", us)
	b.Want(t, 200, `{"result":true}`, "GET", holder+"2250501234567/active", "", us)
	b.Want(t, 404, "RESOURCE_NOT_FOUND", "GET", holder+"2250509999999/active", "", us)
	b.Want(t, 200, `"given_name":"Ada"`, "GET", "/collection/v1_0/accountholder/msisdn/2250501234567/basicuserinfo", "", us)
}

func TestTheCallbackIsTheStatusSentOnce(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{http.MethodPost, http.MethodPut} {
		b := setup(t, simulator.Options{Settings: simulator.Settings{CallbackVerb: verb}})
		got := make(chan string, 4)
		hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			got <- r.Method + " " + r.URL.RequestURI() + " " + string(raw)
		}))
		us := b.login(t, "collection")
		b.Want(t, 202, "", "POST", "/collection/v1_0/requesttopay", body("payer", "2250501234567", "500"), us,
			header{"X-Reference-Id": ref1, "X-Callback-Url": hook.URL + "/in?reference=" + ref1})
		b.Want(t, 200, "", "POST", "/_control/prompts/mtn/"+ref1, `{"answer":"approve"}`)
		want := verb + " /in?reference=" + ref1 + " " + b.Want(t, 200, "SUCCESSFUL", "GET", "/collection/v1_0/requesttopay/"+ref1, "", us)
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

func TestStrictIsMTNsOwnSandbox(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	b.Want(t, 422, "callbackVerb", "PATCH", "/_control/operator", `{"callbackVerb":"GET"}`)
	b.Want(t, 200, `"strict":true`, "PATCH", "/_control/operator", `{"strict":true}`)
	b.us.TargetEnvironment = "sandbox"
	us, pay := b.login(t, "collection"), body("payer", "46733123454", "5")
	b.Want(t, 500, "INVALID_CURRENCY", "POST", "/collection/v1_0/requesttopay", pay, us, header{"X-Reference-Id": ref1})
	pay = strings.Replace(pay, "XOF", "EUR", 1)
	b.Want(t, 500, "INVALID_CALLBACK_URL_HOST", "POST", "/collection/v1_0/requesttopay", pay, us, header{"X-Reference-Id": ref1, "X-Callback-Url": "https://127.0.0.1:8443/x"})
	b.Want(t, 202, "", "POST", "/collection/v1_0/requesttopay", pay, us, header{"X-Reference-Id": ref1, "X-Callback-Url": "https://127.0.0.1/x"})
}

func TestARestartedSimulatorKnowsItsKeysAgain(t *testing.T) {
	t.Parallel()
	before := setup(t, simulator.Options{Secret: []byte("one")})
	after := setup(t, simulator.Options{Secret: []byte("one")})
	after.us = before.us
	after.login(t, "collection")
	other := setup(t, simulator.Options{Secret: []byte("two")})
	other.Want(t, 401, "subscription key", "POST", "/collection/token/", "", header{"Ocp-Apim-Subscription-Key": before.us.CollectionKey})
}

func TestFaultsHitMTNsCalls(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	us := b.login(t, "collection")
	b.net.Arm(t, simnet.Fault{Kind: simnet.FaultStatusAfter, Status: 503, Operator: "mtn", Operation: "requesttopay", Times: 1})
	pay := body("payer", "2250501234567", "500")
	b.Want(t, 503, "SERVICE_UNAVAILABLE", "POST", "/collection/v1_0/requesttopay", pay, us, header{"X-Reference-Id": ref1})
	b.Want(t, 409, "RESOURCE_ALREADY_EXIST", "POST", "/collection/v1_0/requesttopay", pay, us, header{"X-Reference-Id": ref1})
	if found, _ := b.net.Find("mtn", ref1); found.Outcome != schemas.PaymentPending {
		t.Errorf("%+v", found)
	}
	b.Want(t, 200, `"mtn.requesttopay":2`, "GET", "/_control/counters", "")
	b.Want(t, 201, `"targetEnvironment":"mtnrwanda"`, "POST", "/_control/merchants", `{"country":"RW"}`)
	b.Want(t, 400, "unknown field", "POST", "/_control/merchants", `{"land":"RW"}`)
	b.Want(t, 204, "", "POST", "/_control/revoke", "")
	b.Want(t, 200, "[]", "GET", "/_control/prompts?number=%2B250788123456", "")
	b.Want(t, 404, "not found", "GET", "/nothing", "")
}
