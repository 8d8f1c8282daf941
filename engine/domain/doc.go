// Package domain holds the words of the engine: ids, messages, work, attempts,
// outcomes, changes, events and errors. It has no behaviour that needs a
// database, a network or a clock, and imports nothing of the engine.
package domain
