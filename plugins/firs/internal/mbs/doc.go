// Package mbs speaks the HTTP API of the Nigerian tax authority's
// Merchant-Buyer Solution: its calls, its envelopes, the body it wants of an
// invoice, and what its errors mean.
package mbs
