// Package ledger keeps the double-entry ledger of payments: what each entry takes
// from some accounts it gives to others. It owns the tables ledger_entry,
// ledger_posting, ledger_tail, ledger_account and float_adjustment; entries are
// written in the transaction of what they are about, and never change.
//
// A posting is only added: nobody who posts waits for an account, but those debits
// that must not leave less than zero, which go one after another. An account's
// balance is a snapshot and the tail of postings that it does not cover yet. One
// node folds tails into snapshots and adds up anew what it folds.
package ledger
