// Package checkouttest holds the checkouts of the examples to the rules for
// integrators, whatever language they are written in: it starts the program
// against a stand-in of the payments service and looks at it over HTTP.
package checkouttest
