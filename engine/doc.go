// Package engine is the table of contents of the program: New wires the floors
// bottom up (store, bus, connector host; then tenants, connections, intake,
// pipeline, invoices, callbacks; then the HTTP API), Run starts and drains
// them. The way of an invoice is drawn in docs/architecture.md.
package engine
