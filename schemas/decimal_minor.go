package schemas

// Hundredths is d in hundredths of its unit, for amounts with at most two
// decimals, as every accepted document has.
func (d Decimal) Hundredths() int64 { return d.d.Shift(2).IntPart() }
