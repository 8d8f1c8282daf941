package airtel_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/afara-dev/afara/plugins/airtel/internal/airtel"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// TestEveryStateOfAirtelHasItsMeaning reads answers to an enquiry.
func TestEveryStateOfAirtelHasItsMeaning(t *testing.T) {
	t.Parallel()
	for native, want := range map[string]airtel.Outcome{
		`{"data":{"transaction":{"status":"TS"}}}`:                                                                             {Status: schemas.PaymentSuccess, Known: true},
		`{"data":{"transaction":{"status":" ts "}},"status":{"response_code":"DP00800001007"}}`:                                {Status: schemas.PaymentSuccess, Known: true},
		`{"data":{"transaction":{"status":"TIP"}},"status":{"response_code":"DP00800001006"}}`:                                 {Status: schemas.PaymentPending, Known: true},
		`{"data":{"transaction":{"status":"TA"}},"status":{"response_code":"DP00800001000"}}`:                                  {Status: schemas.PaymentPending, Known: true},
		`{"data":{"transaction":{"status":"TA"}},"status":{"response_code":"DP00800001007","success":false}}`:                  {Status: schemas.PaymentPending, Known: true},
		`{"data":{"transaction":{"status":"TE"}}}`:                                                                             {Status: schemas.PaymentTimeout, Known: true},
		`{"data":{"transaction":{"status":"TX"}},"status":{"response_code":"DP00800001007"}}`:                                  {Status: schemas.PaymentPending},
		`{"data":{"transaction":{"status":"TF"}}}`:                                                                             {Status: schemas.PaymentServiceUnavailable},
		`{"data":{"transaction":{"status":"TF"}},"status":{"response_code":"DP00800001001"}}`:                                  {Status: schemas.PaymentServiceUnavailable},
		`{"data":{"transaction":{"status":"TF"}},"status":{"response_code":"DP00800001006"}}`:                                  {Status: schemas.PaymentServiceUnavailable},
		`{"data":{"transaction":{"status":"TF"}},"status":{"response_code":"DP00800009999"}}`:                                  {Status: schemas.PaymentServiceUnavailable},
		`{"data":{"transaction":{"status":"TF"}},"status":{"result_code":"ESB000010"}}`:                                        {Status: schemas.PaymentServiceUnavailable},
		`{"data":{"transaction":{"status":"TF"}},"status":{"response_code":"DP00800001000"}}`:                                  {Status: schemas.PaymentPending, Known: true},
		`{"data":{"transaction":{"status":"TF"}},"status":{"response_code":"DP00900001000"}}`:                                  {Status: schemas.PaymentPending, Known: true},
		`{"data":{"transaction":{"status":"TF"}},"status":{"response_code":"DP00900001018"}}`:                                  {Setting: "/messageSigning", Known: true},
		`{"data":{"transaction":{"status":"TF"}},"status":{"result_code":"ESB000039"}}`:                                        {Setting: "/country", Known: true},
		`{"data":{"transaction":{"status":"TF","message":"insufficient balance"}},"status":{"message":"not enough balance"}}`:  {Status: schemas.PaymentServiceUnavailable},
		`{"data":{"transaction":{"status":"TF","id":7,"airtel_money_id":null}},"status":{"response_code":"x","success":null}}`: {Status: schemas.PaymentServiceUnavailable},
	} {
		a, err := airtel.ParseAnswer([]byte(native))
		if got := a.Outcome(schemas.OpPaymentCollect); err != nil || got != want {
			t.Errorf("%s is %+v, %v; want %+v", native, got, err, want)
		}
	}
}

// TestEveryCodeOfAirtelHasItsMeaning reads each code as the reason of a TF, and
// as the first answer to a payment, which has nothing else.
func TestEveryCodeOfAirtelHasItsMeaning(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]struct{ failed, answered schemas.PaymentStatus }{
		"DP00800001000": {schemas.PaymentPending, schemas.PaymentPending},
		"DP00800001001": {schemas.PaymentServiceUnavailable, schemas.PaymentSuccess},
		"DP00800001002": {schemas.PaymentPINInvalid, schemas.PaymentPINInvalid},
		"DP00800001003": {schemas.PaymentLimitExceeded, schemas.PaymentLimitExceeded},
		"DP00800001004": {schemas.PaymentLimitExceeded, schemas.PaymentLimitExceeded},
		"DP00800001005": {schemas.PaymentTimeout, schemas.PaymentTimeout},
		"DP00800001006": {schemas.PaymentServiceUnavailable, schemas.PaymentPending},
		"DP00800001007": {schemas.PaymentInsufficientFunds, schemas.PaymentInsufficientFunds},
		"DP00800001008": {schemas.PaymentUserCancelled, schemas.PaymentUserCancelled},
		"DP00800001010": {schemas.PaymentAccountBlocked, schemas.PaymentAccountBlocked},
		"DP00800001024": {schemas.PaymentTimeout, schemas.PaymentTimeout},
		"DP00800001029": {schemas.PaymentTimeout, schemas.PaymentTimeout},
		"DP00900001000": {schemas.PaymentPending, schemas.PaymentPending},
		"DP00900001001": {schemas.PaymentServiceUnavailable, schemas.PaymentSuccess},
		"DP00900001003": {schemas.PaymentLimitExceeded, schemas.PaymentLimitExceeded},
		"DP00900001004": {schemas.PaymentLimitExceeded, schemas.PaymentLimitExceeded},
		"DP00900001005": {schemas.PaymentServiceUnavailable, schemas.PaymentServiceUnavailable},
		"DP00900001006": {schemas.PaymentServiceUnavailable, schemas.PaymentPending},
		"DP00900001007": {schemas.PaymentInsufficientFunds, schemas.PaymentInsufficientFunds},
		"DP00900001009": {schemas.PaymentUnknownMSISDN, schemas.PaymentUnknownMSISDN},
		"DP00900001010": {schemas.PaymentAccountBlocked, schemas.PaymentAccountBlocked},
		"DP00900001012": {schemas.PaymentUnknownMSISDN, schemas.PaymentUnknownMSISDN},
		"DP00900001013": {schemas.PaymentUserCancelled, schemas.PaymentUserCancelled},
		"DP00900001017": {schemas.PaymentDuplicateReference, ""},
		"DP00900001019": {schemas.PaymentAccountBlocked, schemas.PaymentAccountBlocked},
		"ESB000001":     {schemas.PaymentServiceUnavailable, ""},
		"ESB000004":     {schemas.PaymentServiceUnavailable, ""},
		"ESB000010":     {schemas.PaymentServiceUnavailable, schemas.PaymentPending},
		"ESB000011":     {schemas.PaymentServiceUnavailable, ""},
		"ESB000033":     {schemas.PaymentUnknownMSISDN, schemas.PaymentUnknownMSISDN},
		"ESB000036":     {schemas.PaymentUnknownMSISDN, schemas.PaymentUnknownMSISDN},
		"ESB000041":     {schemas.PaymentDuplicateReference, ""},
	} {
		member := "response_code"
		if strings.HasPrefix(code, "ESB") {
			member = "result_code"
		}
		for _, operation := range []string{schemas.OpPaymentCollect, schemas.OpPaymentDisburse} {
			status := `"status":{"` + member + `":"` + code + `","success":false}`
			if got := outcome(t, operation, `{"data":{"transaction":{"status":"TF"}},`+status+`}`); got.Status != want.failed && got.Setting == "" {
				t.Errorf("%s of %s as a reason is %+v, want %s", code, operation, got, want.failed)
			}
			answer := []byte(`{` + status + `}`)
			v := airtel.Classify(200, answer, true)
			if want.answered == "" {
				if v.Class != sdk.UnknownOutcome {
					t.Errorf("%s of %s as an answer is %+v, want a doubt", code, operation, v)
				}
				continue
			}
			if got := outcome(t, operation, string(answer)); v.Class != "" || got.Status != want.answered && got.Setting == "" {
				t.Errorf("%s of %s as an answer is %+v and %+v, want %s", code, operation, v, got, want.answered)
			}
		}
	}
	for _, answer := range []string{`{"status":{"response_code":"DP00800001002"}}`, `{"data":{"transaction":{"status":"TF"}},"status":{"response_code":"DP00800001002"}}`} {
		if got := outcome(t, schemas.OpPaymentDisburse, answer); got != (airtel.Outcome{Setting: "/pin", Known: true}) {
			t.Errorf("the merchant's wrong PIN is %+v", got)
		}
	}
}

func outcome(t *testing.T, operation, answer string) airtel.Outcome {
	t.Helper()
	a, err := airtel.ParseAnswer([]byte(answer))
	if err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	return a.Outcome(operation)
}

func TestAnswersAreClassedByAirtelsCodeBeforeTheStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status    int
		body      string
		pay, read sdk.Class
		code      string // of the payment
	}{
		{200, `{"status":{"response_code":"DP00800001006","success":true}}`, "", "", ""},
		{200, `{"status":{"response_code":"DP00800009999","success":true}}`, "", "", ""}, // taken, whatever it means
		{400, `{"status":{"response_code":"DP00800001007","success":false}}`, "", sdk.Rejected, ""},
		{200, `{"status":{"response_code":"DP00800009999","success":false}}`, sdk.UnknownOutcome, sdk.Unavailable, "code_unknown"},
		{200, `{"status":{"response_code":"DP00800009999","result_code":"ESB000041"}}`, sdk.UnknownOutcome, sdk.Unavailable, "reference_used"},
		{200, `{"status":{"response_code":"DP00800001026"}}`, sdk.Misconfigured, sdk.Misconfigured, "setting_refused"},
		{500, `{"status":{"result_code":"ESB000039"}}`, sdk.Misconfigured, sdk.Misconfigured, "setting_refused"},
		{200, `{"status":{"result_code":"ESB000008"}}`, sdk.Rejected, sdk.Rejected, "refused_by_operator"},
		{200, `{"status":{"result_code":"ESB000045"}}`, sdk.Rejected, sdk.Rejected, "not_found"},
		{200, `{"status":{"result_code":"ESB000004"}}`, sdk.UnknownOutcome, sdk.Unavailable, "operator_unavailable"},
		{500, `{"status":{"response_code":"DP00800001007"}}`, sdk.UnknownOutcome, sdk.Unavailable, "operator_unavailable"},
		{503, `<html>`, sdk.UnknownOutcome, sdk.Unavailable, "operator_unavailable"},
		{409, `{}`, sdk.UnknownOutcome, sdk.Unavailable, "reference_used"},
		{429, `{}`, sdk.RateLimited, sdk.RateLimited, "rate_limited"},
		{401, `{"message":"x"}`, sdk.Unauthorized, sdk.Unauthorized, "keys_refused"},
		{401, `no`, sdk.UnknownOutcome, sdk.Unauthorized, "answer_unreadable"},
		{403, `{"message":"x"}`, sdk.Misconfigured, sdk.Misconfigured, "access_refused"},
		{404, `{"message":"no Route matched"}`, sdk.Misconfigured, sdk.Misconfigured, "path_unknown"},
		{400, `{"message":"bad"}`, sdk.Rejected, sdk.Rejected, "refused_by_operator"},
		{200, `{}`, sdk.UnknownOutcome, "", "answer_unreadable"},
		{301, ``, sdk.UnknownOutcome, sdk.Misconfigured, "redirected"},
	} {
		pay, read := airtel.Classify(c.status, []byte(c.body), true), airtel.Classify(c.status, []byte(c.body), false)
		if pay.Class != c.pay || read.Class != c.read || pay.Code != c.code {
			t.Errorf("%d %s: %+v and %+v, want %s %s and %s", c.status, c.body, pay, read, c.pay, c.code, c.read)
		}
	}
}

func TestNumbersAreWrittenInTheFormThatIsSet(t *testing.T) {
	t.Parallel()
	for number, want := range map[string][2]string{
		"+250730123456": {"730123456", "250730123456"}, "+22997123456": {"0197123456", "2290197123456"}, "+46733123450": {"46733123450", "46733123450"},
	} {
		if got := [2]string{airtel.Number(number, airtel.National), airtel.Number(number, airtel.International)}; got != want {
			t.Errorf("%s becomes %v, want %v", number, got, want)
		}
	}
}

func TestAHashHoldsForItsTransactionAndKeyOnly(t *testing.T) {
	t.Parallel()
	const content = `{"id":"C0001","message":"Paid RWF 500","status_code":"TS","airtel_money_id":"MP1"}`
	m := hmac.New(sha256.New, []byte("key of the application"))
	m.Write([]byte(content))
	hash := base64.StdEncoding.EncodeToString(m.Sum(nil))
	for body, want := range map[string]bool{
		`{"transaction":` + content + `,"hash":"` + hash + `"}`:                                     true,
		"{\n \"hash\": \"" + hash + "\", \"transaction\": " + content + "}":                         true,
		`{"transaction":` + strings.Replace(content, `,`, " ,\n", 1) + `,"hash":"` + hash + `"}`:    true,
		`{"transaction":` + strings.Replace(content, `500`, `501`, 1) + `,"hash":"` + hash + `"}`:   false,
		`{"transaction":` + strings.Replace(content, `"TS"`, `"TF"`, 1) + `,"hash":"` + hash + `"}`: false,
		`{"transaction":` + content + `,"hash":"` + hash[:40] + `"}`:                                false,
		`{"transaction":` + content + `,"hash":""}`:                                                 false,
		`{"transaction":` + content + `}`:                                                           false,
		`{"transaction":` + content + `,"hash":["` + hash + `"]}`:                                   false,
	} {
		c, err := airtel.ParseCallback([]byte(body))
		if err != nil || c.Holds("key of the application") != want || c.Holds("another key") {
			t.Errorf("%s: %v, want %t", body, err, want)
		}
	}
}

func TestKeysThatAreNoneAreSaid(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                        "no public RSA key",
		"not base64!":             "neither PEM nor base64",
		strings.Repeat("A", 9000): "too long",
		"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----":                                       "no public RSA key",
		"MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMJ+dtcMvMGNPN3sIbSRjCn0GlNfLPJJdX0YyoLpvQ7iqXyIKYxvGIrVxzQGpK3zB2GdTMcMqwUXyQx5W9WvX+8CAwEAAQ==": "1024",
	} {
		if _, err := airtel.ParseKey(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
}
