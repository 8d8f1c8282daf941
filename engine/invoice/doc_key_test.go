package invoice_test

import (
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/schemas"
)

func TestAPartyIsKnownByItsTINElseByNameAndEmail(t *testing.T) {
	t.Parallel()
	byTIN := invoice.PartyOf("env_1", &schemas.Party{PartyName: "Iroko", TIN: "23456789-0001", Email: "a@b.example"})
	for name, c := range map[string]struct {
		env   domain.EnvironmentID
		party schemas.Party
		same  bool
	}{
		"another name, the same TIN": {"env_1", schemas.Party{PartyName: "Iroko Ltd", TIN: " 23456789-0001 "}, true},
		"another TIN":                {"env_1", schemas.Party{PartyName: "Iroko", TIN: "23456789-0002", Email: "a@b.example"}, false},
		"another environment":        {"env_2", schemas.Party{PartyName: "Iroko", TIN: "23456789-0001"}, false},
		"no TIN":                     {"env_1", schemas.Party{PartyName: "Iroko", Email: "a@b.example"}, false},
	} {
		if got := invoice.PartyOf(c.env, &c.party); (got == byTIN) != c.same {
			t.Errorf("%s: same is %t", name, got == byTIN)
		}
	}
	one := invoice.PartyOf("env_1", &schemas.Party{PartyName: "Iroko  Stores", Email: "A@B.example"})
	two := invoice.PartyOf("env_1", &schemas.Party{PartyName: "iroko stores", Email: "a@b.example"})
	if one != two || !domain.IsID(domain.PrefixParty, string(one)) {
		t.Errorf("spellings of one consumer gave %s and %s", one, two)
	}
	if invoice.PartyOf("env_1", nil) != "" {
		t.Error("nobody has an id")
	}
}

func TestAnItemIsKnownBySellersIDElseByCodeAndName(t *testing.T) {
	t.Parallel()
	line := func(own, code, name string) *schemas.InvoiceLine {
		return &schemas.InvoiceLine{HSNCode: code, Item: schemas.Item{Name: name, SellersItemIdentification: own}}
	}
	id := func(l *schemas.InvoiceLine) domain.ItemID { return invoice.ItemOf("env_1", l) }
	if id(line("SKU-1", "2203.00", "Malt")) != id(line("SKU-1", "2203.00", "Malt drink")) {
		t.Error("a new name made a new item")
	}
	if id(line("SKU-1", "", "Malt")) == id(line("sku-1", "", "Malt")) {
		t.Error("two of the seller's ids became one item")
	}
	if id(line("", "2203.00", "Malt")) != id(line("", "2203.00", " malt ")) || id(line("", "2203.00", "Malt")) == id(line("", "2204.00", "Malt")) {
		t.Error("code and name do not make the item")
	}
	if service := (&schemas.InvoiceLine{ISICCode: "2203", Item: schemas.Item{Name: "Malt"}}); id(service) == id(line("", "2204.00", "Malt")) {
		t.Error("the code of a service is not looked at")
	}
}
