package callback

// Status is where a delivery stands.
type Status string

const (
	StatusPending   Status = "pending"   // it is or will be attempted
	StatusDelivered Status = "delivered" // the receiver has it
	StatusExhausted Status = "exhausted" // all attempts of its policy failed
	StatusRefused   Status = "refused"   // the receiver, or the guard, does not want it
	StatusAbandoned Status = "abandoned" // its endpoint was deleted or disabled
)

// failed are the statuses of deliveries that ended without arriving.
func failed(s Status) bool {
	return s == StatusExhausted || s == StatusRefused || s == StatusAbandoned
}
