// Package payment owns payments by mobile money: collections, refunds and
// disbursements, how a collection's amount is split, and the flow in which an
// operator is asked and tells how each ends.
package payment
