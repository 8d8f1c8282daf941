package callback

import (
	"encoding/json"
	"strconv"

	"github.com/afara-dev/afara/engine/domain"
)

// Render makes the body of a callback from its event's row:
// {eventId, event, businessId, occurredAt, sequence, data}, in that order, with
// the bytes of Data as they are stored. The same row gives the same bytes on
// every attempt, so an attempt needs no stored body.
func Render(e domain.Event, sequence int64) []byte {
	b := make([]byte, 0, len(e.Data)+256)
	b = member(b, `{"eventId":`, string(e.ID))
	b = member(b, `,"event":`, e.Type)
	b = member(b, `,"businessId":`, string(e.Organisation))
	b = member(b, `,"occurredAt":`, e.OccurredAt.UTC().Format(domain.WireTime))
	b = append(b, `,"sequence":`...)
	b = strconv.AppendInt(b, sequence, 10)
	b = append(b, `,"data":`...)
	if len(e.Data) == 0 {
		b = append(b, "null"...)
	}
	b = append(b, e.Data...)
	return append(b, '}')
}

func member(b []byte, name, value string) []byte {
	b = append(b, name...)
	if isPlain(value) { // ids, types and times are, and need no second look
		b = append(b, '"')
		b = append(b, value...)
		return append(b, '"')
	}
	quoted, _ := json.Marshal(value) // a string always marshals
	return append(b, quoted...)
}

// isPlain reports whether value is its own JSON form between quotes.
func isPlain(value string) bool {
	for _, c := range []byte(value) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}
