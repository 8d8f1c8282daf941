// Package httpclient owns the only safe way from a connector to its vendor over
// HTTP. It differs from net/http in what it will not do: it repeats nothing on
// its own, follows no redirect, reads no answer without end, and starts no
// request with an effect after the call's deadline or twice in one call.
//
// net/http repeats a request when a reused connection turns out broken, in
// particular one with an Idempotency-Key header. For a vendor that is a second
// request. Here every connection asks the call for leave at the first byte of a
// request with an effect, and the call gives it once.
package httpclient
