// Package corridor owns what an environment sets up for payments: its corridors
// (an operator in a country, the connection that carries it and what a payment
// costs there) and the merchant's stores that payments are for. Payments look
// both up for each request, from memory.
package corridor
