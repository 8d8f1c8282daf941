package reference

import (
	"fmt"
	"strings"
	"time"
)

// maxLength is that of the longest reference of the shape.
const maxLength = maxOrigin + len("-PAY-") + len(layout) + len("-") + 2*codeSize

// Parse reads a reference of the shape, or of the older ORIGIN-OP-CODE. The
// error says which part is not of it, and no more: a reference of any other
// shape is good all the same.
func Parse(s string) (Reference, error) {
	if len(s) > maxLength {
		return Reference{}, fmt.Errorf("reference is longer than %d characters: it is not ORIGIN-OP-TS-CODE", maxLength)
	}
	parts := strings.Split(s, "-")
	if len(parts) != 3 && len(parts) != 4 {
		return Reference{}, fmt.Errorf("reference has %d parts, not the four of ORIGIN-OP-TS-CODE or the three of ORIGIN-OP-CODE", len(parts))
	}
	r := Reference{Origin: parts[0], Op: Op(parts[1]), Code: parts[len(parts)-1]}
	switch {
	case !isOrigin(r.Origin):
		return Reference{}, fmt.Errorf("origin %q is not %d to %d capitals and digits", r.Origin, minOrigin, maxOrigin)
	case !r.Op.known():
		return Reference{}, fmt.Errorf("operation %q is none of PAY, REF, DIS and ABO", r.Op)
	case !isCode(r.Code):
		return Reference{}, fmt.Errorf("code %q is not %d upper-case hexadecimal digits", r.Code, 2*codeSize)
	}
	if len(parts) == 3 {
		return r, nil
	}
	minted, err := time.Parse(layout, parts[2])
	if err != nil || minted.IsZero() || minted.Format(layout) != parts[2] {
		return Reference{}, fmt.Errorf("time %q is not YYYYMMDDHHMMSS", parts[2])
	}
	r.Minted = minted
	return r, nil
}

func (o Op) known() bool {
	switch o {
	case Collection, Refund, Disbursement, Subscription:
		return true
	}
	return false
}

func isOrigin(s string) bool {
	return len(s) >= minOrigin && len(s) <= maxOrigin && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func isCode(s string) bool {
	return len(s) == 2*codeSize && strings.Trim(s, "0123456789ABCDEF") == ""
}
