package msisdn

// The codes of an Error.
const (
	CodeForm     = "msisdn_form"           // not E.164
	CodeCountry  = "country_undetermined"  // none of the four countries
	CodeOperator = "operator_undetermined" // nobody's block, or somebody's who is not asked through us
)

// Error says what cannot be told of a number, and what to do. It never quotes
// the number, which is personal.
type Error struct {
	Code string
	// Country is set when it is known and the operator is not.
	Country Country
	Detail  string
	Fix     string
}

// Error implements error.
func (e *Error) Error() string { return e.Detail + " " + e.Fix }
