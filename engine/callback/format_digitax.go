package callback

import "github.com/afara-dev/afara/engine/domain"

// renderDigitax writes {data, event}, with the bytes of Data as they are stored:
// an invoice is stored in DigiTax's own shape.
func renderDigitax(e domain.Event) []byte {
	b := make([]byte, 0, len(e.Data)+64)
	b = append(b, `{"data":`...)
	b = append(b, dataOf(e)...)
	b = member(b, `,"event":`, e.Type)
	return append(b, '}')
}
