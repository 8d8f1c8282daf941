// Package simulator is a stand-in for Moov's mobile money, Flooz, over the SIM
// network of plugins/simnet, in both forms of its API: the SOAP envelopes of the
// merchant API (pushes, transfers, cash-ins, the status of a transaction,
// balances, the status of an account) and the synthetic REST form.
//
// What is not known of Moov is decided here; each such place carries a comment
// that begins with "Choice:".
//
// The program that serves it is cmd/sandbox. It never runs inside the engine.
package simulator
