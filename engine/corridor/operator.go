package corridor

import (
	"slices"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/msisdn"
)

// market is where an operator takes payments. MTN and Togo are named together by
// SandPay alone: no number there is told to be MTN's, and a caller may say so.
type market struct {
	operator  msisdn.Operator
	countries []msisdn.Country
	// commission is what a corridor of it costs unless it says otherwise, in
	// hundredths of a percent.
	commission int64
}

func markets() []market {
	return []market{
		{msisdn.MTN, []msisdn.Country{msisdn.CI, msisdn.BJ, msisdn.TG, msisdn.RW}, 100},
		{msisdn.Orange, []msisdn.Country{msisdn.CI}, 100},
		{msisdn.Moov, []msisdn.Country{msisdn.CI, msisdn.BJ, msisdn.TG}, 150},
		{msisdn.Airtel, []msisdn.Country{msisdn.RW}, 100},
	}
}

// Currency is that of a country's corridors unless they say otherwise.
func Currency(country string) string {
	if country == string(msisdn.RW) {
		return "RWF"
	}
	return "XOF"
}

// marketOf finds the operator's, or says what is wrong with the corridor's name.
func marketOf(k key) (market, []domain.FieldError) {
	var operators []string
	for _, m := range markets() {
		if string(m.operator) == k.operator {
			return m, m.checkCountry(k.country)
		}
		operators = append(operators, string(m.operator))
	}
	return market{}, []domain.FieldError{{
		Pointer: "/path/operator", Code: "operator_unknown", Detail: "is no operator of mobile money here", Fix: "use one of " + strings.Join(operators, ", "),
	}}
}

func (m market) checkCountry(country string) []domain.FieldError {
	if slices.Contains(m.countries, msisdn.Country(country)) {
		return nil
	}
	names := make([]string, len(m.countries))
	for i, c := range m.countries {
		names[i] = string(c)
	}
	return []domain.FieldError{{
		Pointer: "/path/country", Code: "country_unknown", Detail: "is no country in which " + string(m.operator) + " takes payments",
		Fix: "use one of " + strings.Join(names, ", "),
	}}
}
