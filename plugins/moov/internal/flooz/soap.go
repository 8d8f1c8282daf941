package flooz

import (
	"net/http"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// SOAP is Moov's real form: one POST for each call, always to the same path.
type SOAP struct {
	Path           string
	User, Password string
	EncryptionKey  string // KeyBytes long
	MerchantNumber string // the merchant's own, E.164
	WalletID       string
	NumberForm     NumberForm

	token string
}

// Moov's operations.
const (
	opPush     = "PushWithPending" // answers before the payer does
	opTransfer = "transferFlooz"
	opStatus   = "getTransactionStatus"
	opBalance  = "getBalance"
)

// open makes the token. It gives the headers of every request, and what no
// answer may quote.
func (s *SOAP) open() (http.Header, []string, error) {
	var err error
	s.token, err = Token(s.User, s.Password, s.EncryptionKey)
	return http.Header{"Accept": {"application/soap+xml, text/xml"}}, []string{s.token, s.Password, s.EncryptionKey}, err
}

func (s *SOAP) call(operation string, fields ...field) call {
	fields = append([]field{{name: "token", text: s.token}}, fields...)
	return call{operation, httpclient.Request{
		Method: http.MethodPost, Path: s.Path, Body: envelope(operation, fields...), ContentType: "application/soap+xml; charset=utf-8",
	}}
}

// request puts fields into the element that most calls want.
func request(fields ...field) field { return field{name: "request", inner: fields} }

func (s *SOAP) payment(operation string, o Order) (call, error) {
	number := Number(o.Number, s.NumberForm)
	if operation == schemas.OpPaymentCollect {
		return s.call(opPush,
			field{name: "msisdn", text: number}, field{name: "message", text: o.Message}, field{name: "amount", text: amount(o.Amount)},
			field{name: "externaldata1", text: o.Reference}, field{name: "externaldata2", text: o.Note}, field{name: "fee", text: "0"}), nil
	}
	return s.call(opTransfer, request(
		field{name: "destination", text: number}, field{name: "amount", text: amount(o.Amount)}, field{name: "referenceid", text: o.Reference},
		field{name: "walletid", text: s.WalletID}, field{name: "extendeddata", text: o.Note})), nil
}

func (s *SOAP) status(id string) (call, bool) {
	return s.call(opStatus, request(field{name: "transid", text: id})), true
}

func (s *SOAP) probe() call {
	return s.call(opBalance, request(field{name: "msisdn", text: Number(s.MerchantNumber, s.NumberForm)}))
}

func (s *SOAP) read(c call, body []byte) (Answer, error) { return ParseEnvelope(c.operation, body) }
