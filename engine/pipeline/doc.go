// Package pipeline drives messages through the stages of their flows: it calls
// connectors, stores `sent` before every effect, looks up what is in doubt,
// and decides from the class of an outcome alone what happens next. It owns
// the tables message and attempt and knows neither invoices nor payments.
package pipeline
