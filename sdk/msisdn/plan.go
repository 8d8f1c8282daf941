package msisdn

// Country is an ISO 3166-1 alpha-2 code.
type Country string

// The countries whose numbers are known.
const (
	CI Country = "CI" // Côte d'Ivoire
	BJ Country = "BJ" // Benin
	TG Country = "TG" // Togo
	RW Country = "RW" // Rwanda
)

// plan is how a country numbers its telephones.
type plan struct {
	code    Country
	calling string // country code
	// renew writes a national number of an older plan in today's.
	renew func(national string) string
}

var plans = []plan{
	{CI, "225", renewCI},
	{BJ, "229", renewBJ},
	{TG, "228", asItIs},
	{RW, "250", asItIs},
}

func asItIs(national string) string { return national }

// oldDigits is how long numbers were in Côte d'Ivoire and Benin.
const oldDigits = 8

// renewCI puts the operator's prefix in front of an 8-digit number: its second
// digit says whose it was when the plan changed.
func renewCI(national string) string {
	if len(national) != oldDigits {
		return national
	}
	switch second := national[1]; {
	case second <= '3':
		return "01" + national
	case second <= '6':
		return "05" + national
	default:
		return "07" + national
	}
}

// renewBJ puts 01 in front of an 8-digit number, whosever it is.
func renewBJ(national string) string {
	if len(national) != oldDigits {
		return national
	}
	return "01" + national
}
