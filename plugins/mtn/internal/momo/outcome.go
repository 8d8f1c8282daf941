package momo

import (
	"github.com/afara-dev/afara/schemas"
)

// Outcome is what a native status means.
type Outcome struct {
	Status schemas.PaymentStatus
	// Setting is the setting at fault, when MTN failed a transaction for how the
	// connection is configured: that is no outcome of the payment.
	Setting string
	// Known is false for a word that is not in the table.
	Known bool
}

// statusOf reads MTN's states, but for FAILED.
func statusOf(native string) (status schemas.PaymentStatus, known bool) {
	switch native {
	case "SUCCESSFUL":
		return schemas.PaymentSuccess, true
	case "PENDING", "CREATED", "ONGOING", "DELAYED":
		return schemas.PaymentPending, true
	}
	return "", false
}

const statusFailed = "FAILED"

// reasons are why a transaction FAILED.
func reasons() map[string]schemas.PaymentStatus {
	return map[string]schemas.PaymentStatus{
		"PAYMENT_NOT_APPROVED":          schemas.PaymentPINInvalid,
		"NOT_ENOUGH_FUNDS":              schemas.PaymentInsufficientFunds,
		"EXPIRED":                       schemas.PaymentTimeout,
		"COULD_NOT_PERFORM_TRANSACTION": schemas.PaymentTimeout,
		"NOT_ALLOWED":                   schemas.PaymentAccountBlocked,
		"PAYEE_NOT_ALLOWED_TO_RECEIVE":  schemas.PaymentAccountBlocked,
		"APPROVAL_REJECTED":             schemas.PaymentUserCancelled,
		"TRANSACTION_CANCELED":          schemas.PaymentUserCancelled,
		"PAYER_NOT_FOUND":               schemas.PaymentUnknownMSISDN,
		"PAYEE_NOT_FOUND":               schemas.PaymentUnknownMSISDN,
		"PAYER_LIMIT_REACHED":           schemas.PaymentLimitExceeded,
		"SERVICE_UNAVAILABLE":           schemas.PaymentServiceUnavailable,
		"INTERNAL_PROCESSING_ERROR":     schemas.PaymentServiceUnavailable,
		"RESOURCE_ALREADY_EXIST":        schemas.PaymentDuplicateReference,
	}
}

// misconfigurations are MTN's words for a fault of the connection, with the
// setting to look at. As an error of a call NOT_ALLOWED is one too.
func misconfigurations() map[string]string {
	return map[string]string{
		"NOT_ALLOWED_TARGET_ENVIRONMENT": "/targetEnvironment",
		"INVALID_CALLBACK_URL_HOST":      "/callbackHost",
		"INVALID_CURRENCY":               "/currency",
	}
}

// Outcome reads the table. A state that is not known is not known to be final,
// so it stays PENDING; a failure without a known reason is a service that was
// unavailable, never a guess.
func (s Status) Outcome() Outcome {
	if status, known := statusOf(s.Native); known {
		return Outcome{Status: status, Known: true}
	}
	if s.Native != statusFailed {
		return Outcome{Status: schemas.PaymentPending}
	}
	if setting, ours := misconfigurations()[s.Reason]; ours {
		return Outcome{Setting: setting, Known: true}
	}
	if status, known := reasons()[s.Reason]; known {
		return Outcome{Status: status, Known: true}
	}
	return Outcome{Status: schemas.PaymentServiceUnavailable}
}
