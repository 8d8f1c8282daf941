package flooz

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/afara-dev/afara/sdk/msisdn"
)

// NumberForm is how a number stands in a SOAP call; clients have seen several.
type NumberForm string

// The forms, of +2290195123456.
const (
	International NumberForm = "international" // 2290195123456
	National      NumberForm = "national"      // 0195123456
	Short         NumberForm = "short"         // 95123456, of the plan before 2024
)

// shortDigits is how long numbers were before a prefix was put in front.
const shortDigits = 8

// callingCode is a plus sign and three digits wherever Moov's numbers are known.
const callingCode = 4

// Number writes a number in E.164 in a form, in today's numbering plan but for
// the short one. A number of another country goes whole.
func Number(number string, form NumberForm) string {
	national, known := msisdn.Number(number).National()
	if !known {
		return msisdn.Number(number).Digits()
	}
	switch form {
	case National:
		return national
	case Short:
		return national[max(0, len(national)-shortDigits):]
	}
	return strings.TrimPrefix(number[:callingCode]+national, "+")
}

// amount writes whole units: XOF has no minor unit.
func amount(units int64) string { return strconv.FormatInt(units, 10) }

// maxMessage is what a payer's screen is taken to hold; Moov tells no limit.
const maxMessage = 160

// Message makes a text for the payer's screen: one line of at most 160
// characters, nothing that does not print.
func Message(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(text), " "))
	return strings.TrimSpace(string(runes[:min(len(runes), maxMessage)]))
}
