package om

import (
	"regexp"
	"strings"

	"github.com/afara-dev/afara/schemas"
)

// Outcome is what a native status means.
type Outcome struct {
	Status schemas.PaymentStatus
	// Known is false for a word that is not in the table.
	Known bool
}

// Reason is what a text of Orange means: which texts it uses is not published,
// so a connection says those that it has met.
type Reason struct {
	Text   string                `json:"text"`
	Status schemas.PaymentStatus `json:"status"`
}

const statusFailed = "FAILED"

// statuses are Orange's states in both dialects, but for FAILED. The double L is
// Orange's.
func statuses() map[string]schemas.PaymentStatus {
	return map[string]schemas.PaymentStatus{
		"SUCCESS":     schemas.PaymentSuccess,
		"SUCCESSFULL": schemas.PaymentSuccess,
		"INITIATED":   schemas.PaymentPending,
		"PENDING":     schemas.PaymentPending,
		"EXPIRED":     schemas.PaymentTimeout,
	}
}

// codes are why a payment FAILED.
func codes() map[string]schemas.PaymentStatus {
	return map[string]schemas.PaymentStatus{"60019": schemas.PaymentInsufficientFunds}
}

// outcome reads the table. A state that is not known is not known to be final,
// so it stays PENDING; a failure without a known reason, as webpay's always are,
// is a service that was unavailable, never a guess.
func (s Status) outcome(reasons []Reason, hints bool) Outcome {
	if status, known := statuses()[s.Native]; known {
		return Outcome{status, true}
	}
	if s.Native != statusFailed {
		return Outcome{Status: schemas.PaymentPending}
	}
	if status, known := s.reason(reasons, hints); known {
		return Outcome{status, true}
	}
	silent := s.Code() == "" && strings.Join(s.Texts, "") == ""
	return Outcome{schemas.PaymentServiceUnavailable, silent}
}

// reason is why a payment failed, as far as Orange tells.
func (s Status) reason(reasons []Reason, hints bool) (schemas.PaymentStatus, bool) {
	if status, known := codes()[s.Code()]; known {
		return status, true
	}
	return s.told(reasons, hints)
}

// hint is the status that the stand-in writes at the end of a text.
var hint = regexp.MustCompile(`\[([A-Z_]+)\]$`)

// told looks for a reason in the texts.
func (s Status) told(reasons []Reason, hints bool) (schemas.PaymentStatus, bool) {
	for _, said := range s.Texts {
		for _, r := range reasons {
			if strings.Contains(strings.ToLower(said), strings.ToLower(r.Text)) {
				return r.Status, true
			}
		}
		if found := hint.FindStringSubmatch(said); hints && found != nil && failures()[schemas.PaymentStatus(found[1])] {
			return schemas.PaymentStatus(found[1]), true
		}
	}
	return "", false
}

// failures are the statuses that a FAILED payment may have.
func failures() map[schemas.PaymentStatus]bool {
	return map[schemas.PaymentStatus]bool{
		schemas.PaymentPINInvalid: true, schemas.PaymentInsufficientFunds: true, schemas.PaymentTimeout: true,
		schemas.PaymentAccountBlocked: true, schemas.PaymentUserCancelled: true, schemas.PaymentUnknownMSISDN: true,
		schemas.PaymentLimitExceeded: true, schemas.PaymentServiceUnavailable: true, schemas.PaymentDuplicateReference: true,
	}
}
