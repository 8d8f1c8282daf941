package om_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/orange/internal/om"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// reasons are what a connection says of texts that it has met.
func reasons() []om.Reason {
	return []om.Reason{{Text: "code secret", Status: schemas.PaymentPINInvalid}, {Text: "plafond", Status: schemas.PaymentLimitExceeded}}
}

func client(t testing.TB, hints bool) *om.Client {
	t.Helper()
	c, err := om.New(om.Config{BaseURL: "http://127.0.0.1:1", ClientID: "id", ClientSecret: "secret", Reasons: reasons(), Hints: hints, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryWordOfOrangeHasItsMeaning(t *testing.T) {
	t.Parallel()
	for native, want := range map[string]om.Outcome{
		`{"status":"SUCCESS"}`:                           {Status: schemas.PaymentSuccess, Known: true},
		`{"status":"success"}`:                           {Status: schemas.PaymentSuccess, Known: true},
		`{"status":"SUCCESSFULL"}`:                       {Status: schemas.PaymentSuccess, Known: true},
		`{"status":"INITIATED"}`:                         {Status: schemas.PaymentPending, Known: true},
		`{"status":"PENDING","confirmtxnstatus":null}`:   {Status: schemas.PaymentPending, Known: true},
		`{"status":"EXPIRED"}`:                           {Status: schemas.PaymentTimeout, Known: true},
		`{"status":"FAILED"}`:                            {Status: schemas.PaymentServiceUnavailable, Known: true},
		`{"status":"FAILED","inittxnstatus":"60019"}`:    {Status: schemas.PaymentInsufficientFunds, Known: true},
		`{"status":"FAILED","inittxnstatus":60019}`:      {Status: schemas.PaymentInsufficientFunds, Known: true},
		`{"status":"FAILED","confirmtxnstatus":"60019"}`: {Status: schemas.PaymentInsufficientFunds, Known: true},
		`{"status":"FAILED","inittxnstatus":"200","confirmtxnmessage":"60019 :: Solde insuffisant"}`: {Status: schemas.PaymentInsufficientFunds, Known: true},
		`{"status":"FAILED","confirmtxnmessage":"Code SECRET errone"}`:                               {Status: schemas.PaymentPINInvalid, Known: true},
		`{"status":"FAILED","inittxnmessage":"Plafond atteint"}`:                                     {Status: schemas.PaymentLimitExceeded, Known: true},
		`{"status":"FAILED","inittxnstatus":"60099"}`:                                                {Status: schemas.PaymentServiceUnavailable},
		`{"status":"FAILED","confirmtxnmessage":"the moon is full"}`:                                 {Status: schemas.PaymentServiceUnavailable},
		`{"status":"SUCCESSFUL"}`:                                                                    {Status: schemas.PaymentPending}, // one L: not Orange's
		`{"status":"SLEEPING"}`:                                                                      {Status: schemas.PaymentPending},
		`{"status":"FAILED","confirmtxnmessage":"no [USER_CANCELLED]"}`:                              {Status: schemas.PaymentUserCancelled, Known: true},
		`{"status":"FAILED","confirmtxnmessage":"no [SUCCESS]"}`:                                     {Status: schemas.PaymentServiceUnavailable},
		`{"status":"FAILED","confirmtxnmessage":"no [PENDING]"}`:                                     {Status: schemas.PaymentServiceUnavailable},
		`{"status":"PENDING","confirmtxnmessage":"no [USER_CANCELLED]"}`:                             {Status: schemas.PaymentPending, Known: true},
	} {
		for dialect, said := range map[om.Dialect]string{om.Webpay: native, om.Core: `{"data":` + native + `}`} {
			s, err := om.ParseStatus(dialect, []byte(said))
			if got := client(t, true).Outcome(s); err != nil || got != want {
				t.Errorf("%s %s is %+v, %v; want %+v", dialect, said, got, err, want)
			}
		}
	}
	s, err := om.ParseStatus(om.Webpay, []byte(`{"status":"FAILED","message":"no [USER_CANCELLED]"}`))
	if got := client(t, false).Outcome(s); err != nil || got.Status != schemas.PaymentServiceUnavailable {
		t.Errorf("a hint in production: %+v, %v", got, err)
	}
}

func TestAnswersAreClassedByOrangesCodeBeforeTheStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status    int
		body      string
		pay, read sdk.Class
		code      string // of the payment
	}{
		{201, ``, "", "", ""},
		{401, `{"code":40,"message":"x"}`, sdk.Unauthorized, sdk.Unauthorized, "keys_refused"},
		{401, `{"code":42,"message":"x"}`, sdk.Unauthorized, sdk.Unauthorized, "keys_refused"},
		{403, `{"code":50,"message":"x"}`, sdk.Misconfigured, sdk.Misconfigured, "not_subscribed"},
		{403, `{"code":"53","message":"x"}`, sdk.RateLimited, sdk.RateLimited, "rate_limited"},
		{403, `{"message":"x"}`, sdk.Misconfigured, sdk.Misconfigured, "not_allowed"},
		{429, `{}`, sdk.RateLimited, sdk.RateLimited, "rate_limited"},
		{503, `{"code":5,"message":"x"}`, sdk.UnknownOutcome, sdk.Unavailable, "operator_unavailable"},
		{502, `<html>`, sdk.UnknownOutcome, sdk.Unavailable, "operator_unavailable"},
		{400, `{"code":1201}`, sdk.Misconfigured, sdk.Misconfigured, "not_allowed"},
		{400, `{"code":1202}`, sdk.Misconfigured, sdk.Misconfigured, "setting_refused"},
		{500, `{"code":1203}`, sdk.Misconfigured, sdk.Misconfigured, "setting_refused"},
		{400, `{"code":1204}`, sdk.UnknownOutcome, sdk.Unavailable, "reference_used"},
		{409, `{"message":"used"}`, sdk.UnknownOutcome, sdk.Unavailable, "reference_used"},
		{404, `{"message":"no such path"}`, sdk.Misconfigured, sdk.Misconfigured, "path_unknown"},
		{406, `{"message":"x"}`, sdk.Misconfigured, sdk.Misconfigured, "path_unknown"},
		{400, `{"message":"bad"}`, sdk.Rejected, sdk.Rejected, "refused_by_operator"},
		{417, `{"message":"60019 :: x"}`, sdk.Rejected, sdk.Rejected, "refused_by_operator"},
		{400, `bad`, sdk.UnknownOutcome, sdk.Unavailable, "answer_unreadable"},
		{301, ``, sdk.UnknownOutcome, sdk.Misconfigured, "redirected"},
	} {
		pay, read := om.Classify(c.status, []byte(c.body), true), om.Classify(c.status, []byte(c.body), false)
		if pay.Class != c.pay || read.Class != c.read || pay.Code != c.code {
			t.Errorf("%d %s: %+v and %+v, want %s %s and %s", c.status, c.body, pay, read, c.pay, c.code, c.read)
		}
	}
}

func TestCoresNumbersAreNational(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"+2250701234567": "0701234567", "+22507123456": "0707123456", "+33612345678": "",
	} {
		if got, known := om.National(number); got != want || known != (want != "") {
			t.Errorf("%s becomes %q, %v, want %q", number, got, known, want)
		}
	}
}

func TestTheNativeAnswerHasNoSecretAndSandPaysNames(t *testing.T) {
	t.Parallel()
	for dialect, c := range map[om.Dialect][2]string{
		om.Webpay: {`{"status":"SUCCESS","notif_token":"n","txnid":"MP1"}`, `{"status":"SUCCESS","txnid":"MP1"}`},
		om.Core: {
			`{"_simulated":true,"message":"ok","data":{"status":"FAILED","subscriberMsisdn":"07","payToken":"MP1","orderId":"A","pin":"1234","notifUrl":"http://a/?x=1&y=2"}}`,
			`{"_simulated":true,"message":"ok","notifUrl":"http://a/?x=1&y=2","order_id":"A","pay_token":"MP1","status":"FAILED","subscriber_msisdn":"07"}`,
		},
	} {
		s, err := om.ParseStatus(dialect, []byte(c[0]))
		if err != nil || string(s.Raw) != c[1] {
			t.Errorf("%s keeps %s, %v, want %s", dialect, s.Raw, err, c[1])
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"status":"FAILED","order_id":"A","txnid":"MP1","amount":500}`, `{"status":1e999999999}`, `{"status":""}`, `[]`,
		`{"message":"60019 :: x","data":{"status":"FAILED","inittxnstatus":"60019","subscriberMsisdn":"0701234567","amount":"1e99999999"}}`,
		`{"data":"x","message":{}}`, `{"data":{"status":"PENDING","confirmtxnmessage":null},"_simulated":true}`,
		`{"status":"SUCCESS","notif_token":"n"}`,
	} {
		f.Add([]byte(seed))
	}
	c := client(f, true)
	f.Fuzz(func(t *testing.T, raw []byte) {
		om.Classify(404, raw, true)
		if _, err := om.ParseNotification(raw); err == nil && !json.Valid(raw) {
			t.Errorf("%q is a notification", raw)
		}
		for _, dialect := range []om.Dialect{om.Webpay, om.Core} {
			s, err := om.ParseStatus(dialect, raw)
			if err != nil {
				continue
			}
			out, err := json.Marshal(schemas.PaymentLookupOutput{
				Result: schemas.LookupFoundDifferent, Status: c.Outcome(s).Status, Raw: s.Raw,
				Differences: append(s.Differences(om.Expected{Reference: "A", Amount: 500, Number: "+2250701234567"}), schemas.Difference{Field: "x"}),
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := schemas.Validate(schemas.OperationOutput(schemas.OpPaymentLookup), out); err != nil {
				t.Errorf("%s %s becomes %s: %v", dialect, raw, out, err)
			}
		}
	})
}
