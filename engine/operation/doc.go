// Package operation calls any operation that a connector declares, at a
// caller's request. It owns the table operation_call: a call with an effect is
// stored before it is sent, its answer is given again to whoever repeats the
// request, and one whose outcome is unknown is looked up, never repeated.
package operation
