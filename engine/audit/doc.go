// Package audit records what persons did: who resolved, replayed or resent
// what, and on which evidence; who made, changed or removed a webhook, a
// connection, a corridor or a store; who booked money onto the float or off it,
// rotated a secret, made a key or ordered what of a connector. It owns the table
// audit; entries are written in the transaction of the deed and never change.
package audit
