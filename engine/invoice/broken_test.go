package invoice_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/schemas/schematest"
)

const examples = "../../schemas/testdata/v1"

// moment is when the examples are read, and seller whose they are.
func moment() time.Time { return time.Date(2025, 8, 5, 12, 0, 0, 0, time.UTC) }

func seller() invoice.Defaults {
	return invoice.Defaults{
		BusinessID: "6f1e4a52-8f0b-4d55-9a38-0d6a3c1d2b10",
		Supplier: &schemas.Party{
			PartyName: "Baobab Foods Limited", TIN: "12345678-0001", Email: "tax@baobabfoods.example",
			PostalAddress: &schemas.Address{StreetName: "5 Marina", CityName: "Lagos", Country: "NG"},
		},
		ReferenceKey: &schemas.ReferenceKey{Strip: "-/. ", Case: "upper", Pattern: "^[A-Z0-9]+$", MaxLength: 32},
	}
}

func TestEveryBrokenInvoiceIsRefusedWithEachFaultNamed(t *testing.T) {
	t.Parallel()
	cases := schematest.Broken(t, examples)
	if len(cases) < 60 {
		t.Fatalf("only %d broken invoices", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			_, _, err := invoice.Read(c.Body, seller(), moment())
			var refusal *domain.Error
			if !errors.As(err, &refusal) {
				t.Fatalf("want a *domain.Error, got %v", err)
			}
			for _, want := range c.Expect {
				if !slices.ContainsFunc(refusal.Fields, func(f domain.FieldError) bool {
					return f.Pointer == want.Pointer && f.Code == want.Code
				}) {
					t.Errorf("%s at %q is not among %+v", want.Code, want.Pointer, refusal.Fields)
				}
			}
			for _, f := range refusal.Fields {
				if f.Code == "" || len(f.Detail) < 10 || len(f.Fix) < 4 {
					t.Errorf("a person cannot act on %+v", f)
				}
			}
		})
	}
}

func TestABrokenRuleIsNamedAloneWithoutAChainOfOthers(t *testing.T) {
	t.Parallel()
	for _, c := range schematest.Load(t, filepath.Join(examples, "broken")) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			_, _, err := invoice.Read(c.Body, seller(), moment())
			var refusal *domain.Error
			if !errors.As(err, &refusal) {
				t.Fatalf("want a *domain.Error, got %v", err)
			}
			if len(refusal.Fields) != len(c.Expect) {
				t.Errorf("want %d faults %v, got %+v", len(c.Expect), c.Expect, refusal.Fields)
			}
		})
	}
}

func TestEveryValidInvoiceIsRead(t *testing.T) {
	t.Parallel()
	paths, _ := filepath.Glob(filepath.Join(examples, "valid", "invoice", "*.json"))
	if len(paths) < 10 {
		t.Fatalf("only %d examples", len(paths))
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			t.Parallel()
			body := file(t, path)
			doc, inv, err := invoice.Read(body, seller(), moment())
			if err != nil {
				var refusal *domain.Error
				errors.As(err, &refusal)
				t.Fatalf("%v: %+v", err, refusal)
			}
			if !doc.Intact() || inv.InvoiceNumber == "" {
				t.Error("the document or the invoice is not what was read")
			}
		})
	}
}

func file(t testing.TB, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
