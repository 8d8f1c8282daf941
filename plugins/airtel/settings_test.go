package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/airtel/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

func TestSettingsThatCannotWorkAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setting string
		value   any
		pointer string
	}{
		"no country":         {"country", nil, "/country"},
		"another country":    {"country", "CI", "/country"},
		"no padding":         {"rsaPadding", nil, "/rsaPadding"},
		"another padding":    {"rsaPadding", "none", "/rsaPadding"},
		"a key that is none": {"encryptionKey", "MIIB", "/encryptionKey"},
		"another version":    {"apiVersion", "v3", "/apiVersion"},
		"another form":       {"numberForm", "e164", "/numberForm"},
		"too patient":        {"timeout", "55s", "/timeout"},
		"no duration":        {"timeout", "soon", "/timeout"},
		"address with user":  {"baseUrl", "http://a:b@127.0.0.1/", ""},
	} {
		b := setup(t)
		b.Set(c.setting, c.value)
		failure := b.Check(t)
		if failure.GetClass() != classMisconfigured {
			t.Errorf("%s: %v", name, failure)
			continue
		}
		var at []string
		for _, f := range failure.GetFields() {
			at = append(at, f.GetPointer())
		}
		if !strings.Contains(strings.Join(at, " "), c.pointer) {
			t.Errorf("%s: faults at %v, want %s", name, at, c.pointer)
		}
	}
}

// publicKey is the stand-in's, as its portal would show it.
func (b *bench) publicKey(t testing.TB) string {
	t.Helper()
	token := b.logIn(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/v1/rsa/encryption-keys", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Authorization": {"Bearer " + token}, "X-Country": {"RW"}, "X-Currency": {"RWF"}}
	var answer struct{ Data struct{ Key string } }
	decode(t, r, &answer)
	return answer.Data.Key
}

func (b *bench) logIn(t testing.TB) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/auth/oauth2/token", strings.NewReader(
		`{"client_id":"`+b.us.ClientID+`","client_secret":"`+b.us.ClientSecret+`","grant_type":"client_credentials"}`))
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	decode(t, r, &answer)
	return answer.Token
}

func decode(t testing.TB, r *http.Request, into any) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// TestThePINIsReadInEachPadding has Airtel decrypt what the connector encrypts,
// in the padding that both have, and refuse any other without an end of the
// payment.
func TestThePINIsReadInEachPadding(t *testing.T) {
	t.Parallel()
	for _, padding := range []string{"pkcs1v15", "oaep_sha1", "oaep_sha256"} {
		b := setupAs(t, simulator.Settings{RSAPadding: padding}, simnet.Settings{})
		b.Set("rsaPadding", padding)
		b.Pay(t, schemas.OpPaymentDisburse, payout(), schemas.PaymentSuccess)
		b.Set("encryptionKey", b.publicKey(t))
		in := payout()
		in.OperatorReference = "D0002"
		asked := b.asked("encryption_keys")
		b.Pay(t, schemas.OpPaymentDisburse, in, schemas.PaymentSuccess)
		if n := b.asked("encryption_keys"); n != asked {
			t.Errorf("%s: Airtel was asked for a key that the connection has", padding)
		}
		wrong := map[string]string{"pkcs1v15": "oaep_sha1", "oaep_sha1": "oaep_sha256", "oaep_sha256": "pkcs1v15"}[padding]
		b.Set("rsaPadding", wrong)
		in.OperatorReference = "D0003"
		b.WantError(t, schemas.OpPaymentDisburse, in, classMisconfigured, "setting_refused")
		if _, known := b.net.Find("airtel", "D0003"); known {
			t.Errorf("%s for %s: Airtel took the payout", wrong, padding)
		}
	}
}

func TestAWrongPINOfTheMerchantEndsNoPayout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("pin", b.us.PIN+"0")
	failure := b.WantError(t, schemas.OpPaymentDisburse, payout(), classMisconfigured, "setting_refused")
	if len(failure.GetFields()) != 1 || failure.GetFields()[0].GetPointer() != "/pin" || failure.GetVendorCode() != "DP00800001002" {
		t.Errorf("%v", failure)
	}
	b.Set("pin", b.us.PIN)
	b.Pay(t, schemas.OpPaymentDisburse, payout(), schemas.PaymentSuccess)
}

func TestTheKeyIsAskedForOnceAnHour(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 3 {
		in := payout()
		in.OperatorReference = "D000" + string(rune('0'+i))
		b.Pay(t, schemas.OpPaymentDisburse, in, schemas.PaymentSuccess)
	}
	if n := b.asked("encryption_keys"); n != 1 {
		t.Errorf("asked for it %d times for 3 payouts", n)
	}
	b.net.Pass(61 * time.Minute)
	b.Pay(t, schemas.OpPaymentDisburse, payout(), schemas.PaymentSuccess)
	if n := b.asked("encryption_keys"); n != 2 {
		t.Errorf("asked for it %d times after an hour", n)
	}
	if failure := b.Check(t); failure != nil || b.asked("encryption_keys") != 3 {
		t.Errorf("a check asks for it anew: %v, %d", failure, b.asked("encryption_keys"))
	}
}

// TestAKeyThatAirtelReplacedIsAskedForAnew has Airtel decrypt nothing with the
// key that it gave first.
func TestAKeyThatAirtelReplacedIsAskedForAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key, asked := b.publicKey(t), 0
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet:
			asked++
			fmt.Fprintf(w, `{"data":{"key":"%s"},"status":{"success":true}}`, key)
		case asked < 2:
			fmt.Fprint(w, `{"status":{"response_code":"DP00900001018","success":false}}`)
		default:
			fmt.Fprint(w, `{"status":{"response_code":"DP00900001001","success":true}}`)
		}
	}))
	b.WantError(t, schemas.OpPaymentDisburse, payout(), classMisconfigured, "setting_refused")
	b.Pay(t, schemas.OpPaymentDisburse, payout(), schemas.PaymentSuccess)
}

func TestAKeyOfAirtelThatCannotBeReadSendsNothing(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{"data":{"key":"MIIB"},"status":{"success":true}}`, `{"status":{"success":true}}`, `<html>`} {
		b := setup(t)
		paid := false
		b.Set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
			paid = paid || r.Method == http.MethodPost
			fmt.Fprint(w, answer)
		}))
		if _, failure := b.Invoke(t, schemas.OpPaymentDisburse, payout()); failure.GetClass() != classUnavailable || paid {
			t.Errorf("%s: %v, sent: %t", answer, failure, paid)
		}
	}
}

// TestWhatMovesMoneyIsSignedWhereAirtelWantsIt has Airtel verify the signature
// of what moves money, with no other call signed.
func TestWhatMovesMoneyIsSignedWhereAirtelWantsIt(t *testing.T) {
	t.Parallel()
	b := setupAs(t, simulator.Settings{Signed: true}, simnet.Settings{NoWait: true})
	failure := b.WantError(t, schemas.OpPaymentCollect, payment(), classMisconfigured, "setting_refused")
	if !strings.Contains(failure.GetMessage(), "messageSigning") {
		t.Errorf("%v", failure)
	}
	b.Set("messageSigning", "aes_cbc")
	for length := range 8 { // the reference is in it twice: bodies of all lengths of a block
		for _, amount := range []int64{5, 50} {
			in := payment()
			in.OperatorReference, in.Amount = fmt.Sprintf("C%03d%0*d", amount, length+1, 0), amount
			b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
		}
	}
	in := payment()
	in.Scenario = "success"
	b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
	b.Pay(t, schemas.OpPaymentRefund, refund(reference, 500), schemas.PaymentSuccess)
	b.Pay(t, schemas.OpPaymentDisburse, payout(), schemas.PaymentSuccess)
}

func TestNumbersAreTakenInOneFormOnly(t *testing.T) {
	t.Parallel()
	b := setupAs(t, simulator.Settings{NumberForm: "international"}, simnet.Settings{})
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentUnknownMSISDN)
	b.Set("numberForm", "international")
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
}
