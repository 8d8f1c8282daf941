package momo_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/afara-dev/afara/plugins/mtn/internal/momo"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

func TestEveryWordOfMTNHasItsMeaning(t *testing.T) {
	t.Parallel()
	for native, want := range map[string]momo.Outcome{
		`{"status":"SUCCESSFUL"}`:                                                             {Status: schemas.PaymentSuccess, Known: true},
		`{"status":"successful"}`:                                                             {Status: schemas.PaymentSuccess, Known: true},
		`{"status":"PENDING"}`:                                                                {Status: schemas.PaymentPending, Known: true},
		`{"status":"CREATED"}`:                                                                {Status: schemas.PaymentPending, Known: true},
		`{"status":"ONGOING"}`:                                                                {Status: schemas.PaymentPending, Known: true},
		`{"status":"FAILED","reason":"PAYMENT_NOT_APPROVED"}`:                                 {Status: schemas.PaymentPINInvalid, Known: true},
		`{"status":"FAILED","reason":"NOT_ENOUGH_FUNDS"}`:                                     {Status: schemas.PaymentInsufficientFunds, Known: true},
		`{"status":"FAILED","reason":{"code":"NOT_ENOUGH_FUNDS","message":"x"}}`:              {Status: schemas.PaymentInsufficientFunds, Known: true},
		`{"status":"FAILED","reason":"EXPIRED"}`:                                              {Status: schemas.PaymentTimeout, Known: true},
		`{"status":"FAILED","reason":"COULD_NOT_PERFORM_TRANSACTION"}`:                        {Status: schemas.PaymentTimeout, Known: true},
		`{"status":"FAILED","reason":"NOT_ALLOWED"}`:                                          {Status: schemas.PaymentAccountBlocked, Known: true},
		`{"status":"FAILED","reason":"PAYEE_NOT_ALLOWED_TO_RECEIVE"}`:                         {Status: schemas.PaymentAccountBlocked, Known: true},
		`{"status":"FAILED","reason":"APPROVAL_REJECTED"}`:                                    {Status: schemas.PaymentUserCancelled, Known: true},
		`{"status":"FAILED","reason":"TRANSACTION_CANCELED"}`:                                 {Status: schemas.PaymentUserCancelled, Known: true},
		`{"status":"FAILED","reason":"PAYER_NOT_FOUND"}`:                                      {Status: schemas.PaymentUnknownMSISDN, Known: true},
		`{"status":"FAILED","reason":"PAYEE_NOT_FOUND"}`:                                      {Status: schemas.PaymentUnknownMSISDN, Known: true},
		`{"status":"FAILED","reason":"PAYER_LIMIT_REACHED"}`:                                  {Status: schemas.PaymentLimitExceeded, Known: true},
		`{"status":"FAILED","reason":"SERVICE_UNAVAILABLE"}`:                                  {Status: schemas.PaymentServiceUnavailable, Known: true},
		`{"status":"FAILED","reason":"INTERNAL_PROCESSING_ERROR"}`:                            {Status: schemas.PaymentServiceUnavailable, Known: true},
		`{"status":"FAILED","reason":"RESOURCE_ALREADY_EXIST"}`:                               {Status: schemas.PaymentDuplicateReference, Known: true},
		`{"status":"FAILED","reason":"NOT_ALLOWED_TARGET_ENVIRONMENT"}`:                       {Setting: "/targetEnvironment", Known: true},
		`{"status":"FAILED","reason":"INVALID_CALLBACK_URL_HOST"}`:                            {Setting: "/callbackHost", Known: true},
		`{"status":"FAILED","reason":"INVALID_CURRENCY"}`:                                     {Setting: "/currency", Known: true},
		`{"status":"FAILED"}`:                                                                 {Status: schemas.PaymentServiceUnavailable},
		`{"status":"FAILED","reason":["x"]}`:                                                  {Status: schemas.PaymentServiceUnavailable},
		`{"status":"FAILED","reason":"MOON_IS_FULL"}`:                                         {Status: schemas.PaymentServiceUnavailable},
		`{"status":"SLEEPING"}`:                                                               {Status: schemas.PaymentPending},
		`{"status":"PENDING","reason":null,"payer":"x","payee":7,"financialTransactionId":1}`: {Status: schemas.PaymentPending, Known: true},
	} {
		s, err := momo.ParseStatus([]byte(native))
		if got := s.Outcome(); err != nil || got != want {
			t.Errorf("%s is %+v, %v; want %+v", native, got, err, want)
		}
	}
}

func TestAnswersAreClassedByMTNsCodeBeforeTheStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status    int
		body      string
		pay, read sdk.Class
		code      string // of the payment
	}{
		{202, ``, "", "", ""},
		{500, `{"code":"NOT_ALLOWED_TARGET_ENVIRONMENT"}`, sdk.Misconfigured, sdk.Misconfigured, "setting_refused"},
		{500, `{"code":"INVALID_CALLBACK_URL_HOST"}`, sdk.Misconfigured, sdk.Misconfigured, "setting_refused"},
		{400, `{"code":"INVALID_CURRENCY"}`, sdk.Misconfigured, sdk.Misconfigured, "setting_refused"},
		{500, `{"code":"NOT_ALLOWED"}`, sdk.Misconfigured, sdk.Misconfigured, "not_allowed"},
		{500, `{"code":"INTERNAL_PROCESSING_ERROR"}`, sdk.UnknownOutcome, sdk.Unavailable, "operator_unavailable"},
		{503, `{"code":"SERVICE_UNAVAILABLE"}`, sdk.UnknownOutcome, sdk.Unavailable, "operator_unavailable"},
		{502, `<html>`, sdk.UnknownOutcome, sdk.Unavailable, "operator_unavailable"},
		{409, `{"code":"RESOURCE_ALREADY_EXIST"}`, sdk.UnknownOutcome, sdk.Unavailable, "reference_used"},
		{429, `{}`, sdk.RateLimited, sdk.RateLimited, "rate_limited"},
		{401, `{"message":"x"}`, sdk.Unauthorized, sdk.Unauthorized, "keys_refused"},
		{403, `{"message":"x"}`, sdk.Misconfigured, sdk.Misconfigured, "address_refused"},
		{404, `{"code":"RESOURCE_NOT_FOUND"}`, sdk.Rejected, sdk.Rejected, "not_found"},
		{404, `{"message":"Resource not found"}`, sdk.Misconfigured, sdk.Misconfigured, "path_unknown"},
		{400, `{"message":"bad"}`, sdk.Rejected, sdk.Rejected, "refused_by_operator"},
		{400, `bad`, sdk.UnknownOutcome, sdk.Unavailable, "answer_unreadable"},
		{301, ``, sdk.UnknownOutcome, sdk.Misconfigured, "redirected"},
	} {
		pay, read := momo.Classify(c.status, []byte(c.body), true), momo.Classify(c.status, []byte(c.body), false)
		if pay.Class != c.pay || read.Class != c.read || pay.Code != c.code {
			t.Errorf("%d %s: %+v and %+v, want %s %s and %s", c.status, c.body, pay, read, c.pay, c.code, c.read)
		}
	}
}

func TestTextsAreMadeFitForMTN(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"L'addition d’Ada": "L addition d Ada", " a\n\tb\x00 ": "a b", strings.Repeat("é", 200): strings.Repeat("é", 160), "": "",
	} {
		if got := momo.Message(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	for number, want := range map[string]string{
		"+2250501234567": "2250501234567", "+22997123456": "2290197123456", "+250788123456": "250788123456", "+46733123450": "46733123450",
	} {
		if got := momo.Number(number); got.ID != want || got.Type != "MSISDN" {
			t.Errorf("%s becomes %+v, want %s", number, got, want)
		}
	}
}

func FuzzParseStatus(f *testing.F) {
	for _, seed := range []string{
		`{"status":"FAILED","reason":{"code":"EXPIRED","message":"x"},"amount":"500","currency":"XOF","payer":{"partyIdType":"MSISDN","partyId":"2250501234567"}}`,
		`{"status":"SUCCESSFUL","financialTransactionId":12,"amount":5e2}`, `{"status":1e999999999}`, `{"status":""}`, `[]`, `{"status":"PENDING","amount":"1e99999999"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		momo.Classify(404, raw, true)
		s, err := momo.ParseStatus(raw)
		if err != nil {
			return
		}
		o := s.Outcome()
		if (o.Status == "") != (o.Setting != "") {
			t.Errorf("%s has outcome %+v", raw, o)
		}
		out, err := json.Marshal(schemas.PaymentLookupOutput{
			Result: schemas.LookupFoundDifferent, Status: o.Status, Raw: s.Raw,
			Differences: append(s.Differences(momo.Expected{Amount: 500, Currency: "XOF", Number: "+2250501234567"}), schemas.Difference{Field: "x"}),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := schemas.Validate(schemas.OperationOutput(schemas.OpPaymentLookup), out); err != nil {
			t.Errorf("%s becomes %s: %v", raw, out, err)
		}
	})
}
