package msisdn_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/afara-dev/afara/sdk/msisdn"
)

func detect(t *testing.T, s string) string {
	t.Helper()
	n, err := msisdn.Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	country, operator, err := msisdn.Detect(n)
	var e *msisdn.Error
	if errors.As(err, &e) {
		if e.Detail == "" || e.Fix == "" || strings.Contains(err.Error(), n.Digits()) {
			t.Errorf("%s: %v", s, err)
		}
		return strings.TrimSpace(string(country) + " " + e.Code)
	}
	return string(country) + " " + string(operator)
}

func TestCountryAndOperatorAreTold(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"+2250707123456": "CI orange",
		"+2250501234567": "CI mtn",
		"+2250140123456": "CI moov",
		"+22507123456":   "CI orange", // eight digits, the plan before 2021
		"+22505123456":   "CI mtn",
		"+22541123456":   "CI moov",
		"+2252720123456": "CI operator_undetermined", // a fixed line
		"+2290197123456": "BJ mtn",
		"+2290195123456": "BJ moov",
		"+2290192123456": "BJ operator_undetermined", // Celtiis
		"+22997123456":   "BJ mtn",                   // eight digits, the plan before November 2024
		"+22995123456":   "BJ moov",
		"+22890123456":   "TG operator_undetermined", // Togocom
		"+22896123456":   "TG moov",
		"+250788123456":  "RW mtn",
		"+250790123456":  "RW mtn",
		"+250730123456":  "RW airtel",
		"+250722123456":  "RW airtel",
		"+250750123456":  "RW operator_undetermined",
		"+250772123456":  "RW operator_undetermined", // KtRN
		"+2348031234567": "country_undetermined",
		"+33612345678":   "country_undetermined",
		"+2250":          "",
	} {
		if want == "" {
			if _, err := msisdn.Parse(number); err == nil {
				t.Errorf("%s is taken", number)
			}
			continue
		}
		if got := detect(t, number); got != want {
			t.Errorf("%s is %s, want %s", number, got, want)
		}
	}
}

func TestOnlyTheInternationalFormIsTaken(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "0707123456", "2250707123456", "+0250707123456", "+225 07 07 12 34 56", "+225070712345a", "+1234567890123456", "+123456", "+2250707123456\n"} {
		_, err := msisdn.Parse(bad)
		var e *msisdn.Error
		if !errors.As(err, &e) || e.Code != msisdn.CodeForm || e.Fix == "" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestNationalNumbersAreOfTodaysPlan(t *testing.T) {
	t.Parallel()
	for number, want := range map[msisdn.Number]string{
		"+22507123456": "0707123456", "+2250707123456": "0707123456", "+22997123456": "0197123456",
		"+22896123456": "96123456", "+250788123456": "788123456",
	} {
		if got, ok := number.National(); !ok || got != want {
			t.Errorf("%s: %s", number, got)
		}
	}
	if _, ok := msisdn.Number("+33612345678").National(); ok {
		t.Error("a French number has a plan here")
	}
	if got := msisdn.Number("+250788123456").Masked(); got != "+250•••••••56" {
		t.Error(got)
	}
}

// A block that was assigned lately, or given to another, is a row more.
func TestATableCanBeExtended(t *testing.T) {
	t.Parallel()
	table := msisdn.Default.With(
		msisdn.Row{Country: msisdn.RW, Prefix: "75", Operator: msisdn.MTN},
		msisdn.Row{Country: msisdn.RW, Prefix: "7512", Operator: msisdn.Airtel},
		msisdn.Row{Country: msisdn.RW, Prefix: "73", Operator: msisdn.MTN},
	)
	for number, want := range map[msisdn.Number]msisdn.Operator{
		"+250750123456": msisdn.MTN, "+250751223456": msisdn.Airtel, "+250730123456": msisdn.MTN, "+250788123456": msisdn.MTN,
	} {
		if _, got, err := table.Detect(number); err != nil || got != want {
			t.Errorf("%s: %s %v", number, got, err)
		}
	}
	if _, _, err := msisdn.Detect("+250750123456"); err == nil {
		t.Error("the default table has changed")
	}
}

// named is what the library's carrier is called here.
var named = map[string]msisdn.Operator{"MTN": msisdn.MTN, "Orange": msisdn.Orange, "Moov": msisdn.Moov, "Airtel": msisdn.Airtel, "TIGO": msisdn.Airtel}

// TestTheTableIsThatOfLibphonenumber asks another's metadata about each block of
// four digits of the four countries.
func TestTheTableIsThatOfLibphonenumber(t *testing.T) {
	t.Parallel()
	told := 0
	for calling, digits := range map[string]int{"225": 10, "229": 10, "228": 8, "250": 9} {
		for block := range 10000 {
			national := fmt.Sprintf("%04d", block) + strings.Repeat("1", digits-4)
			parsed, err := phonenumbers.Parse("+"+calling+national, "")
			if err != nil || !phonenumbers.IsValidNumber(parsed) {
				continue
			}
			carrier, err := phonenumbers.GetCarrierForNumber(parsed, "en")
			if err != nil {
				t.Fatal(err)
			}
			want := named[carrier]
			_, got, _ := msisdn.Detect(msisdn.Number("+" + calling + national))
			if got != want {
				t.Errorf("+%s%s is %q here and of %q there", calling, national, got, carrier)
			}
			if got != "" {
				told++
			}
		}
	}
	if told < 1000 {
		t.Errorf("the library knows only %d numbers", told)
	}
}

func FuzzDetect(f *testing.F) {
	for _, s := range []string{"+2250707123456", "+22507123456", "+229", "+2291234567", "+250", "+22"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := msisdn.Parse(s)
		if err != nil {
			return
		}
		country, operator, err := msisdn.Detect(n)
		if (err == nil) != (country != "" && operator != "") || string(n) != s {
			t.Errorf("%q: %q %q %v", s, country, operator, err)
		}
		if strings.Contains(n.Masked(), n.Digits()) {
			t.Errorf("%q is shown", s)
		}
	})
}
