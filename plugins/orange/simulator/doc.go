// Package simulator is a stand-in for Orange Money over the SIM network of
// plugins/simnet, in two of its dialects: the web payment API, with the page
// where a payer pays, and the core API. Both have access tokens that expire,
// statuses to read and notifications, in Orange's wire form.
//
// Orange publishes no contract without an account. What clients of it do not
// tell is decided here; each such place carries a comment that begins with
// "Choice:".
//
// The program that serves it is cmd/sandbox. It never runs inside the engine.
package simulator
