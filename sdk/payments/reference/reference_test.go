package reference_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/payments/reference"
)

// shape is the one that the contract's readers match.
var shape = regexp.MustCompile(`^([A-Z0-9]{2,12})-(PAY|REF|DIS|ABO)(?:-(\d{14}))?-([0-9A-F]{12})$`)

// minted is the time in the contract's example.
func minted() time.Time { return time.Date(2026, 5, 31, 22, 10, 15, 0, time.UTC) }

func TestDeriveGivesTheVectors(t *testing.T) {
	t.Parallel()
	for seed, code := range map[string]string{
		"order-1234":    "71983129E508",
		"ORDER-2026-A1": "3F2BD3EFD707",
		"sub_42":        "3A65B7D82C2E",
	} {
		r, err := reference.Derive("ZANA", reference.Collection, minted(), seed)
		if want := "ZANA-PAY-20260531221015-" + code; err != nil || r.String() != want {
			t.Errorf("%s: %s, %v, want %s", seed, r, err, want)
		}
	}
}

func TestDerivingAgainWithTheSameTimeGivesTheSame(t *testing.T) {
	t.Parallel()
	lagos := time.FixedZone("WAT", 3600)
	first, err := reference.Derive("ZANA", reference.Refund, minted(), "o1")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := reference.Derive("ZANA", reference.Refund, minted().In(lagos).Add(time.Millisecond), "o1"); again != first {
		t.Errorf("%s and %s", first, again)
	}
	if later, _ := reference.Derive("ZANA", reference.Refund, minted().Add(time.Second), "o1"); later == first || later.Code != first.Code {
		t.Errorf("a second later: %s and %s", first, later)
	}
}

func TestMintedCodesAreRandom(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		r, err := reference.Mint(reference.System, reference.Disbursement, minted())
		if err != nil || !shape.MatchString(r.String()) || !strings.HasPrefix(r.String(), "SP-DIS-20260531221015-") {
			t.Fatalf("%s, %v", r, err)
		}
		seen[r.Code] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d codes of 1000 differ", len(seen))
	}
}

func TestWhatCannotBeMintedIsRefused(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() (reference.Reference, error){
		"origin too short": func() (reference.Reference, error) { return reference.Mint("Z", reference.Collection, minted()) },
		"origin too long": func() (reference.Reference, error) {
			return reference.Mint("ABCDEFGHIJKLM", reference.Collection, minted())
		},
		"origin in lower":    func() (reference.Reference, error) { return reference.Mint("zana", reference.Collection, minted()) },
		"origin with a dash": func() (reference.Reference, error) { return reference.Mint("ZA-NA", reference.Collection, minted()) },
		"unknown operation":  func() (reference.Reference, error) { return reference.Mint("ZANA", "PAYX", minted()) },
		"no time":            func() (reference.Reference, error) { return reference.Mint("ZANA", reference.Collection, time.Time{}) },
		"a far time": func() (reference.Reference, error) {
			return reference.Mint("ZANA", reference.Collection, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))
		},
		"no seed": func() (reference.Reference, error) {
			return reference.Derive("ZANA", reference.Collection, minted(), "")
		},
	} {
		if r, err := make(); err == nil || r != (reference.Reference{}) {
			t.Errorf("%s: %s, %v", name, r, err)
		}
	}
}

func TestParseTakesBothForms(t *testing.T) {
	t.Parallel()
	full := reference.Reference{Origin: "ZANA", Op: reference.Collection, Minted: minted(), Code: "8E2884A47B1C"}
	older := reference.Reference{Origin: "A1", Op: reference.Subscription, Code: "000000000000"}
	for s, want := range map[string]reference.Reference{"ZANA-PAY-20260531221015-8E2884A47B1C": full, "A1-ABO-000000000000": older} {
		r, err := reference.Parse(s)
		if err != nil || r != want || r.String() != s {
			t.Errorf("%s: %+v, %v", s, r, err)
		}
	}
}

func TestParseRefusesOtherShapes(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "-", "---", "order-1234", "ZANA-PAY", "ZANA-PAY-20260531221015", "Z-PAY-8E2884A47B1C", "zana-PAY-8E2884A47B1C",
		"ABCDEFGHIJKLM-PAY-8E2884A47B1C", "ZANA-pay-8E2884A47B1C", "ZANA-PAX-8E2884A47B1C", "ZANA-PAY-8e2884a47b1c", "ZANA-PAY-8E2884A47B1",
		"ZANA-PAY-20261331221015-8E2884A47B1C", "ZANA-PAY-20260531221060-8E2884A47B1C", "ZANA-PAY-00000000000000-8E2884A47B1C",
		"ZANA-PAY-2026053122101-8E2884A47B1C", "ZANA-PAY-20260531221015-8E2884A47B1C-1", " ZANA-PAY-8E2884A47B1C", "ZANA-PAY-8E2884A47B1C\n",
		"ZÁNA-PAY-8E2884A47B1C", strings.Repeat("A", 1<<16),
	} {
		if r, err := reference.Parse(s); err == nil || r != (reference.Reference{}) || len(err.Error()) > 200 {
			t.Errorf("%.60q: %+v, %v", s, r, err)
		}
	}
}

func TestOriginOfASlug(t *testing.T) {
	t.Parallel()
	for slug, want := range map[string]string{
		"zana": "ZANA", "ma-boutique.ci": "MABOUTIQUECI", "Épicerie du coin": "PICERIEDUCOI", "a1": "A1", "shop_2": "SHOP2", "ﬁnſ-ab": "NAB",
	} {
		got, err := reference.Origin(slug)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", slug, got, err, want)
		}
	}
	for _, slug := range []string{"", "a", "-_-", "é", "店舗"} {
		if got, err := reference.Origin(slug); err == nil {
			t.Errorf("%q gives %s", slug, got)
		}
	}
}

func TestARefundInheritsTheOrigin(t *testing.T) {
	t.Parallel()
	for of, want := range map[string]string{"ZANA-PAY-20260531221015-8E2884A47B1C": "ZANA", "ZANA-PAY-8E2884A47B1C": "ZANA", "order-1234": "SP", "": "SP"} {
		if got := reference.OriginOf(of); got != want {
			t.Errorf("%s: %s, want %s", of, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"ZANA-PAY-20260531221015-8E2884A47B1C", "ZANA-PAY-8E2884A47B1C", "A1-REF-00010101000000-000000000000", "SP-DIS-20240229000000-FFFFFFFFFFFF", "---"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := reference.Parse(s)
		if err == nil && (r.String() != s || !shape.MatchString(s)) {
			t.Errorf("%q is read as %q", s, r)
		}
		// The shape says nothing of calendars: only a time that is none parts the two.
		if m := shape.FindStringSubmatch(s); err != nil && m != nil {
			if _, wrong := time.Parse("20060102150405", m[3]); m[3] == "" || wrong == nil && m[3] != "00010101000000" {
				t.Errorf("%q is refused: %v", s, err)
			}
		}
	})
}

func FuzzOrigin(f *testing.F) {
	f.Add("ma-boutique.ci")
	f.Add("é1ſ")
	f.Fuzz(func(t *testing.T, slug string) {
		origin, err := reference.Origin(slug)
		if err != nil {
			return
		}
		r, err := reference.Mint(origin, reference.Collection, minted())
		if err != nil || reference.OriginOf(r.String()) != origin {
			t.Errorf("%q gives %q: %v", slug, origin, err)
		}
	})
}

func ExampleDerive() {
	origin, _ := reference.Origin("zana")
	created := time.Date(2026, 5, 31, 22, 10, 15, 0, time.UTC) // stored with the order
	r, err := reference.Derive(origin, reference.Collection, created, "order-1234")
	fmt.Println(r, err)
	// Output: ZANA-PAY-20260531221015-71983129E508 <nil>
}
