package reference

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Op is the operation that a reference stands for.
type Op string

// The operations.
const (
	Collection   Op = "PAY"
	Refund       Op = "REF"
	Disbursement Op = "DIS"
	Subscription Op = "ABO"
)

const (
	layout   = "20060102150405"
	codeSize = 6 // bytes
)

// Reference is a reference in its parts. It is a value and can be compared.
type Reference struct {
	Origin string
	Op     Op
	// Minted is UTC, in whole seconds; zero in a reference of the older form,
	// ORIGIN-OP-CODE.
	Minted time.Time
	Code   string
}

// String is the reference as it is sent, 19 to 44 characters.
func (r Reference) String() string {
	parts := []string{r.Origin, string(r.Op), r.Code}
	if !r.Minted.IsZero() {
		parts = []string{r.Origin, string(r.Op), r.Minted.UTC().Format(layout), r.Code}
	}
	return strings.Join(parts, "-")
}

// Mint makes a reference with a random code, for a fresh attempt. Origin is 2 to
// 12 capitals and digits.
func Mint(origin string, op Op, now time.Time) (Reference, error) {
	var code [codeSize]byte
	_, _ = rand.Read(code[:]) // it never answers an error
	return checked(origin, op, now, code[:])
}

// Derive makes the reference of a stable seed, e.g. an order's id: the same
// seed, operation and time give the same one. Minted is when it was first made.
func Derive(origin string, op Op, minted time.Time, seed string) (Reference, error) {
	if seed == "" {
		return Reference{}, fmt.Errorf("derive reference: the seed is empty, and all that do so would share one: give the order's id")
	}
	sum := sha256.Sum256([]byte(seed))
	return checked(origin, op, minted, sum[:codeSize])
}

func checked(origin string, op Op, minted time.Time, code []byte) (Reference, error) {
	r := Reference{Origin: origin, Op: op, Minted: minted.UTC().Truncate(time.Second), Code: strings.ToUpper(hex.EncodeToString(code))}
	switch {
	case !isOrigin(origin):
		return Reference{}, fmt.Errorf("origin %.20q is not %d to %d capitals and digits of ASCII: make it with Origin", origin, minOrigin, maxOrigin)
	case !op.known():
		return Reference{}, fmt.Errorf("operation %.20q is none of PAY, REF, DIS and ABO", op)
	case r.Minted.IsZero() || r.Minted.Year() < 1 || r.Minted.Year() > 9999:
		return Reference{}, fmt.Errorf("a reference needs the time of its minting, in a year of four digits")
	}
	return r, nil
}
