// Package airtel speaks the Airtel Africa Open API: its tokens, its calls, the
// body it wants of a payment, what goes there encrypted, and what its answers
// and callbacks mean.
package airtel
