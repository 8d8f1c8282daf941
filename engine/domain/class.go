package domain

// Class says how a call of a connector ended, and so what happens next.
// The table is in docs/architecture.md.
type Class string

const (
	ClassResult         Class = "result"
	ClassInvalid        Class = "invalid"
	ClassRejected       Class = "rejected"
	ClassUnsupported    Class = "unsupported"
	ClassUnauthorized   Class = "unauthorized"
	ClassMisconfigured  Class = "misconfigured"
	ClassRateLimited    Class = "rate_limited"
	ClassUnavailable    Class = "unavailable"
	ClassUnknownOutcome Class = "unknown_outcome"
	ClassInternal       Class = "internal"
)

// Effect is what the manifest says of an operation: what a doubt means.
type Effect string

const (
	// EffectNone is a read or a calculation: repeat freely.
	EffectNone Effect = "none"
	// EffectKeyed is refused by the vendor when the key was used: resent only
	// after two settled not_found.
	EffectKeyed Effect = "keyed"
	// EffectUnkeyed would happen again: never resent on a doubt.
	EffectUnkeyed Effect = "unkeyed"
)

// Lookup is what a look-up operation answers about an effect.
type Lookup string

const (
	LookupFoundFinal   Lookup = "found_final"
	LookupFoundPending Lookup = "found_pending"
	LookupNotFound     Lookup = "not_found"
	LookupCannotTell   Lookup = "cannot_tell"
	// LookupDifferent is "found, but amount or parties differ".
	LookupDifferent Lookup = "found_different"
)
