package invoice_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/schemas"
)

var update = flag.Bool("update", false, "write the golden files anew")

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// signed is what became of DigiTax's sample.
func signed() invoice.ViewState {
	return invoice.ViewState{
		ID:          "inv_01K1X2Z26VPAVPTMTA3CGTWCQ8",
		PartyID:     "party_01K1SMHY16R73ZZA7QYR6R44Y5",
		Items:       []domain.ItemID{"item_01K1SMDHV51XTR7MHT3TFFEYKA"},
		Status:      invoice.StatusCompleted,
		IRN:         "INV25217122312346Q42FME-E3A89069-20250805",
		QR:          "c2FtcGxlIHFyIHRleHQ=",
		CreatedAt:   at("2025-08-05T12:23:12.351Z"),
		UpdatedAt:   at("2025-08-05T12:23:13.181Z"),
		ValidatedAt: at("2025-08-05T12:23:12.785Z"),
		SignedAt:    at("2025-08-05T12:23:13.181Z"),
	}
}

func TestTheDigiTaxSampleIsShownAsDigiTaxShowsIt(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(invoice.View(read(t, "digitax_sample"), signed()), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(examples, "valid", "invoice_view", "digitax_sample.json")
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := file(t, path); !bytes.Equal(bytes.TrimSpace(want), got) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestEveryViewKeepsItsSchema(t *testing.T) {
	t.Parallel()
	paths, _ := filepath.Glob(filepath.Join(examples, "valid", "invoice", "*.json"))
	states := map[string]invoice.ViewState{
		"signed": signed(),
		"draft":  {ID: "inv_01K1X2Z26VPAVPTMTA3CGTWCQ8", Environment: "env_1", Status: invoice.StatusDraft, HeldReason: "the vendor cannot tell"},
		"rejected": {
			ID: "inv_01K1X2Z26VPAVPTMTA3CGTWCQ8", OriginalID: "inv_01K1X2Z26VPAVPTMTA3CGTWCQ9", Status: invoice.StatusRejected,
			Errors: []domain.FieldError{{Pointer: "/issue_date", Code: "rejected", Detail: "the vendor said no"}},
		},
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		for what, state := range states {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel()
				body, err := json.Marshal(invoice.View(read(t, name), state))
				if err != nil {
					t.Fatal(err)
				}
				if err := schemas.Validate(schemas.InvoiceViewV1, body); err != nil {
					t.Errorf("%v\n%s", err, body)
				}
			})
		}
	}
}

func TestTheIRNAndTheQRAreHiddenUntilSigned(t *testing.T) {
	t.Parallel()
	state := signed()
	state.SignedAt = time.Time{}
	v := invoice.View(read(t, "digitax_sample"), state)
	if v.InvoiceReferenceNumber != nil || v.QRCodeData != nil {
		t.Error("an IRN that may never be registered is shown")
	}
}

func TestANoteShowsWhatItCorrects(t *testing.T) {
	t.Parallel()
	state := signed()
	state.OriginalID = "inv_01K1X2Z26VPAVPTMTA3CGTWCQ9"
	v := invoice.View(read(t, "credit_note"), state)
	if v.OriginalInvoiceID == nil || *v.OriginalInvoiceID != string(state.OriginalID) {
		t.Errorf("original_invoice_id is %v", v.OriginalInvoiceID)
	}
	if len(v.BillingReference) != 1 || v.BillingReference[0].IRN != "INV0001-94ND90NR-20250701" {
		t.Errorf("billing_reference is %v", v.BillingReference)
	}
}

func TestRatesAreFractionsOnItemsAndPercentInTaxes(t *testing.T) {
	t.Parallel()
	v := invoice.View(read(t, "two_tax_categories"), signed())
	if got := v.Taxes[0].TaxPercentage.String(); got != "7.5" {
		t.Errorf("tax_percentage is %s", got)
	}
	for i, want := range []string{"0.075", "0"} {
		if got := v.Items[i].TaxRate; got == nil || got.String() != want {
			t.Errorf("tax_rate of item %d is %v, want %s", i, got, want)
		}
	}
	if v.Items[0].DiscountRate != nil || v.Items[0].FeeAmount != nil {
		t.Error("what was not given is not null")
	}
}

func TestWithholdingTaxIsNotPartOfTheTax(t *testing.T) {
	t.Parallel()
	v := invoice.View(read(t, "withholding_tax"), signed())
	if v.TaxAmount.String() != "75" || len(v.Taxes) != 2 || v.Items[0].TaxRate.String() != "0.075" {
		t.Errorf("tax_amount %s, taxes %v, tax_rate %v", v.TaxAmount, v.Taxes, v.Items[0].TaxRate)
	}
}

func read(t testing.TB, name string) *schemas.Invoice {
	t.Helper()
	inv := new(schemas.Invoice)
	if err := json.Unmarshal(file(t, filepath.Join(examples, "valid", "invoice", name+".json")), inv); err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestLineIDsAreStableAndDistinct(t *testing.T) {
	t.Parallel()
	ids := []string{invoice.LineID("inv_a", 0), invoice.LineID("inv_a", 1), invoice.LineID("inv_b", 0)}
	again := []string{invoice.LineID("inv_a", 0), invoice.LineID("inv_a", 1), invoice.LineID("inv_b", 0)}
	if !reflect.DeepEqual(ids, again) || ids[0] == ids[1] || ids[0] == ids[2] {
		t.Errorf("ids %v, then %v", ids, again)
	}
	if !domain.IsID(domain.PrefixInvoiceItem, ids[0]) {
		t.Errorf("%s is no id", ids[0])
	}
}
