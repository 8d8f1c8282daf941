// Package simulator is a stand-in for MTN's MoMo Open API over the SIM network
// of plugins/simnet: API users and their keys, tokens that expire, requests to
// pay, transfers, deposits and refunds with their callbacks, balances and
// account holders, in MTN's wire form. It is strict about headers, as MTN is.
//
// What MTN's documents do not tell, or tell twice, is decided here; each such
// place carries a comment that begins with "Choice:".
//
// The program that serves it is cmd/sandbox. It never runs inside the engine.
package simulator
