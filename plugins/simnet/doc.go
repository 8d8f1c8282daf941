// Package simnet is a make-believe network of mobile-money SIMs: numbers with
// balances, prompts that wait for their owner, merchants' accounts. The
// operators' simulators share one and put their own wire forms in front of it,
// so that a number has one state whoever asks for it.
//
// What happens to an order is decided here and nowhere else: by the scenario
// that it forces, or by the state of the SIM. Money is moved once for a
// reference (see Books and Counters), unless a test takes the guard away.
//
// It lives in memory and is lost with the process. It never runs inside the
// engine.
package simnet
