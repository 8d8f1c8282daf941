// Package sdk is all that a connector's author imports to serve a connector:
// typed handlers over the wire contract, error classes, the manifest check and
// Serve.
//
// A connector is a program. Its main calls Serve with a value that has a
// manifest and implements the capabilities the manifest declares, each a small
// interface: InvoicePreparer, InvoiceSigner, Operator, Puller, WebhookHandler
// and so on. Serve refuses to start when manifest and interfaces differ.
//
// Three rules carry the promises the engine makes to its users:
//
//   - A connector keeps no durable state. What must survive travels in
//     Call.SetState, Connection.UpdateCredential or a Pull cursor.
//   - A call starts at most one request with an effect, never after its
//     deadline. Package sdk/httpclient sees to that; a connector that talks to
//     its vendor by other means calls MarkBegan right before the first byte.
//   - Every class but UnknownOutcome promises that nothing happened and nothing
//     will. The package turns a panic, an unclassed error and a cut call into
//     UnknownOutcome once a request with an effect has begun; only the vendor's
//     explicit answer lets a handler say otherwise.
//
// The example of this package is the how-to; the echo connector is the one to
// copy.
package sdk
