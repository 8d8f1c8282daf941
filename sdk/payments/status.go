package payments

// Status is how far a transaction is. There are exactly eleven.
type Status string

// The statuses. All but Pending are final.
const (
	Success            Status = "SUCCESS"             // done
	PINInvalid         Status = "PIN_INVALID"         // the payer typed a wrong PIN
	InsufficientFunds  Status = "INSUFFICIENT_FUNDS"  // the payer has less than CustomerTotal; of a payout, the float is short
	Timeout            Status = "TIMEOUT"             // the operator, or a prompt that nobody answered, timed out
	AccountBlocked     Status = "ACCOUNT_BLOCKED"     // the SIM or account is blocked
	UserCancelled      Status = "USER_CANCELLED"      // the payer refused
	UnknownMSISDN      Status = "UNKNOWN_MSISDN"      // the operator does not know the number
	LimitExceeded      Status = "LIMIT_EXCEEDED"      // over a limit of the operator
	ServiceUnavailable Status = "SERVICE_UNAVAILABLE" // the operator cannot, or gives no reason
	DuplicateReference Status = "DUPLICATE_REFERENCE" // the operator had the reference before
	Pending            Status = "PENDING"             // accepted, not settled
)

// Statuses lists all eleven.
func Statuses() []Status {
	return []Status{
		Success, PINInvalid, InsufficientFunds, Timeout, AccountBlocked, UserCancelled,
		UnknownMSISDN, LimitExceeded, ServiceUnavailable, DuplicateReference, Pending,
	}
}

// Final reports whether the status never changes any more. The empty one, of an
// answer without a status, is not final.
func (s Status) Final() bool { return s != Pending && s != "" }
