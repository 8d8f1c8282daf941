// Package conformance owns the conformance kit: it starts a connector's program,
// in whatever language it is written, over the real handshake and holds it to
// the contract of its five calls, in small named checks that each say what went
// wrong and how to put it right.
//
// What a connector needs to be tried, its author writes beside it in a file of
// cases: see Cases. Between the connector and its vendor's stand-in the kit puts
// a server of its own, which counts what is asked and, where a check wants it,
// loses an answer, never gives one or gives a wrong one.
package conformance
