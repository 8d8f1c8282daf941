package flooz

import (
	"regexp"
	"strings"

	"github.com/afara-dev/afara/schemas"
)

// Moov's codes with a meaning of their own.
const (
	codeDone       = "0"
	codePending    = "100"
	codeParameters = "91" // parameters are missing
	codeCancelled  = "92" // the push timed out or was cancelled
	codeMissing    = "94" // no such transaction
	codeFailed     = "95"
	codeKeys       = "98"
)

// internal are Moov's words for a fault of its own. Where no transaction is named
// beside them they tell of the call and not of a payment.
func internal(code string) bool { return code == "99" || code == "-1" }

// Outcome is what a native code and its text mean.
type Outcome struct {
	Status schemas.PaymentStatus
	// Known is false for a code that is not in the table.
	Known bool
}

// codes are Moov's, but for those that say nothing of a payment: 91, 94 and 98.
func codes() map[string]schemas.PaymentStatus {
	return map[string]schemas.PaymentStatus{
		codeDone:      schemas.PaymentSuccess,
		codePending:   schemas.PaymentPending,
		"1":           schemas.PaymentServiceUnavailable, // 1, 2 and 4: not permitted, to whom is not told
		"2":           schemas.PaymentServiceUnavailable,
		"3":           schemas.PaymentUnknownMSISDN,
		"4":           schemas.PaymentServiceUnavailable,
		"6":           schemas.PaymentAccountBlocked,
		"7":           schemas.PaymentAccountBlocked,
		"8":           schemas.PaymentInsufficientFunds,
		"9":           schemas.PaymentAccountBlocked,
		"10":          schemas.PaymentInsufficientFunds,
		"11":          schemas.PaymentLimitExceeded,
		"12":          schemas.PaymentLimitExceeded,
		"13":          schemas.PaymentLimitExceeded,
		"14":          schemas.PaymentLimitExceeded,
		"15":          schemas.PaymentLimitExceeded,
		"16":          schemas.PaymentLimitExceeded,
		"17":          schemas.PaymentLimitExceeded,
		"18":          schemas.PaymentLimitExceeded,
		"19":          schemas.PaymentLimitExceeded,
		"20":          schemas.PaymentLimitExceeded,
		codeCancelled: schemas.PaymentTimeout,
		codeFailed:    schemas.PaymentServiceUnavailable,
		"99":          schemas.PaymentServiceUnavailable,
		"-1":          schemas.PaymentServiceUnavailable,
		"555":         schemas.PaymentUnknownMSISDN,
	}
}

// text is what a text beside a code says more than the code.
type text struct {
	code   string
	says   *regexp.Regexp
	but    *regexp.Regexp // nil, or what it may not say as well
	status schemas.PaymentStatus
}

// These never change; they are compiled once because each answer is held to them.
var (
	saysCancelled = regexp.MustCompile(`(?i)cancel|annul`)
	saysTime      = regexp.MustCompile(`(?i)time|expir|d[ée]lai`)
	saysPIN       = regexp.MustCompile(`(?i)\bpin\b`)
	saysDuplicate = regexp.MustCompile(`(?i)dupli[cq]`)
)

// texts part codes that Moov uses for several ends. A text that names both ends
// of its code parts nothing.
func texts() []text {
	return []text{
		{codeCancelled, saysCancelled, saysTime, schemas.PaymentUserCancelled},
		{codeFailed, saysPIN, saysDuplicate, schemas.PaymentPINInvalid},
		{codeFailed, saysDuplicate, saysPIN, schemas.PaymentDuplicateReference},
	}
}

// Outcome reads the table. A code that is not known is not known to be final, so
// the payment stays PENDING.
func (a Answer) Outcome() Outcome {
	for _, t := range texts() {
		if a.Code == t.code && t.says.MatchString(a.Text) && !t.but.MatchString(a.Text) {
			return Outcome{t.status, true}
		}
	}
	if status, known := codes()[a.Code]; known {
		return Outcome{status, true}
	}
	return Outcome{Status: schemas.PaymentPending}
}

// duplicate reports whether Moov says that it knows the reference already.
func (a Answer) duplicate() bool { return a.Outcome().Status == schemas.PaymentDuplicateReference }

// word is a code as the table has it: 092 is 92.
func word(code string) string {
	code = strings.TrimSpace(code)
	if trimmed := strings.TrimLeft(code, "0"); trimmed != "" || code == "" {
		return trimmed
	}
	return codeDone
}
