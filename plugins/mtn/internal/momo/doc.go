// Package momo speaks MTN's MoMo Open API: its tokens, its calls, the body it
// wants of a payment, and what its answers mean.
package momo
