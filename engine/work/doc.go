// Package work moves rows of work between SQL and the bus: the relay publishes
// what is due and keeps every stream within its window, the node says that it
// lives and frees what lapsed nodes held, and the receiver turns what arrives
// into claimed rows and walks them. It knows neither messages nor deliveries.
package work
