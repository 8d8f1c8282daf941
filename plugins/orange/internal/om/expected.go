package om

import (
	"strconv"
	"strings"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/msisdn"
)

// Expected is what a payment must be about.
type Expected struct {
	Reference string
	Amount    int64
	Number    string // E.164
}

// Differences holds a payment against what it must be about. What Orange does
// not tell does not differ; webpay tells no number.
func (s Status) Differences(e Expected) []schemas.Difference {
	var list []schemas.Difference
	differ := func(field, expected, found string) {
		list = append(list, schemas.Difference{Field: field, Expected: short(expected), Found: short(found)})
	}
	if s.Reference != "" && s.Reference != e.Reference {
		differ("operatorReference", e.Reference, s.Reference)
	}
	if s.Amount != "" {
		got, err := schemas.ParseDecimal(s.Amount)
		if err != nil || !got.Equal(schemas.NewDecimal(e.Amount, 0)) {
			differ("amount", strconv.FormatInt(e.Amount, 10), s.Amount)
		}
	}
	if s.Number != "" && !same(s.Number, e.Number) {
		differ("msisdn", e.Number, s.Number)
	}
	return list
}

// National is a number as the core API wants it: without its country code, in
// today's numbering plan; false of a country that is not known.
func National(number string) (string, bool) { return msisdn.Number(number).National() }

// same reports whether Orange's number, national or with the country code, is
// one in E.164.
func same(theirs, ours string) bool {
	theirs = strings.TrimPrefix(theirs, "+")
	national, known := National(ours)
	if known && theirs == national {
		return true
	}
	renewed, alike := National("+" + theirs)
	return "+"+theirs == ours || known && alike && renewed == national
}

const maxShown = 500

func short(s string) string {
	s = strings.ToValidUTF8(s, "�")
	if runes := []rune(s); len(runes) > maxShown {
		return string(runes[:maxShown])
	}
	return s
}
