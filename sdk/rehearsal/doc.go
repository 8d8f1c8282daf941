// Package rehearsal owns runs of one connector over a file of requests, without
// an engine: what it answers, and the vendor's exchanges recorded or replayed by
// a proxy of its own in the vendor's place.
package rehearsal
