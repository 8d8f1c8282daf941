package airtel_test

import (
	"encoding/json"
	"testing"

	"github.com/afara-dev/afara/plugins/airtel/internal/airtel"
	"github.com/afara-dev/afara/schemas"
)

func FuzzParseAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"data":{"transaction":{"id":"C0001","airtel_money_id":"MP1","message":"x","status":"TF"}},"status":{"code":"200","response_code":"DP00800001007","result_code":"ESB000010","success":true}}`,
		`{"data":{"transaction":{"id":1e999,"status":7}},"status":[]}`, `{"status":{"success":false}}`, `{"data":null,"status":{"result_code":"ESB000045"}}`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		airtel.Classify(200, raw, true)
		airtel.Classify(404, raw, false)
		a, err := airtel.ParseAnswer(raw)
		if err != nil {
			return
		}
		for _, operation := range []string{schemas.OpPaymentCollect, schemas.OpPaymentDisburse} {
			o := a.Outcome(operation)
			if (o.Status == "") != (o.Setting != "") {
				t.Errorf("%s has outcome %+v", raw, o)
			}
			out, err := json.Marshal(schemas.PaymentLookupOutput{
				Result: schemas.LookupFoundDifferent, Status: o.Status, Raw: a.Raw, ProviderTxID: a.ID,
				Differences: append(a.Differences("C0001"), schemas.Difference{Field: "x"}),
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := schemas.Validate(schemas.OperationOutput(schemas.OpPaymentLookup), out); err != nil {
				t.Errorf("%s becomes %s: %v", raw, out, err)
			}
		}
	})
}

func FuzzParseCallback(f *testing.F) {
	f.Add([]byte(`{"transaction":{"id":"C0001","message":"Paid","status_code":"TS","airtel_money_id":"MP1"},"hash":"aGFzaA=="}`))
	f.Add([]byte(`{"transaction":{"id":1,"status_code":true}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := airtel.ParseCallback(raw)
		if err == nil && (c.Reference == "" || c.State == "" || c.Holds("a key that signed nothing")) {
			t.Errorf("%s is %+v", raw, c)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE")
	f.Add("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := airtel.ParseKey(text)
		if err == nil && (key.N.BitLen() < 1024 || key.N.BitLen() > 8192) {
			t.Errorf("%q is a key of %d bits", text, key.N.BitLen())
		}
	})
}
