// Package schemas owns the canonical documents: their JSON Schemas
// (draft 2020-12, embedded, under v1/), the Go types that mirror them, and the
// proof that some bytes are such a document.
//
// Bytes come in through one of three doors. Prove is for documents: it decodes
// strictly (one JSON value, UTF-8, no repeated keys, bounded depth and size),
// checks every rule of the schema and answers a Document, which carries the
// schema's id and the digest of its bytes and is not proved again, not even
// after a stay in SQL (Restore). Validate is for the small JSON around a
// document: parameters, results, settings, and ValidateEventData for the data
// of an event that an integrator publishes. Compile is for a schema that a
// connector brings along.
//
// The package also owns the catalogue of event types (EventTypes) and what a
// subscription may ask for (EventPattern).
//
// Faults come back all at once as a *ValidationError: where (JSON pointer),
// which rule, what is wrong and what to do.
//
// What a connector's schema marks as secret is found by one walker, for what is
// stored in clear and for what logs may not show: MaskSecrets, SecretTexts.
//
// The package imports nothing of the engine and is safe for concurrent use.
package schemas
