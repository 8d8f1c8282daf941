package airtel

import (
	"github.com/afara-dev/afara/schemas"
)

// Outcome is what a native status means.
type Outcome struct {
	Status schemas.PaymentStatus
	// Setting is the setting at fault, when Airtel failed a transaction for how
	// the connection is configured: that is no outcome of the payment.
	Setting string
	// Known is false for a word that is not in the table.
	Known bool
}

// states are those of a transaction, but for TF.
func states() map[string]schemas.PaymentStatus {
	return map[string]schemas.PaymentStatus{
		"TS":  schemas.PaymentSuccess,
		"TIP": schemas.PaymentPending,
		"TA":  schemas.PaymentPending, // ambiguous: nobody knows yet, so it has not failed
		"TE":  schemas.PaymentTimeout,
	}
}

const stateFailed = "TF"

// codes are what became of a transaction: the first answer to a payment has
// nothing else that counts, and a TF has its reason in one.
func codes() map[string]schemas.PaymentStatus {
	return map[string]schemas.PaymentStatus{
		codeAmbiguous:   schemas.PaymentPending,
		"DP00800001001": schemas.PaymentSuccess,
		"DP00800001002": schemas.PaymentPINInvalid,
		"DP00800001003": schemas.PaymentLimitExceeded,
		"DP00800001004": schemas.PaymentLimitExceeded,
		"DP00800001005": schemas.PaymentTimeout,
		"DP00800001006": schemas.PaymentPending,
		"DP00800001007": schemas.PaymentInsufficientFunds,
		"DP00800001008": schemas.PaymentUserCancelled,
		"DP00800001010": schemas.PaymentAccountBlocked,
		"DP00800001024": schemas.PaymentTimeout,
		"DP00800001029": schemas.PaymentTimeout,

		codePayoutAmbiguous: schemas.PaymentPending,
		"DP00900001001":     schemas.PaymentSuccess,
		"DP00900001003":     schemas.PaymentLimitExceeded,
		"DP00900001004":     schemas.PaymentLimitExceeded,
		"DP00900001005":     schemas.PaymentServiceUnavailable,
		"DP00900001006":     schemas.PaymentPending,
		"DP00900001007":     schemas.PaymentInsufficientFunds,
		"DP00900001009":     schemas.PaymentUnknownMSISDN,
		"DP00900001010":     schemas.PaymentAccountBlocked,
		"DP00900001012":     schemas.PaymentUnknownMSISDN,
		"DP00900001013":     schemas.PaymentUserCancelled,
		"DP00900001017":     schemas.PaymentDuplicateReference,
		"DP00900001019":     schemas.PaymentAccountBlocked,

		// The gateway's.
		"ESB000001": schemas.PaymentServiceUnavailable,
		"ESB000004": schemas.PaymentServiceUnavailable,
		codeTaken:   schemas.PaymentPending,
		"ESB000011": schemas.PaymentServiceUnavailable,
		"ESB000033": schemas.PaymentUnknownMSISDN,
		"ESB000036": schemas.PaymentUnknownMSISDN,
		"ESB000041": schemas.PaymentDuplicateReference,
	}
}

const (
	codeAmbiguous       = "DP00800001000"
	codePayoutAmbiguous = "DP00900001000"
	codeTaken           = "ESB000010"
)

// misconfigurations are Airtel's words for a fault of the connection, with the
// setting to look at.
func misconfigurations() map[string]string {
	return map[string]string{
		"DP00800001026": "/messageSigning",
		"DP00900001018": "/messageSigning",
		"ESB000034":     "/country",
		"ESB000035":     "/currency",
		"ESB000039":     "/country",
	}
}

// missing reports whether a code says that Airtel does not know a transaction.
func missing(code string) bool {
	return code == "DP00800001025" || code == "DP00900001015" || code == "ESB000045"
}

// known reports whether a code says something; codeTaken says nothing beside
// another one.
func known(code string) bool {
	_, outcome := codes()[code]
	_, setting := misconfigurations()[code]
	return outcome && code != codeTaken || setting || missing(code)
}

// Outcome reads the table. Of the first answer to a payment, which tells no
// state, the code decides. A state that is not known is not known to be final,
// so it stays PENDING; a failure without a known reason is a service that was
// unavailable, never a guess.
func (a Answer) Outcome(operation string) Outcome {
	if status, known := states()[a.State]; known {
		return Outcome{Status: status, Known: true}
	}
	if setting, ours := misconfigurations()[a.Code]; ours && a.State == stateFailed {
		return Outcome{Setting: setting, Known: true}
	}
	status, known := codes()[a.Code]
	switch {
	case a.State == stateFailed && (!known || status == schemas.PaymentSuccess || status == schemas.PaymentPending && !ambiguous(a.Code)):
		return Outcome{Status: schemas.PaymentServiceUnavailable}
	case a.State != "" && a.State != stateFailed, !known:
		return Outcome{Status: schemas.PaymentPending}
	case status == schemas.PaymentPINInvalid && operation == schemas.OpPaymentDisburse:
		return Outcome{Setting: "/pin", Known: true} // nobody but the merchant enters one there
	}
	return Outcome{Status: status, Known: true}
}

func ambiguous(code string) bool { return code == codeAmbiguous || code == codePayoutAmbiguous }
