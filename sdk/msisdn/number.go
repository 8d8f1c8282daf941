package msisdn

import (
	"regexp"
	"strings"
)

// Number is a telephone number in E.164 form, as it was given.
type Number string

var form = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// Parse takes a number in the form +2250707123456: a plus sign, the country
// code, and 7 to 15 digits in all, without spaces. The error is an *Error with
// the code CodeForm.
func Parse(s string) (Number, error) {
	if !form.MatchString(s) {
		return "", &Error{Code: CodeForm, Detail: "The number is not in international form.",
			Fix: "Send a plus sign, the country code and the number, 7 to 15 digits without spaces, like +2250707123456."}
	}
	return Number(s), nil
}

// Digits is the number without its plus sign, as most operators want it.
func (n Number) Digits() string { return strings.TrimPrefix(string(n), "+") }

// Masked shows enough of the number to know it again, for logs: the country code
// and the last two digits.
func (n Number) Masked() string {
	const head, tail = 4, 2
	if len(n) <= head+tail {
		return strings.Repeat("•", len(n))
	}
	return string(n[:head]) + strings.Repeat("•", len(n)-head-tail) + string(n[len(n)-tail:])
}

// National is the number without its country code, in today's numbering plan:
// a number of an old one is written anew. It is false for a country that is not
// one of the four.
func (n Number) National() (string, bool) {
	c, rest, ok := n.split()
	if !ok {
		return "", false
	}
	return c.renew(rest), true
}

// Country is the ISO 3166-1 alpha-2 code; false when it is not one of the four.
func (n Number) Country() (Country, bool) {
	c, _, ok := n.split()
	return c.code, ok
}

func (n Number) split() (plan, string, bool) {
	for _, p := range plans {
		if rest, ok := strings.CutPrefix(n.Digits(), p.calling); ok {
			return p, rest, true
		}
	}
	return plan{}, "", false
}
