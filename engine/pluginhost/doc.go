// Package pluginhost owns the connectors: which are installed, their
// processes, and every call to them. It is the only way to a connector, so that
// nobody can forget the validation of parameters and results, the deadline, the
// masking of secrets, the limits, the breaker or the metrics.
//
// The life of a connector, in order:
//
//  1. New reads <dir>/<name>/manifest.json, compiles its schemas and pins the
//     SHA-256 of the executable beside it. In a directory with a
//     connectors.lock the lock says which versions there are, and with which
//     digests (engine/catalog).
//  2. Need starts one process for a kind of environment; sandbox and production
//     never share one. A private copy with the pinned digest runs, in a process
//     group and a 0700 folder of its own, with an environment of a few names.
//  3. The process describes itself. Only when that equals manifest.json is the
//     instance running, and Ready.
//  4. Invoke, Check and Pull go out over one gRPC connection. The connector is given
//     a connection's settings and secrets only when it answers that it does not
//     know that version of it.
//  5. A health probe with a deadline watches it. What dies or freezes is ended
//     with all its children and started again: soon at first, slowly in a crash
//     loop.
//  6. Order may name another version. It starts beside the one that serves, takes
//     the new calls once it is proved, and the old process ends with its own.
//  7. Close lets the calls in flight end, asks the process to end, and kills
//     what stays.
//
// On an operation with an effect, every call that left the host and brought no
// valid answer is unknown_outcome: a read may be called off, an effect may not.
//
// go-plugin's pitfalls, where each is handled and which test proves it, are
// listed in docs/decisions/pluginhost-traps.md.
package pluginhost
