// Package fleet sees the connectors of all nodes as one: each node reports how
// its instances are, operators' orders reach every node, and whoever uses a
// connector is told when it is in trouble and when it is well again. It owns the
// tables connector_order, connector_version, connector_report and connector_trouble.
//
// Orders are state, not messages: a node that was away obeys when it is back.
package fleet
