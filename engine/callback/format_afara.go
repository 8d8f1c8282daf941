package callback

import (
	"strconv"

	"github.com/afara-dev/afara/engine/domain"
)

// renderAfara writes {eventId, event, businessId, occurredAt, sequence, data},
// in that order, with the bytes of Data as they are stored.
func renderAfara(e domain.Event, sequence int64) []byte {
	b := make([]byte, 0, len(e.Data)+256)
	b = member(b, `{"eventId":`, string(e.ID))
	b = member(b, `,"event":`, e.Type)
	b = member(b, `,"businessId":`, string(e.Organisation))
	b = member(b, `,"occurredAt":`, timeOf(e))
	b = append(b, `,"sequence":`...)
	b = strconv.AppendInt(b, sequence, 10)
	b = append(b, `,"data":`...)
	b = append(b, dataOf(e)...)
	return append(b, '}')
}
