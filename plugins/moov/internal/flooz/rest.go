package flooz

import (
	"encoding/base64"
	"net/http"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// REST is the synthetic form: one call that moves money and one that tells
// whether the keys are right. Nobody can ask what became of a transaction.
type REST struct{ PartnerID, User, Password string }

// The types of a transfer, in the sense of the merchant's purse.
const (
	typeCashIn  = "cashin"
	typeCashOut = "cashout"
)

const (
	pathTransfer = "/sandbox/v1/transfer"
	pathHealth   = "/sandbox/v1/health"
)

func (r *REST) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(r.User + ":" + r.Password))
}

func (r *REST) header() http.Header {
	return http.Header{"Authorization": {"Basic " + r.basic()}, "Accept": {"application/json"}}
}

func (r *REST) confidences() []string { return []string{r.basic(), r.Password} }

func (r *REST) payment(operation string, o Order) (call, error) {
	body := transfer{
		Type: typeCashOut, PartnerID: r.PartnerID, MSISDN: Number(o.Number, International), Amount: o.Amount, Currency: o.Currency,
		Reference: o.Reference, Description: o.Message,
	}
	if operation == schemas.OpPaymentCollect {
		body.Type = typeCashIn
	}
	request, err := httpclient.JSON(http.MethodPost, pathTransfer, body)
	return call{pathTransfer, request}, err
}

func (r *REST) status(string) (call, bool) { return call{}, false }

func (r *REST) probe() call {
	return call{pathHealth, httpclient.Request{Method: http.MethodGet, Path: pathHealth}}
}

func (r *REST) read(_ call, body []byte) (Answer, error) { return ParseTransfer(body) }
