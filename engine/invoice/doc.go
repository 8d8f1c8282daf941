// Package invoice owns the invoice: its rules, its number, the shape in which
// it is shown, its rows and the flow that registers it.
//
// The pure part of it (Check, Normalise, View, PartyOf, ItemOf) needs no
// database, network or clock. Amounts are decimals, rounded half-up; dates are
// days in the time zone Africa/Lagos.
package invoice
