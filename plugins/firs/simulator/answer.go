package simulator

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
)

// The texts of the service, as recorded.
const (
	textBadKey    = "unable to validate api key"
	textPublic    = "validation failed: we are unable to process your request. also confirm this is not a duplicate request"
	textAmbiguous = "unable to complete this operation at this time, kindly try again later"
	textNoRoute   = "no route found for this path. kindly check your request and try again"

	handlerKeys    = "handler"
	handlerEntity  = "entity_actions"
	handlerInvoice = "invoice_actions"
)

// answer is a whole HTTP answer, made before any of it is sent.
type answer struct {
	status int
	body   []byte
	// ambiguous marks the body that a duplicate and a busy service share: it
	// tells the client nothing definite.
	ambiguous bool
	header    http.Header
	// after runs when the answer has been sent.
	after func()
}

func (a *answer) write(w http.ResponseWriter) error {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	h["Content-Type"] = []string{"application/json; charset=utf-8"}
	h["Content-Length"] = []string{strconv.Itoa(len(a.body))}
	w.WriteHeader(a.status)
	if _, err := w.Write(a.body); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// definite reports whether a client that got this answer knows what happened.
func (a *answer) definite() bool { return a.status < 500 && !a.ambiguous }

type failure struct {
	ID      string `json:"id"`
	Handler string `json:"handler"`
	Details string `json:"details,omitempty"`
	Public  string `json:"public_message"`
}

type envelope struct {
	Code    int      `json:"code"`
	Data    any      `json:"data"`
	Message string   `json:"message,omitempty"`
	Error   *failure `json:"error,omitempty"`
}

func ok(code int) *answer {
	if code == http.StatusCreated {
		return &answer{status: code, body: []byte(`{"code":201,"data":{"ok":true}}`)}
	}
	return &answer{status: code, body: []byte(`{"code":200,"data":{"ok":true}}`)}
}

func data(v any) *answer { return encode(http.StatusOK, envelope{Code: http.StatusOK, Data: v}) }

func refuse(handler, details, public string) *answer {
	return refuseWith(http.StatusBadRequest, handler, details, public)
}

func refuseWith(status int, handler, details, public string) *answer {
	return encode(status, envelope{
		Code: status, Message: "error has occurred",
		Error: &failure{ID: newUUID(), Handler: handler, Details: details, Public: public},
	})
}

// field refuses an invoice for one field, named in the service's way.
func field(path, rule string) *answer {
	return refuse(handlerInvoice, "invoicerequest.invoice."+path+" "+rule, textPublic)
}

func badKey() *answer { return refuse(handlerKeys, "", textBadKey) }

func ambiguous() *answer {
	a := refuse(handlerInvoice, textAmbiguous, textPublic)
	a.ambiguous = true
	return a
}

// Choice: how the service answers for an IRN it does not hold is not known.
func unknownIRN() *answer {
	return refuseWith(http.StatusNotFound, handlerInvoice, "invoice with this irn was not found", textPublic)
}

func noRoute() *answer {
	return encode(http.StatusNotFound, envelope{Code: http.StatusNotFound, Message: textNoRoute})
}

// Choice: the shape of a server error is not known.
func broken(status int) *answer {
	return encode(status, envelope{Code: status, Message: http.StatusText(status)})
}

func encode(status int, v any) *answer {
	body, err := json.Marshal(v)
	if err != nil { // only values of this package come here
		return &answer{status: http.StatusInternalServerError, body: []byte(`{}`)}
	}
	return &answer{status: status, body: body}
}

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[:8], b[:4])
	out[8] = '-'
	hex.Encode(out[9:13], b[4:6])
	out[13] = '-'
	hex.Encode(out[14:18], b[6:8])
	out[18] = '-'
	hex.Encode(out[19:23], b[8:10])
	out[23] = '-'
	hex.Encode(out[24:], b[10:])
	return string(out[:])
}
