package om

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/afara-dev/afara/schemas"
)

// Status is what Orange says of a payment, in an answer or in a notification.
// What it does not tell is empty.
type Status struct {
	Native string   // e.g. SUCCESSFULL
	Codes  []string // e.g. 60019, of what may say why it failed
	Texts  []string // what it says in words
	// Reference is the order id.
	Reference, Amount, Number string
	NotifyToken               string // of a notification
	Raw                       json.RawMessage
}

// Code is the first code that is not the one of success.
func (s Status) Code() string {
	for _, code := range s.Codes {
		if code != "" && code != codeFine {
			return code
		}
	}
	return ""
}

const codeFine = "200"

// text reads a string, also one that was written as a number.
type text string

// UnmarshalJSON never fails: an odd member must not hide the status.
func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*t = text(s)
		return nil
	}
	if len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') {
		*t = text(raw)
	}
	return nil
}

// wireStatus has the members of both dialects: webpay writes them with
// underscores at the top, core in one word inside data.
type wireStatus struct {
	Status         text `json:"status"`
	Message        text `json:"message"`
	OrderID        text `json:"order_id"`
	CoreOrderID    text `json:"orderId"`
	Amount         text `json:"amount"`
	Number         text `json:"subscriberMsisdn"`
	InitStatus     text `json:"inittxnstatus"`
	InitMessage    text `json:"inittxnmessage"`
	ConfirmStatus  text `json:"confirmtxnstatus"`
	ConfirmMessage text `json:"confirmtxnmessage"`
	NotifyToken    text `json:"notif_token"`
}

// data is an object inside an answer; what is none is empty.
type data struct{ raw []byte }

// UnmarshalJSON never fails either.
func (d *data) UnmarshalJSON(raw []byte) error {
	if object(raw) {
		d.raw = bytes.Clone(raw)
	}
	return nil
}

var errNoStatus = errors.New("the answer is no JSON object with a status")

// ParseStatus reads a status of a dialect.
func ParseStatus(d Dialect, raw []byte) (Status, error) {
	s, err := parse(d, raw)
	if err == nil && s.Native == "" {
		err = errNoStatus
	}
	return s, err
}

// ParseNotification reads a notification, which comes from outside: nobody signs
// it. Core's is written as its status is; one without a status claims nothing.
func ParseNotification(raw []byte) (Status, error) {
	s, err := parse(Webpay, raw)
	if err != nil || s.Native != "" {
		return s, err
	}
	return parse(Core, raw)
}

// refusal reads an error of the core API as the end of a payment.
func refusal(raw []byte) Status {
	s, err := parse(Core, raw)
	if err != nil {
		return Status{}
	}
	s.Native = statusFailed
	return s
}

func parse(d Dialect, raw []byte) (Status, error) {
	if !object(raw) {
		return Status{}, errNoStatus
	}
	var top struct {
		Message text `json:"message"`
		Data    data `json:"data"`
	}
	if json.Unmarshal(raw, &top) != nil {
		return Status{}, errNoStatus
	}
	inside, seen := raw, without(raw, "notif_token")
	if d == Core {
		inside, seen = top.Data.raw, flat(raw, top.Data.raw)
	}
	var w wireStatus
	if len(inside) > 0 && json.Unmarshal(inside, &w) != nil {
		return Status{}, errNoStatus
	}
	s := Status{
		Native: word(w.Status), Codes: []string{codeIn(w.InitStatus), codeIn(w.ConfirmStatus), codeIn(top.Message), codeIn(w.InitMessage), codeIn(w.ConfirmMessage)},
		Texts:     []string{string(top.Message), string(w.InitMessage), string(w.ConfirmMessage)},
		Reference: string(w.OrderID) + string(w.CoreOrderID), Amount: string(w.Amount), Number: string(w.Number), NotifyToken: string(w.NotifyToken),
		Raw: kept(seen),
	}
	return s, nil
}

func word(t text) string { return strings.ToUpper(strings.TrimSpace(string(t))) }

// codeIn is the code that a text is, or begins with: "60019 :: ...".
func codeIn(t text) string {
	code, _, _ := strings.Cut(string(t), "::")
	code = strings.TrimSpace(code)
	if code == "" || strings.Trim(code, "0123456789") != "" {
		return ""
	}
	return code
}

// flat is an answer of the core API with the members of its data at the top, the
// names with two words as SandPay publishes them.
func flat(raw, inside []byte) []byte {
	var top, members map[string]json.RawMessage
	if json.Unmarshal(raw, &top) != nil {
		return nil
	}
	if json.Unmarshal(inside, &members) != nil || members == nil {
		members = map[string]json.RawMessage{}
	}
	delete(members, "pin")
	for from, to := range map[string]string{"subscriberMsisdn": "subscriber_msisdn", "payToken": "pay_token", "orderId": "order_id"} {
		if value, told := members[from]; told {
			delete(members, from)
			members[to] = value
		}
	}
	for _, name := range []string{"_simulated", "_latencyMs", "message"} {
		if value, told := top[name]; told {
			members[name] = value
		}
	}
	return written(members)
}

const maxRaw = 16 << 10 // of the native answer that is kept

// kept is the native answer as far as a document can hold it: its size, its
// numbers.
func kept(raw []byte) json.RawMessage {
	if len(raw) > maxRaw || !utf8.Valid(raw) {
		return nil
	}
	out, err := json.Marshal(schemas.PaymentOutput{Status: schemas.PaymentPending, Raw: raw})
	if err != nil || schemas.Validate(schemas.OperationOutput(schemas.OpPaymentCollect), out) != nil {
		return nil
	}
	return bytes.Clone(raw)
}

// object reports whether raw is a JSON object.
func object(raw []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) && json.Valid(raw)
}
