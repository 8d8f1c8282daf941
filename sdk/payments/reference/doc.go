// Package reference makes and reads payment references of the recommended
// shape, ORIGIN-OP-TS-CODE, e.g. ZANA-PAY-20260531221015-8E2884A47B1C:
//
//   - ORIGIN says which application it came from: 2 to 12 capitals and digits
//     (Origin makes one of an application's slug). The service itself is SP.
//   - OP is the operation: PAY, REF, DIS or ABO.
//   - TS is the UTC time at which it was minted, YYYYMMDDHHMMSS.
//   - CODE is 12 upper-case hexadecimal digits: of 6 random bytes, or the first
//     of the SHA-256 of a stable seed.
//
// A reference is an idempotency key: whoever tries again sends the same one. It
// holds the time of its minting, so a derived one is the same again only with
// the same time too: store the reference, or the time, with the order.
//
// Nothing enforces the shape. The source is the reference_format capability of
// the SandPay contract, version 2026-05-31.
package reference
