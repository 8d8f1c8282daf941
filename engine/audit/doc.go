// Package audit records what persons did: who resolved, replayed or resent
// what, and on which evidence. It owns the table audit; entries are written in
// the transaction of the deed and never change.
package audit
