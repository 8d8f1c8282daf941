// Package connectorpb owns the wire contract between the engine and a
// connector: connector.proto and the Go code generated from it.
//
// A connector author does not use it; package sdk wraps it in typed handlers.
// It is exported for hosts, conformance kits and proxies.
package connectorpb

//go:generate go run ./gen
