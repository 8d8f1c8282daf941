package flooz_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/afara-dev/afara/plugins/moov/internal/flooz"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

func TestTheTokenIsMoovs(t *testing.T) {
	t.Parallel()
	got, err := flooz.Token("username", "password", "tlc12345tlc12345tlc12345tlc12345")
	if err != nil || got != "hnTyz1stTsRO8PxwCssFHwwUakVCzRFeJ4Ms/F9cem0=" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := flooz.Token("username", "password", "short"); err == nil {
		t.Error("a short key was taken")
	}
}

func TestEveryCodeOfMoovHasItsMeaning(t *testing.T) {
	t.Parallel()
	for status, codes := range map[schemas.PaymentStatus][]string{
		schemas.PaymentSuccess:            {"0"},
		schemas.PaymentPending:            {"100"},
		schemas.PaymentUnknownMSISDN:      {"3", "555"},
		schemas.PaymentAccountBlocked:     {"6", "7", "9"},
		schemas.PaymentInsufficientFunds:  {"8", "10"},
		schemas.PaymentLimitExceeded:      {"11", "12", "13", "14", "15", "16", "17", "18", "19", "20"},
		schemas.PaymentTimeout:            {"92", "92 Timeout", "92 The push timed out or was cancelled", "92 Délai dépassé", "92 delai annule"},
		schemas.PaymentUserCancelled:      {"92 Cancelled by the customer", "92 CANCEL", "92 Annulé par le client"},
		schemas.PaymentPINInvalid:         {"95 Wrong PIN", "95 pin: incorrect"},
		schemas.PaymentDuplicateReference: {"95 Duplicate reference", "95 référence dupliquée"},
		schemas.PaymentServiceUnavailable: {"1", "2", "4", "95", "95 spinning", "95 duplicate or wrong PIN", "99", "-1", "99 cancelled"},
	} {
		for _, native := range codes {
			code, text, _ := strings.Cut(native, " ")
			if got := (flooz.Answer{Code: code, Text: text}).Outcome(); got != (flooz.Outcome{Status: status, Known: true}) {
				t.Errorf("%s is %+v, want %s", native, got, status)
			}
		}
	}
	for _, code := range []string{"5", "21", "777", "", "OK"} {
		if got := (flooz.Answer{Code: code, Text: "Cancelled"}).Outcome(); got != (flooz.Outcome{Status: schemas.PaymentPending}) {
			t.Errorf("%s is %+v", code, got)
		}
	}
}

func TestAnswersAreClassedByMoovsCodeBeforeTheStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     int
		answer     flooz.Answer
		readable   bool
		pay, asked sdk.Class
		code       string // of the payment
	}{
		{200, flooz.Answer{Code: "0"}, true, "", "", ""},
		{200, flooz.Answer{Code: "98"}, true, sdk.Unauthorized, sdk.Unauthorized, "keys_refused"},
		{500, flooz.Answer{Code: "98"}, true, sdk.Unauthorized, sdk.Unauthorized, "keys_refused"},
		{200, flooz.Answer{Code: "91"}, true, sdk.Misconfigured, sdk.Misconfigured, "parameters_missing"},
		{200, flooz.Answer{Code: "94"}, true, sdk.UnknownOutcome, "", "answer_unreadable"},
		{200, flooz.Answer{Fault: true, Code: "98"}, true, sdk.UnknownOutcome, sdk.Unavailable, "answer_unreadable"},
		{200, flooz.Answer{}, true, sdk.UnknownOutcome, "", "answer_unreadable"},
		{200, flooz.Answer{}, false, sdk.UnknownOutcome, sdk.Unavailable, "answer_unreadable"},
		{500, flooz.Answer{Fault: true}, true, sdk.UnknownOutcome, sdk.Unavailable, "operator_unavailable"},
		{409, flooz.Answer{}, true, sdk.UnknownOutcome, sdk.Unavailable, "operator_unavailable"},
		{429, flooz.Answer{}, false, sdk.RateLimited, sdk.RateLimited, "rate_limited"},
		{400, flooz.Answer{Fault: true}, true, sdk.Rejected, sdk.Rejected, "refused_by_operator"},
		{400, flooz.Answer{}, false, sdk.UnknownOutcome, sdk.Unavailable, "answer_unreadable"},
		{401, flooz.Answer{}, true, sdk.Unauthorized, sdk.Unauthorized, "keys_refused"},
		{403, flooz.Answer{}, true, sdk.Misconfigured, sdk.Misconfigured, "address_refused"},
		{403, flooz.Answer{}, false, sdk.UnknownOutcome, sdk.Misconfigured, "answer_unreadable"},
		{404, flooz.Answer{}, true, sdk.Misconfigured, sdk.Misconfigured, "path_unknown"},
		{301, flooz.Answer{}, false, sdk.UnknownOutcome, sdk.Misconfigured, "redirected"},
	} {
		pay, asked := flooz.Classify(c.status, c.answer, c.readable, true), flooz.Classify(c.status, c.answer, c.readable, false)
		if pay.Class != c.pay || asked.Class != c.asked || pay.Code != c.code {
			t.Errorf("%d %+v: %+v and %+v, want %s %s and %s", c.status, c.answer, pay, asked, c.pay, c.code, c.asked)
		}
	}
}

func TestTextsAndNumbersAreMadeFitForMoov(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"L'addition d’Ada": "L'addition d’Ada", " a\n\tb\x00 ": "a b", strings.Repeat("é", 200): strings.Repeat("é", 160), "": "",
	} {
		if got := flooz.Message(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	for _, c := range []struct{ number, international, national, short string }{
		{"+2290195123456", "2290195123456", "0195123456", "95123456"},
		{"+22995123456", "2290195123456", "0195123456", "95123456"}, // of the older plan
		{"+2250140123456", "2250140123456", "0140123456", "40123456"},
		{"+22896123456", "22896123456", "96123456", "96123456"},
		{"+250788123456", "250788123456", "788123456", "88123456"},
		{"+4673312345", "4673312345", "4673312345", "4673312345"},
	} {
		for form, want := range map[flooz.NumberForm]string{flooz.International: c.international, flooz.National: c.national, flooz.Short: c.short} {
			if got := flooz.Number(c.number, form); got != want {
				t.Errorf("%s as %s is %s, want %s", c.number, form, got, want)
			}
		}
	}
}

const pushed = `<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>` +
	`<ns2:PushResponse xmlns:ns2="http://api.merchant.tlc.com/"><!-- x --><result><Status>092</Status><Message>a &amp; b</Message><transid> 7 </transid><more><x>1</x></more><status>0</status></result></ns2:PushResponse></S:Body></S:Envelope>`

func TestAnEnvelopeIsReadWhateverItsLetters(t *testing.T) {
	t.Parallel()
	a, err := flooz.ParseEnvelope("Push", []byte(pushed))
	if err != nil || a.Code != "92" || a.Text != "a & b" || a.ID != "7" || a.Fault {
		t.Fatalf("%+v, %v", a, err)
	}
	var raw map[string]any
	if err := json.Unmarshal(a.Raw, &raw); err != nil || raw["responseCode"] != "092" || raw["transactionId"] != "7" || raw["Message"] != "a & b" {
		t.Errorf("raw: %s, %v", a.Raw, err)
	}
	a, err = flooz.ParseEnvelope("Push", []byte(`<E:Envelope xmlns:E="http://www.w3.org/2003/05/soap-envelope"><E:Body><E:Fault><faultcode>E:Server</faultcode><faultstring>down</faultstring></E:Fault></E:Body></E:Envelope>`))
	if err != nil || !a.Fault || a.Code != "E:Server" || a.Text != "down" || len(a.Raw) != 0 {
		t.Errorf("fault: %+v, %v", a, err)
	}
}

func TestWhatIsNoAnswerIsNotRead(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"nothing":             "",
		"no XML":              "welcome",
		"cut":                 pushed[:len(pushed)-20],
		"a document type":     "<!DOCTYPE a>" + pushed,
		"an instruction":      "<?php x?>" + pushed,
		"an entity":           strings.Replace(pushed, "&amp;", "&lol;", 1),
		"another encoding":    strings.Replace(pushed, "UTF-8", "UTF-7", 1),
		"two documents":       pushed + "<a/>",
		"words before":        "x" + pushed,
		"another envelope":    strings.Replace(pushed, "schemas.xmlsoap.org", "x.example", 1),
		"another operation":   strings.ReplaceAll(pushed, "PushResponse", "PullResponse"),
		"another member":      strings.ReplaceAll(pushed, "result>", "outcome>"),
		"no code":             strings.ReplaceAll(strings.ReplaceAll(pushed, "Status>", "State>"), "status>", "state>"),
		"too deep":            strings.Replace(pushed, "<x>1</x>", strings.Repeat("<x>", 20)+strings.Repeat("</x>", 20), 1),
		"too many":            strings.Replace(pushed, "<x>1</x>", strings.Repeat("<x/>", 300), 1),
		"a code of elements":  strings.Replace(strings.Replace(pushed, "092", "<b>092</b>", 1), "<status>0</status>", "", 1),
		"bytes that are none": strings.Replace(pushed, "a &amp; b", "\xff\xfe", 1),
	} {
		if a, err := flooz.ParseEnvelope("Push", []byte(raw)); err == nil {
			t.Errorf("%s is read as %+v", name, a)
		}
	}
}

// valid holds an answer to what an engine takes of it.
func valid(t *testing.T, a flooz.Answer) {
	t.Helper()
	o := a.Outcome()
	out, err := json.Marshal(schemas.PaymentOutput{Status: o.Status, ProviderTxID: a.ID, Raw: a.Raw})
	if err != nil {
		t.Fatal(err)
	}
	if err := schemas.Validate(schemas.OperationOutput(schemas.OpPaymentCollect), out); err != nil {
		t.Errorf("%+v becomes %s: %v", a, out, err)
	}
}

func FuzzParseEnvelope(f *testing.F) {
	f.Add([]byte(pushed))
	f.Add([]byte(`<E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/"><E:Body><E:Fault/></E:Body></E:Envelope>`))
	f.Add([]byte(strings.Replace(pushed, "<x>1</x>", "<_simulated>true</_simulated><_latencyMs>9e9</_latencyMs>", 1)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if a, err := flooz.ParseEnvelope("Push", raw); err == nil {
			valid(t, a)
		}
	})
}

func FuzzParseTransfer(f *testing.F) {
	for _, seed := range []string{
		`{"responseCode":"0","transactionId":"7","message":"ok","_simulated":true}`, `{"responseCode":92,"description":"Cancelled"}`,
		`{"responseCode":1e999999999}`, `{"responseCode":[]}`, `[]`, `{"transactionId":"` + strings.Repeat("9", 200) + `"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if a, err := flooz.ParseTransfer(raw); err == nil {
			valid(t, a)
		}
	})
}
