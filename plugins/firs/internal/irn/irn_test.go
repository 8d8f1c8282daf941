package irn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/afara-dev/afara/plugins/firs/internal/irn"
)

const issued = "{{invoice_id(e.g:INV00XXX)}}-59854B81-{{YYYYMMDD(e.g:20250629)}}"

func TestTheAuthoritysTemplateMakesTheIRN(t *testing.T) {
	t.Parallel()
	template, err := irn.Parse(issued)
	if err != nil {
		t.Fatal(err)
	}
	got, err := template.Format("INV25217122312346Q42FME", "2025-08-05")
	if want := "INV25217122312346Q42FME-59854B81-20250805"; err != nil || got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
	if err := irn.Check(got); err != nil {
		t.Fatalf("own irn refused: %v", err)
	}
}

func TestAKeyOfFullLengthStillFits(t *testing.T) {
	t.Parallel()
	template, _ := irn.ForService("E3A89069")
	got, err := template.Format(strings.Repeat("A", 32), "2026-11-23")
	if err != nil || len(got) != irn.MaxLength {
		t.Fatalf("got %q, %v", got, err)
	}
	if _, err := template.Format(strings.Repeat("A", 33), "2026-11-23"); !errors.Is(err, irn.ErrInput) {
		t.Fatalf("33 characters: %v", err)
	}
}

func TestInputThatMakesNoIRNIsRefused(t *testing.T) {
	t.Parallel()
	template, _ := irn.ForService("E3A89069")
	for _, c := range []struct{ key, date string }{
		{"", "2026-11-23"}, {"inv1", "2026-11-23"}, {"INV-1", "2026-11-23"}, {"ÉTÉ", "2026-11-23"},
		{"INV1", "20261123"}, {"INV1", "2026-02-30"}, {"INV1", ""},
	} {
		if got, err := template.Format(c.key, c.date); !errors.Is(err, irn.ErrInput) {
			t.Errorf("%q on %q: got %q, %v", c.key, c.date, got, err)
		}
	}
}

func TestTemplatesThatAreNotUnderstoodAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "59854B81", "{{invoice_id}}-{{YYYYMMDD}}", "{{YYYYMMDD}}-59854B81-{{invoice_id}}",
		"{{invoice_id}}-59854B8-{{YYYYMMDD}}", "{{invoice_id}}-59854B81-{{YYYYMMDD}}-X", "{{invoice_id-59854B81-{{YYYYMMDD}}",
	} {
		if _, err := irn.Parse(text); !errors.Is(err, irn.ErrTemplate) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCheckWantsFormLengthAndARealDate(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"INV001-94ND90NR-20240611":                     true,
		"INV001-94ND90NR-20240631":                     false,
		"INV001-94ND90N-20240611":                      false,
		"-94ND90NR-20240611":                           false,
		"INV/1-94ND90NR-20240611":                      false,
		"INV001-94ND90NR-20240611-1":                   false,
		strings.Repeat("A", 33) + "-94ND90NR-20240611": false,
		"INV001-94ND90NR-2024 611":                     false,
	} {
		if err := irn.Check(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(issued, "INV1", "2026-11-23")
	f.Add("{{invoice_id}}-E3A89069-{{YYYYMMDD}}", "A", "2024-02-29")
	f.Fuzz(func(t *testing.T, text, key, date string) {
		template, err := irn.Parse(text)
		if err != nil {
			return
		}
		made, err := template.Format(key, date)
		if err != nil {
			return
		}
		if err := irn.Check(made); err != nil {
			t.Fatalf("%q of %q, %q, %q: %v", made, text, key, date, err)
		}
	})
}
