package schemas_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
)

func decimal(t testing.TB, s string) schemas.Decimal {
	t.Helper()
	d, err := schemas.ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestADecimalKeepsItsDigits(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "100": "100", "100.00": "100.00", "-7.280": "-7.280", "0.075": "0.075", "1e2": "100", "12E-1": "1.2",
		"9007199254740993": "9007199254740993", "999999999999999999999999.99": "999999999999999999999999.99", "-0.00": "0.00",
	} {
		var d schemas.Decimal
		if err := json.Unmarshal([]byte(in), &d); err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got, err := json.Marshal(d); err != nil || string(got) != want {
			t.Errorf("%s became %s, %v, want %s", in, got, err, want)
		}
	}
}

func TestWhatIsNoNumberIsNoDecimal(t *testing.T) {
	t.Parallel()
	for _, in := range []string{`"1"`, `null`, `true`, `{}`, `1e999999999`, `1e60`, `1000000E58`, strings.Repeat("1", 65)} {
		var d schemas.Decimal
		if err := json.Unmarshal([]byte(in), &d); err == nil {
			t.Errorf("%s became %s", in, d)
		}
	}
	for _, in := range []string{"", " 1", "1 ", "0x1", "1_0", "NaN", "Infinity", "+", "1e", "--1"} {
		if d, err := schemas.ParseDecimal(in); err == nil {
			t.Errorf("%q became %s", in, d)
		}
	}
}

func TestRoundingIsHalfUpAwayFromZero(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"7.275": "7.28", "7.274999": "7.27", "-7.275": "-7.28", "0.005": "0.01", "2.5": "2.5"} {
		if got := decimal(t, in).Round(2).Short().String(); got != want {
			t.Errorf("%s rounds to %s, want %s", in, got, want)
		}
	}
	// 0.0049999999999999999999 divided in two steps would round up twice.
	if got := decimal(t, "0.0149999999999999999997").Div(decimal(t, "3"), 2).String(); got != "0.00" {
		t.Errorf("a third of a hair under 0.015 is %s", got)
	}
	if got := decimal(t, "1").Div(schemas.Decimal{}, 2); !got.IsZero() {
		t.Errorf("a division by zero gave %s", got)
	}
}

func TestDecimalsCompareByValue(t *testing.T) {
	t.Parallel()
	one, long := decimal(t, "1"), decimal(t, "1.000")
	if !one.Equal(long) || one.Cmp(decimal(t, "1.001")) != -1 || long.Short().String() != "1" || schemas.NewDecimal(728, -2).String() != "7.28" {
		t.Error("1 and 1.000 differ, or Short is long")
	}
	if got := one.Add(long).Sub(decimal(t, "0.5")).Mul(decimal(t, "2")); !got.Equal(decimal(t, "3")) || got.Sign() != 1 {
		t.Errorf("(1 + 1 - 0.5) × 2 is %s", got)
	}
}

func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"0", "-1.50", "1e3", "1E-3", "1000000E58"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := schemas.ParseDecimal(s)
		if err != nil {
			return
		}
		again, err := schemas.ParseDecimal(d.String())
		if err != nil || !again.Equal(d) || again.String() != d.String() {
			t.Fatalf("%q became %s and that %s, %v", s, d, again, err)
		}
		if !json.Valid([]byte(d.String())) {
			t.Fatalf("%q became %s, which is no JSON number", s, d)
		}
	})
}

func TestHundredthsAreWholeNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"0": 0, "104.28": 10428, "7.5": 750, "1e2": 10000, "999999999999.99": 99999999999999} {
		if got := decimal(t, in).Hundredths(); got != want {
			t.Errorf("%s is %d hundredths, want %d", in, got, want)
		}
	}
}
