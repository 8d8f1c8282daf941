// Package bus owns the engine's Redis: the streams that tell workers which
// message is due, and Watermill's publisher, subscriber and router over them.
//
// Redis only rings the bell. What travels is a domain.Envelope: ids, stage,
// epoch and trace context, never a body; SQL stays the truth. So the bus may
// lose or repeat an entry without harm, and its promises are these:
//
//   - An entry that was published and not acked is delivered again: to the same
//     reader after a nack or a cut connection, to another one after the reader
//     closed or its node lapsed. Entries of a reader that is alive are never
//     taken from it.
//   - A reader never ends because of Redis. It backs off while Redis is away,
//     and when Redis came back empty it makes stream, group and incarnation
//     again. The incarnation, a random id made together with the group, tells
//     the relay that what it published under the old one is gone.
//   - What does not decode is kept aside in a bounded stream and acked, so that
//     it can neither block a stream nor vanish unseen.
//   - Nothing that a group has not read, or has not acked, is trimmed.
//
// # Keys
//
// Every key of the stream "firs" starts with "afara:{firs}". The braces are a
// hash tag: all keys of one stream live in one slot, so that one script or one
// read may touch them on Redis Cluster.
//
//	afara:{firs}                   the stream
//	afara:{firs}:incarnation       the random id made with the group
//	afara:{firs}:malformed         what did not decode, the newest thousand
//	afara:{firs}:wake:<consumer>   ends a reader's blocking read when it stops
//
// The form of an entry is that of Watermill's Redis Streams marshaller, so
// stock Watermill programs can publish to and read from these streams.
package bus
