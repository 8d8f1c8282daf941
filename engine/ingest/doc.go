// Package ingest is the durable door: it accepts a submission in one
// transaction with its idempotency key, answers a repeated one with the stored
// answer, and refuses what would grow the backlog without bound. It owns the
// tables document and idempotency_key and knows no noun.
package ingest
