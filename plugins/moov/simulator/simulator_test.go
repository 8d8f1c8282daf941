package simulator_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/moov/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

func TestAPushIsTakenThenSettled(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{}, simnet.Settings{})
	for i, number := range []string{"2290195123456", "0195123456", "95123456", "22995123456"} { // every form
		reference := "R" + string(rune('1'+i))
		began := b.call(t, "PushWithPending", push(number, "500", reference))
		if began["status"] != "100" || began["_simulated"] != "true" || began["referenceid"] != reference || began["transid"] == "" || began["_latencyMs"] != "" {
			t.Fatalf("%s: %v", number, began)
		}
		if got := b.statusOf(t, began["transid"]); got["status"] != "100" {
			t.Errorf("meanwhile: %v", got)
		}
		b.net.Pass(time.Minute)
		b.Want(t, 200, `"outcome":"SUCCESS"`, "POST", "/_control/prompts/moov/"+reference, `{"answer":"approve"}`)
		if got := b.statusOf(t, began["transid"]); got["status"] != "0" || got["transid"] != began["transid"] || got["_latencyMs"] != "60000" {
			t.Errorf("after: %v", got)
		}
	}
	if sim, _ := b.net.SIM("moov", ada); sim.Balance != 8_000 {
		t.Errorf("the payer has %d", sim.Balance)
	}
	if got := b.call(t, "getBalance", "<request><msisdn>"+b.us.MerchantNumber[1:]+"</msisdn></request>"); got["balance"] != "100002000" {
		t.Errorf("balance: %v", got)
	}
}

func TestATransactionIsTheMerchantsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{}, simnet.Settings{})
	began := b.call(t, "PushWithPending", push("0195123456", "500", "R1"))
	other, err := b.Provision("BJ")
	if err != nil {
		t.Fatal(err)
	}
	b.us = other
	for _, transid := range []string{began["transid"], "R1", "SIM_NOBODY"} {
		if got := b.statusOf(t, transid); got["status"] != "94" || got["transid"] != "" {
			t.Errorf("%s: %v", transid, got)
		}
	}
}

func TestWhatWaitsAnswersAtTheEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{}, simnet.Settings{})
	answered := make(chan map[string]string, 1)
	go func() { answered <- b.call(t, "Push", push("0195123456", "500", "R1")) }()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for len(b.net.Prompts(simnet.Filter{})) == 0 {
		<-tick.C
	}
	b.Want(t, 200, `"outcome":"USER_CANCELLED"`, "POST", "/_control/prompts/moov/R1", `{"answer":"refuse"}`)
	if got := <-answered; got["status"] != "92" || !strings.Contains(got["description"], "Cancel") {
		t.Errorf("%v", got)
	}
	b.Want(t, 200, `"waitMillis":1`, "PATCH", "/_control/operator", `{"waitMillis":1}`)
	if got := b.call(t, "Push", push("0195123456", "500", "R2")); got["status"] != "100" || got["transid"] == "" {
		t.Errorf("nobody answered: %v", got)
	}
}

func TestPayoutsTellTheBalances(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{}, simnet.Settings{NoWait: true})
	got := b.call(t, "transferFlooz", transfer("95123456", "100", "T1"))
	for name, want := range map[string]string{
		"status": "0", "referenceid": "T1", "transactionid": got["transid"], "senderkeycost": "0", "senderbonus": "0",
		"senderbalancebefore": "100000000", "senderbalanceafter": "99999900",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	got = b.call(t, "cashintrans", "<request><amount>100</amount><destination>95123456</destination><referenceid>T2</referenceid><remarks>x</remarks></request>")
	if got["status"] != "0" || b.statusOf(t, got["transid"])["status"] != "0" {
		t.Errorf("cash-in: %v", got)
	}
	if sim, _ := b.net.SIM("moov", ada); sim.Balance != 10_200 {
		t.Errorf("the payee has %d", sim.Balance)
	}
	b.Want(t, 200, "", "PUT", "/_control/accounts", `{"operator":"moov","name":"`+b.us.Username+`","currency":"XOF","balance":99}`)
	if got := b.call(t, "transferFlooz", transfer("95123456", "100", "T3")); got["status"] != "10" || got["transactionid"] != "" {
		t.Errorf("above the float: %v", got)
	}
}

func TestTheGateIsStrict(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{}, simnet.Settings{NoWait: true})
	for name, c := range map[string]struct{ operation, parameters, code string }{
		"no number":         {"PushWithPending", strings.Replace(push("0195123456", "500", "R"), "msisdn", "number", 2), "91"},
		"no number that is": {"PushWithPending", push("+2290195123456", "500", "R"), "3"},
		"letters":           {"PushWithPending", push("01951234xx", "500", "R"), "3"},
		"another country's": {"PushWithPending", push("2250140123456", "500", "R"), "3"},
		"too long":          {"PushWithPending", push("22901951234567", "500", "R"), "3"},
		"decimals":          {"PushWithPending", push("0195123456", "500.00", "R"), "91"},
		"zero":              {"PushWithPending", push("0195123456", "0", "R"), "12"},
		"no wallet":         {"transferFlooz", strings.ReplaceAll(transfer("0195123456", "500", "R"), "walletid", "purse"), "91"},
		"no reference":      {"transferFlooz", transfer("0195123456", "500", ""), "91"},
		"nothing asked":     {"getTransactionStatus", "<request/>", "91"},
		"somebody's money":  {"getBalance", "<request><msisdn>0195123456</msisdn></request>", "4"},
		"unknown":           {"PushWithPending", push("0195999999", "500", ""), "100"},
		"unknown payee":     {"transferFlooz", transfer("0195999999", "500", "R"), "555"},
		"an account":        {"getMobileAccountStatus", "<request><msisdn>0195123456</msisdn></request>", "0"},
		"no account":        {"getMobileAccountStatus", "<request><msisdn>0195999999</msisdn></request>", "555"},
		"a bad account":     {"getMobileAccountStatus", "<request><msisdn>x</msisdn></request>", "3"},
	} {
		if got := b.call(t, c.operation, c.parameters); got["status"] != c.code {
			t.Errorf("%s: %v, want %s", name, got, c.code)
		}
	}
	if got := b.call(t, "PushWithPending", push("0195123456", "500", "R9"), header{"X-Sandbox-Scenario": "sucess"}); got["status"] != "91" || !strings.Contains(got["description"], "scenario") {
		t.Errorf("a scenario that is none: %v", got)
	}
	b.net.Put(t, simnet.SIM{Operator: "moov", Number: ada, Country: "BJ", Currency: "XOF", Blocked: true})
	if got := b.call(t, "getMobileAccountStatus", "<request><msisdn>0195123456</msisdn></request>"); got["status"] != "7" {
		t.Errorf("blocked: %v", got)
	}
}

func TestWhatIsNoCallIsAFault(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{}, simnet.Settings{})
	good := envelope("getBalance", "<token>x</token>")
	for name, body := range map[string]string{
		"no XML": "{}", "cut": good[:len(good)-9], "no envelope": "<a/>", "two calls": strings.Replace(good, "<soapenv:Body>", "<soapenv:Body><a/>", 1),
		"another namespace": strings.Replace(good, "api.merchant.tlc.com", "x.example", 1), "airtime": envelope("airtimetrans", ""),
	} {
		if status, said := b.Ask(t, "POST", endpoint, body); status != 400 || !strings.Contains(said, "<faultcode>soap:Client</faultcode>") {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
}

func TestScenariosEndInMoovsWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"success": {"0", "Success"}, "pin_invalid": {"95", "PIN"}, "low_balance": {"10", ""}, "timeout": {"92", "Timeout"}, "blocked": {"7", ""},
		"cancelled": {"92", "Cancel"}, "unknown_msisdn": {"555", ""}, "limit_exceeded": {"13", ""}, "maintenance": {"99", ""}, "duplicate": {"95", "duplicate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Options{}, simnet.Settings{})
			began := b.call(t, "PushWithPending", push("0195123456", "500", "R1"), header{"X-Sandbox-Scenario": name})
			at := map[string]string{"maintenance": "99", "duplicate": "95"}[name]
			if at == "" {
				at = "100"
			}
			if began["status"] != at {
				t.Errorf("at once: %v, want %s", began, at)
			}
			b.net.Pass(36 * time.Second)
			if got := b.statusOf(t, began["transid"]); got["status"] != want[0] || !strings.Contains(got["description"], want[1]) {
				t.Errorf("%v, want %v", got, want)
			}
			b.Want(t, 200, `"plainTexts":true`, "PATCH", "/_control/operator", `{"plainTexts":true}`)
			plain := b.statusOf(t, began["transid"])
			if plain["status"] != want[0] || (want[0] == "92" || want[0] == "95") && want[1] != "" && strings.Contains(plain["description"], want[1]) {
				t.Errorf("plain: %v", plain)
			}
		})
	}
}

func TestAReferenceIsGuardedUnlessTheNetworkSaysNo(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{}, simnet.Settings{NoWait: true})
	first := b.call(t, "transferFlooz", transfer("0195123456", "100", "T1"))
	if got := b.call(t, "transferFlooz", transfer("0195123456", "100", "T1")); got["status"] != "95" || !strings.Contains(got["description"], "duplicate") || got["transid"] != "" {
		t.Errorf("guarded: %v", got)
	}
	b.Want(t, 200, `"noDuplicateGuard":true`, "PATCH", "/_control/settings", `{"noDuplicateGuard":true}`)
	if got := b.call(t, "transferFlooz", transfer("0195123456", "100", "T1")); got["status"] != "0" || got["transid"] == first["transid"] {
		t.Errorf("unguarded: %v", got)
	}
	if sim, _ := b.net.SIM("moov", ada); sim.Balance != 10_200 {
		t.Errorf("the payee has %d", sim.Balance)
	}
}

func TestRESTMovesMoneyAndAnswersAtTheEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{}, simnet.Settings{NoWait: true})
	play := header{"X-Sandbox-Scenario": "success"}
	b.Want(t, 200, `{"status":"ok"}`, "GET", "/sandbox/v1/health", "", b.basic())
	b.Want(t, 401, `"responseCode":"98"`, "GET", "/sandbox/v1/health", "")
	b.Want(t, 401, `"responseCode":"98"`, "POST", "/sandbox/v1/transfer", b.body(t, nil))
	var got map[string]any
	if err := json.Unmarshal([]byte(b.Want(t, 200, "", "POST", "/sandbox/v1/transfer", b.body(t, nil), b.basic(), play)), &got); err != nil {
		t.Fatal(err)
	}
	if id, _ := got["transactionId"].(string); got["responseCode"] != "0" || got["_simulated"] != true || !strings.HasPrefix(id, "SIM_") {
		t.Errorf("%v", got)
	}
	b.Want(t, 200, `"responseCode":"0"`, "POST", "/sandbox/v1/transfer", b.body(t, map[string]any{"type": "cashout", "reference": "R2"}), b.basic())
	for name, change := range map[string]map[string]any{
		"type": {"type": "transfer"}, "partner": {"partnerId": "x"}, "currency": {"currency": "RWF"}, "amount": {"amount": 1.5},
	} {
		if status, said := b.Ask(t, "POST", "/sandbox/v1/transfer", b.body(t, change), b.basic()); !strings.Contains(said, `"responseCode":"91"`) {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
	b.Want(t, 400, `"responseCode":"91"`, "POST", "/sandbox/v1/transfer", "amount=1", b.basic())
	b.Want(t, 200, `"responseCode":"3"`, "POST", "/sandbox/v1/transfer", b.body(t, map[string]any{"msisdn": "+2290195123456", "reference": "R3"}), b.basic())
	if sim, _ := b.net.SIM("moov", ada); sim.Balance != 10_000 {
		t.Errorf("the SIM has %d", sim.Balance)
	}
}

func TestFaultsHitMoovsCalls(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{}, simnet.Settings{})
	for _, operation := range []string{"PushWithPending", "transfer"} {
		b.net.Arm(t, simnet.Fault{Kind: simnet.FaultStatusAfter, Status: 503, Operator: "moov", Operation: operation, Reference: "R1", Times: 1})
	}
	call := envelope("PushWithPending", "<token>"+b.token(t)+"</token>"+push("0195123456", "500", "R1"))
	b.Want(t, 503, "<faultcode>soap:Server</faultcode>", "POST", endpoint, call)
	if found, _ := b.net.Find("moov", "R1"); found.Outcome != schemas.PaymentPending {
		t.Errorf("%+v", found)
	}
	b.Want(t, 503, `"message"`, "POST", "/sandbox/v1/transfer", b.body(t, nil), b.basic())
	b.Want(t, 200, `"moov.PushWithPending":1`, "GET", "/_control/counters", "")
	b.Want(t, 201, `"merchantNumber":"+22501`, "POST", "/_control/merchants", `{"country":"CI"}`)
	b.Want(t, 201, `"merchantNumber":"+22896`, "POST", "/_control/merchants", `{"country":"TG"}`)
	b.Want(t, 422, "Moov serves", "POST", "/_control/merchants", `{"country":"RW"}`)
	b.Want(t, 400, "unknown field", "POST", "/_control/merchants", `{"land":"BJ"}`)
	b.Want(t, 422, "waitMillis", "PATCH", "/_control/operator", `{"waitMillis":-1}`)
	b.Want(t, 200, "[]", "GET", "/_control/prompts?number=%2B2290195999999", "")
	b.Want(t, 404, "no such call", "GET", "/nothing", "")
}

// FuzzCall throws bytes at what reads envelopes and opens tokens.
func FuzzCall(f *testing.F) {
	b := setup(f, simulator.Options{}, simnet.Settings{NoWait: true})
	f.Add(envelope("getBalance", "<token>"+b.token(f)+"</token><request><msisdn>1</msisdn></request>"))
	f.Add(envelope("transferFlooz", "<token>"+b.token(f)+"</token>"+transfer("0195123456", "9999999999999999999", "T")))
	f.Add(envelope("Push", "<token>AAAAAAAAAAAAAAAAAAAAAA==</token>"))
	f.Add("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
	f.Fuzz(func(t *testing.T, body string) {
		status, said := b.Ask(t, "POST", endpoint, body)
		if status != 200 && status != 400 || !strings.Contains(said, "Envelope") {
			t.Errorf("%q: %d %s", body, status, said)
		}
	})
}
