// Package simnettest owns the tools to test what stands around the network of
// SIMs: a network whose time the test moves, a client of a simulator, and an
// engine's end of an operator's connector with the connection that it keeps.
// All of it ends with the test.
package simnettest
