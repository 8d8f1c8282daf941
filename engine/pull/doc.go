// Package pull reads the streams of connections: on a schedule, when a person asks
// for it, and for a look that stores nothing. It owns the tables pull_stream,
// pull_record and pull_run.
//
// A stream is read by one node at a time, which holds a lease. Each batch of
// records is stored in one transaction with the position after it, fenced by that
// lease, and the connector learns that it was stored by being asked for what comes
// after that position. So a crash between any two steps loses nothing, and what is
// read again is stored once, by the vendor's key.
package pull
