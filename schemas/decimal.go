package schemas

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// Decimal is an exact decimal number. It is never a float, keeps the number of
// decimals it was given with (100.00 stays 100.00) and is a number in JSON.
// The zero value is 0.
type Decimal struct{ d decimal.Decimal }

// Limits of a number in any document: without them a few bytes (1e999999999)
// would stand for a number that fills the memory.
const (
	maxNumberLength = 64
	// maxNumberDigits bounds digits and exponent together, so that a number
	// that was read is still one when it is written out in plain notation.
	maxNumberDigits = 60
)

var errNumberTooLong = errors.New("a number has at most 60 digits, written out")

// ParseDecimal reads a number as JSON writes it.
func ParseDecimal(s string) (Decimal, error) {
	if err := checkNumber(s); err != nil {
		return Decimal{}, fmt.Errorf("parse decimal: %w", err)
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return Decimal{}, fmt.Errorf("parse decimal: %w", err)
	}
	return Decimal{d}, nil
}

// NewDecimal is value × 10^exponent: NewDecimal(728, -2) is 7.28.
func NewDecimal(value int64, exponent int32) Decimal { return Decimal{decimal.New(value, exponent)} }

// Add is d + e, exactly.
func (d Decimal) Add(e Decimal) Decimal { return Decimal{d.d.Add(e.d)} }

// Sub is d - e, exactly.
func (d Decimal) Sub(e Decimal) Decimal { return Decimal{d.d.Sub(e.d)} }

// Mul is d × e, exactly.
func (d Decimal) Mul(e Decimal) Decimal { return Decimal{d.d.Mul(e.d)} }

// Div is d ÷ e rounded half-up (away from zero) to places decimals, in one
// step. It is 0 when e is 0; the caller checks that first where it matters.
func (d Decimal) Div(e Decimal, places int32) Decimal {
	if e.d.IsZero() {
		return Decimal{}
	}
	return Decimal{d.d.DivRound(e.d, places)}
}

// Round is d rounded half-up (away from zero) to places decimals.
func (d Decimal) Round(places int32) Decimal { return Decimal{d.d.Round(places)} }

// Cmp is -1, 0 or 1 as d is less than, equal to or greater than e.
func (d Decimal) Cmp(e Decimal) int { return d.d.Cmp(e.d) }

// Equal reports whether d and e are the same number: 1.0 equals 1.
func (d Decimal) Equal(e Decimal) bool { return d.d.Equal(e.d) }

// IsZero reports whether d is 0.
func (d Decimal) IsZero() bool { return d.d.IsZero() }

// Sign is -1, 0 or 1.
func (d Decimal) Sign() int { return d.d.Sign() }

// Short is d without trailing zeros after the decimal point.
func (d Decimal) Short() Decimal {
	short, err := decimal.NewFromString(d.d.String())
	if err != nil { // String writes what NewFromString reads
		return d
	}
	return Decimal{short}
}

// String writes d in plain notation with its decimals.
func (d Decimal) String() string {
	if places := -d.d.Exponent(); places > 0 {
		return d.d.StringFixed(places)
	}
	return d.d.String()
}

// MarshalJSON writes d as a JSON number in plain notation.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalJSON reads a JSON number; strings and null are refused.
func (d *Decimal) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return errors.New("parse decimal: want a JSON number")
	}
	parsed, err := ParseDecimal(string(raw))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

func checkNumber(s string) error {
	if len(s) > maxNumberLength {
		return errNumberTooLong
	}
	at := strings.IndexAny(s, "eE")
	if at < 0 {
		return nil
	}
	exponent, err := strconv.Atoi(s[at+1:])
	if err != nil || max(exponent, -exponent)+at > maxNumberDigits {
		return errNumberTooLong
	}
	return nil
}
