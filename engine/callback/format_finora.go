package callback

import (
	"strings"

	"github.com/afara-dev/afara/engine/domain"
)

// renderFinora writes {eventId, event, businessId, occurredAt, data}. The data
// of an invoice's event goes through finoraInvoice; any other has its keys in
// camelCase, and passes byte for byte when they already are.
func renderFinora(e domain.Event) ([]byte, error) {
	data, err := finoraData(e)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(data)+256)
	b = member(b, `{"eventId":`, string(e.ID))
	b = member(b, `,"event":`, e.Type)
	b = member(b, `,"businessId":`, string(e.Organisation))
	b = member(b, `,"occurredAt":`, timeOf(e))
	b = append(b, `,"data":`...)
	b = append(b, data...)
	return append(b, '}'), nil
}

func finoraData(e domain.Event) ([]byte, error) {
	data := dataOf(e)
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	if strings.HasPrefix(e.Type, "invoice.") {
		if view, ok := objectOf(data); ok && view.has("invoice_number") {
			return finoraInvoiceData(e.Type, view)
		}
	}
	return renameKeys(nil, data, camel, 0)
}
