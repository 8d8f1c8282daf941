package invoice

import (
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// PartyOf is the id of a party within an environment: the same taxpayer, or
// without a TIN the same name and e-mail, has the same id on every invoice.
func PartyOf(env domain.EnvironmentID, p *schemas.Party) domain.PartyID {
	if p == nil {
		return ""
	}
	if tin := key(p.TIN); tin != "" {
		return domain.HashID[domain.PartyID](domain.PrefixParty, string(env), "tin", tin)
	}
	return domain.HashID[domain.PartyID](domain.PrefixParty, string(env), "name", key(p.PartyName), key(p.Email))
}

// ItemOf is the id of what a line sells within an environment: by the seller's
// own item id, else by code and name.
func ItemOf(env domain.EnvironmentID, line *schemas.InvoiceLine) domain.ItemID {
	if own := collapse(line.Item.SellersItemIdentification); own != "" {
		return domain.HashID[domain.ItemID](domain.PrefixItem, string(env), "own", own)
	}
	code := first(line.HSNCode, line.ISICCode)
	return domain.HashID[domain.ItemID](domain.PrefixItem, string(env), "name", key(code), key(line.Item.Name))
}

// key makes spellings that a person takes for the same equal: outer and
// repeated blanks and letter case do not count.
func key(s string) string { return fold(collapse(s), "lower") }

// collapse takes outer and repeated blanks out.
func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }
