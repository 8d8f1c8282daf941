// Package callback owns what is told to integrators: events, their deliveries
// and the attempts of each. An event's body is rendered from its row, signed
// with the secrets of its environment and sent through a guard that keeps
// addresses typed by a user away from the installation's own network.
package callback
