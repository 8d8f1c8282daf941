package simulator

import (
	"strconv"
	"strings"
	"time"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// The test numbers of MTN's sandbox decide how a transaction ends, in the target
// environment sandbox only.

const (
	testNumber = "+467331234" // and two digits, 50 to 64
	// nobody is the number of a refund of nothing.
	nobody = "+46733123400"
)

const delayed = 30 * time.Second

// unknownType is what MTN calls a transfer type that it does not know. Choice:
// the word; MTN's page tells the meaning only.
const unknownType = "TRANSFER_TYPE_UNKNOWN"

func fails(code string) *simnet.Force {
	return &simnet.Force{Outcome: schemas.PaymentServiceUnavailable, Code: code}
}

func ongoing() *simnet.Force { return &simnet.Force{Outcome: schemas.PaymentPending} }

func late() *simnet.Force {
	return &simnet.Force{Outcome: schemas.PaymentSuccess, After: delayed}
}

// numbered are the ends by test number, from ...450 on.
func numbered(kind simnet.Kind) []*simnet.Force {
	first := []*simnet.Force{fails(codeInternal), fails("APPROVAL_REJECTED"), fails("EXPIRED"), ongoing(), late()}
	if kind == simnet.Collect {
		return append(first,
			fails("PAYER_NOT_FOUND"), fails("PAYEE_NOT_ALLOWED_TO_RECEIVE"), fails(codeNotAllowed), fails(codeEnvironment),
			fails(codeCallbackHost), fails(codeCurrency), fails(codeInternal), fails(codeUnavailable),
			fails("COULD_NOT_PERFORM_TRANSACTION"), fails(unknownType))
	}
	return append(first,
		fails("NOT_ENOUGH_FUNDS"), fails("PAYER_LIMIT_REACHED"), fails("PAYEE_NOT_FOUND"), fails(codeNotAllowed),
		fails(codeEnvironment), fails(codeCallbackHost), fails(codeCurrency), fails(codeInternal), fails(codeUnavailable), fails(unknownType))
}

// refunded are the ends of a refund by its referenceIdToRefund, from 1 on.
func refunded() []*simnet.Force {
	return []*simnet.Force{
		fails(codeNotFound), fails(codeInternal), fails("APPROVAL_REJECTED"), fails("EXPIRED"), ongoing(), late(),
		fails(codeNotAllowed), fails(codeEnvironment), fails(codeCallbackHost), fails(codeCurrency), fails(codeInternal),
		fails(codeUnavailable), fails("COULD_NOT_PERFORM_TRANSACTION"),
	}
}

// forceOf is the end that a test number or a test reference asks for, or nil.
func forceOf(o *simnet.Order) *simnet.Force {
	ends, text, from := numbered(o.Kind), strings.TrimPrefix(o.Number, testNumber), 50
	if o.Kind == simnet.Refund {
		ends, text, from = refunded(), o.Original, 1
	} else if text == o.Number {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || len(text) > 2 || n < from || n-from >= len(ends) {
		return nil
	}
	return ends[n-from]
}

// holders are the answers about the account holder of a test number, from ...450
// on, as HTTP status and code; nil is a holder that is not active.
func holders() []*refusal {
	return []*refusal{
		{404, codeNotFound, "Requested resource was not found."},
		nil,
		{500, codeNotAllowed, "Authorization failed. Insufficient permissions."},
		{500, codeEnvironment, "Access to target environment is forbidden."},
		{500, codeInternal, "Internal processing error."},
		{503, codeUnavailable, "Service temporarily unavailable, try again later."},
	}
}
