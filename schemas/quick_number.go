package schemas

import (
	"math/big"
	"strings"
)

// quickNumber is what a schema asks of a number, in integers: a bound is
// units × 10^-places.
type quickNumber struct {
	minimum  *fixed
	maximum  *fixed
	above    *fixed
	below    *fixed
	decimals int // -1: any
}

// fixed is units × 10^-places.
type fixed struct {
	units  int64
	places int
}

// maxDigits keeps every sum of places within 64 bits.
const maxDigits = 18

// quickFixed reads a number without exponent that fits.
func quickFixed(s string) (fixed, bool) {
	var f fixed
	digits, point, negative := 0, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '-':
			negative = true
		case c == '.':
			point = true
		case c >= '0' && c <= '9':
			if digits++; digits > maxDigits {
				return fixed{}, false
			}
			f.units = f.units*10 + int64(c-'0')
			if point {
				f.places++
			}
		default:
			return fixed{}, false
		}
	}
	if negative {
		f.units = -f.units
	}
	return f, true
}

// compare answers -1, 0 or 1, and false when the scales are too far apart.
func (f fixed) compare(g fixed) (int, bool) {
	a, okA := f.scaled(max(f.places, g.places))
	b, okB := g.scaled(max(f.places, g.places))
	if !okA || !okB {
		return 0, false
	}
	switch {
	case a < b:
		return -1, true
	case a > b:
		return 1, true
	}
	return 0, true
}

func (f fixed) scaled(places int) (int64, bool) {
	const limit = 1e17
	n := f.units
	for range places - f.places {
		if n > limit || n < -limit {
			return 0, false
		}
		n *= 10
	}
	return n, true
}

// decimals is how many places are left without trailing zeros.
func (f fixed) decimals() int {
	n, places := f.units, f.places
	for places > 0 && n%10 == 0 {
		n, places = n/10, places-1
	}
	return places
}

func (q quickNumber) fits(s string) verdict {
	if q.minimum == nil && q.maximum == nil && q.above == nil && q.below == nil && q.decimals < 0 {
		return yes
	}
	f, ok := quickFixed(s)
	if !ok {
		return unsure
	}
	if q.decimals >= 0 && f.decimals() > q.decimals {
		return no
	}
	return all(
		all(within(f, q.minimum, 0, 1), within(f, q.maximum, -1, 0)),
		all(within(f, q.above, 1, 1), within(f, q.below, -1, -1)))
}

// within asks that f compared with the bound lies from low to high.
func within(f fixed, bound *fixed, low, high int) verdict {
	if bound == nil {
		return yes
	}
	c, ok := f.compare(*bound)
	switch {
	case !ok:
		return unsure
	case c < low || c > high:
		return no
	}
	return yes
}

func integral(s string) verdict {
	f, ok := quickFixed(s)
	switch {
	case !ok:
		return unsure
	case f.decimals() > 0:
		return no
	}
	return yes
}

// fixedOf is a bound as fixed, if it is a short decimal.
func fixedOf(r *big.Rat) (*fixed, bool) {
	if r == nil {
		return nil, true
	}
	places, exact := r.FloatPrec()
	if !exact || places > maxDigits {
		return nil, false
	}
	f, ok := quickFixed(r.FloatString(places))
	return &f, ok
}

// decimalsOf reads multipleOf as a number of decimals: 0.01 is 2.
func decimalsOf(r *big.Rat) (int, bool) {
	if r == nil {
		return -1, true
	}
	places, exact := r.FloatPrec()
	text := r.FloatString(places)
	if !exact || strings.Trim(text, "0.") != "1" || !strings.HasSuffix(text, "1") {
		return 0, false
	}
	return places, true
}
