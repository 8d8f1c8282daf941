package simulator

import (
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// Moov's codes.
const (
	codeDone         = "0"
	codeNumber       = "3"
	codeNotPermitted = "4"
	codeLocked       = "7"
	codeFunds        = "10"
	codeBelow        = "12"
	codeDayAmount    = "13"
	codeParameters   = "91"
	codeCancelled    = "92"
	codeMissing      = "94"
	codeFailed       = "95"
	codeKeys         = "98"
	codeInternal     = "99"
	codePending      = "100"
	codeUnregistered = "555"
)

// member is one of a result.
type member struct{ name, text string }

// answer is what Moov says, whatever the form.
type answer struct {
	code, text string
	reference  string // the client's
	id         string // Moov's
	latency    string // in milliseconds
	more       []member
}

func plain(code, text string) answer { return answer{code: code, text: text} }

// members are those of a SOAP result.
func (a answer) members() []member {
	list := []member{{"_simulated", "true"}}
	if a.latency != "" {
		list = append(list, member{"_latencyMs", a.latency})
	}
	list = append(list, member{"status", a.code}, member{"description", a.text})
	if a.reference != "" {
		list = append(list, member{"referenceid", a.reference})
	}
	if a.id != "" {
		list = append(list, member{"transid", a.id})
	}
	return append(list, a.more...)
}

// idOf is Moov's own id of a transaction.
func idOf(t simnet.Transaction) string { return "SIM_" + t.ID }

// tell is a transaction in Moov's words.
func (s *Simulator) tell(t simnet.Transaction) answer {
	w := words()[t.Outcome]
	text := w.text
	if w.plain != "" && s.current().PlainTexts {
		text = w.plain
	}
	a := answer{code: w.code, text: text, reference: t.Reference, id: idOf(t)}
	if t.Outcome.Final() {
		a.latency = millis(t.LatencyMillis)
	}
	return a
}

// said is a code, its text, and the text without what tells it apart from
// another end of the same code.
type said struct{ code, text, plain string }

const (
	textCancelled = "The push timed out or was cancelled"
	textFailed    = "The transaction failed"
)

func words() map[schemas.PaymentStatus]said {
	return map[schemas.PaymentStatus]said{
		schemas.PaymentSuccess:            {codeDone, "Success", ""},
		schemas.PaymentPending:            {codePending, "Pending", ""},
		schemas.PaymentPINInvalid:         {codeFailed, "Failed: wrong PIN", textFailed},
		schemas.PaymentInsufficientFunds:  {codeFunds, "Insufficient balance", ""},
		schemas.PaymentTimeout:            {codeCancelled, "Timeout", textCancelled},
		schemas.PaymentAccountBlocked:     {codeLocked, "The account is locked", ""},
		schemas.PaymentUserCancelled:      {codeCancelled, "Cancelled by the customer", textCancelled},
		schemas.PaymentUnknownMSISDN:      {codeUnregistered, "The number is not registered", ""},
		schemas.PaymentLimitExceeded:      {codeDayAmount, "The day's amount is reached", ""},
		schemas.PaymentServiceUnavailable: {codeInternal, "Internal error", ""},
		schemas.PaymentDuplicateReference: {codeFailed, "Failed: duplicate reference", textFailed},
	}
}
