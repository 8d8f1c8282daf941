package callback

import (
	"encoding/json"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
)

// Format is the contract that a receiver was written for: it fixes body and
// headers of what is sent. The zero value is FormatAfara.
type Format string

const (
	FormatAfara   Format = "afara"   // our own envelope, data as the API shows it
	FormatFinora  Format = "finora"  // camelCase, amounts in kobo
	FormatDigitax Format = "digitax" // data and event
	FormatSandpay Format = "sandpay" // one flat object, snake_case
)

// ParseFormat reads a format's name; the empty one is FormatAfara.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case "":
		return FormatAfara, nil
	case FormatAfara, FormatFinora, FormatDigitax, FormatSandpay:
		return f, nil
	}
	return "", fmt.Errorf("%.40q is not a payload format: use afara, finora, digitax or sandpay", name)
}

// Render makes the body of a callback from its event's row. The same row gives
// the same bytes on every attempt, so an attempt needs no stored body. It fails
// only when the event's data is not JSON, or nests too deep to be renamed.
func (f Format) Render(e domain.Event, sequence int64) ([]byte, error) {
	var body []byte
	var err error
	switch f {
	case "", FormatAfara:
		return renderAfara(e, sequence), nil
	case FormatDigitax:
		return renderDigitax(e), nil
	case FormatFinora:
		body, err = renderFinora(e)
	case FormatSandpay:
		body, err = renderSandpay(e, sequence)
	default:
		err = fmt.Errorf("%.40q is not a payload format", string(f))
	}
	if err != nil {
		return nil, fmt.Errorf("render %s as %s: %w", e.ID, f, err)
	}
	return body, nil
}

func member(b []byte, name, value string) []byte {
	return quote(append(b, name...), value)
}

func quote(b []byte, value string) []byte {
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

// dataOf is an event's data as it is stored, null when there is none.
func dataOf(e domain.Event) []byte {
	if len(e.Data) == 0 {
		return []byte("null")
	}
	return e.Data
}

func timeOf(e domain.Event) string { return e.OccurredAt.UTC().Format(domain.WireTime) }
