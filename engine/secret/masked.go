package secret

import (
	"fmt"
	"log/slog"
)

// Masked holds a value that must not be printed: every way of formatting,
// logging or marshalling it says only whether it is set. The value stands
// behind a pointer, so even a formatter that walks unexported fields prints an
// address. The zero value is not set.
type Masked struct{ value *string }

// Mask hides s.
func Mask(s string) Masked { return Masked{value: &s} }

// Reveal gives the value to whoever needs it.
func (m Masked) Reveal() string {
	if m.value == nil {
		return ""
	}
	return *m.value
}

// IsSet reports whether there is a value that is not empty.
func (m Masked) IsSet() bool { return m.Reveal() != "" }

// String says "[set]" or "[not set]".
func (m Masked) String() string {
	if m.IsSet() {
		return "[set]"
	}
	return "[not set]"
}

// Format prints String for every verb: %d of a string would print the string.
func (m Masked) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(m.String())) }

// LogValue keeps the value out of slog.
func (m Masked) LogValue() slog.Value { return slog.StringValue(m.String()) }

// MarshalText keeps the value out of JSON and YAML.
func (m Masked) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText takes the value from a flag, a variable or a file.
func (m *Masked) UnmarshalText(text []byte) error {
	*m = Mask(string(text))
	return nil
}
