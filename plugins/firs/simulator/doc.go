// Package simulator is a stand-in for the Nigerian tax authority's
// Merchant-Buyer Solution (MBS), the e-invoicing service of FIRS, now NRS.
//
// It is an http.Handler with real state: businesses with keys, IRN templates
// and RSA key pairs of its own making, signed invoices, transmissions. It
// refuses what the service is known to refuse, in the service's words, and can
// be told to misbehave (see Fault). It counts what it was asked, and how often
// a client repeated a signing on a doubt (see Counters).
//
// What public documents and recorded answers do not tell is decided here; each
// such place carries a comment that begins with "Choice:".
//
// The program that serves it is cmd/sandbox. It never runs inside the engine.
package simulator
