// Package simulator is a stand-in for the Airtel Africa Open API over the SIM
// network of plugins/simnet: applications and their keys, tokens that expire
// after three minutes, USSD pushes, payouts whose PIN it decrypts, refunds, their
// enquiries and callbacks with and without a hash, the balance and account
// holders, in Airtel's wire form.
//
// Airtel's documentation is behind a login. What its clients do not tell, or
// tell twice, is decided here; each such place carries a comment that begins with
// "Choice:".
//
// The program that serves it is cmd/sandbox. It never runs inside the engine.
package simulator
