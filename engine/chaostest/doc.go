// Package chaostest owns the proof of the promises: real engine, connector,
// Redis and PostgreSQL processes are killed, stopped and wiped, and then the
// database, the authority's own books and the receiver of callbacks must agree
// that nothing accepted was lost and no effect was repeated on a doubt.
//
// Webhooks of events go to receivers that are processes too: they are killed,
// come back with what they had kept, and misbehave as they are told.
//
// Money moves over an operator's stand-in, whose SIMs have real balances: they,
// the merchant's account there, the ledger and the events must say the same to
// the unit.
//
// The programs are built with the tag afara_failpoints, so that a process dies
// at the moment that AFARA_FAILPOINT names and settlesAfter takes seconds.
// AFARA_CHAOS=full runs more invoices, more payments and more kills;
// AFARA_CHAOS_SEED repeats the choices of a run that printed its seed. The tests
// find processes in /proc, so they need Linux.
package chaostest
