package vendor

import (
	"errors"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// problem is the body of every refusal.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Pointer string `json:"pointer"`
}

// reason reads a refusal; zero when it is not Acme's.
func reason(answer *httpclient.Response) problem {
	var p problem
	if err := answer.JSON(&p); err != nil {
		return problem{}
	}
	return p
}

// failure classes an answer: by its status, and with Acme's own words where it
// gave some.
func failure(answer *httpclient.Response) error {
	err := answer.Failure()
	if err == nil {
		return nil
	}
	p := reason(answer)
	var e *sdk.Error
	if p.Code == "" || !errors.As(err, &e) {
		return err
	}
	e.VendorCode, e.VendorText = p.Code, p.Message
	if p.Pointer != "" {
		e.Fields = []sdk.FieldError{{Pointer: p.Pointer, Code: p.Code, Detail: p.Message, Fix: "Correct the value and ask again."}}
	}
	return e
}
