// Package simclient is the way from an operator's connector to the network of
// SIMs behind the operator's stand-in (see simnet): a client of the network's
// control API, and the operations of the sandbox that go over it. They are the
// same for every operator, so the engine's test clients work with each of them.
//
// It knows the wire only, and nothing of the network's own state: a connector
// that imports it has no simulator inside.
package simclient
