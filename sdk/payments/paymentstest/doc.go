// Package paymentstest is a stand-in of the payments service, for tests of what
// calls it: package payments, and the checkouts of integrators. It holds real
// state (SIMs, float, used references, refunds), speaks the contract's wire
// shape, and settles nothing on its own: the test is the customer and answers
// the prompt with Settle. Webhooks are signed and kept; the test sends them.
//
// On request it is away, loses answers, or lets a webhook overtake the answer
// that it belongs to.
package paymentstest
