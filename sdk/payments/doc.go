// Package payments is the client of the mobile-money API: the SandPay contract,
// version 2026-05-31, as Afara serves it under /v1 and /api/v1.
//
// A Client creates collections, refunds and disbursements, reads and lists
// transactions, and waits for their end. A Receiver takes the signed webhooks.
// Package payments/reference makes the references that are the idempotency keys.
//
// Three rules keep the books right:
//
//   - PENDING is the only status that changes. Everything else is final, well or
//     not, and an HTTP error says nothing of a payment but that this request was
//     refused.
//   - Credit a merchant with NetAmount, once the status is final, and never with
//     Amount.
//   - Send a reference, store it before the request, and repeat a request that
//     got no answer with the same one: the service does it once.
//
// The key belongs on a server. It is sent to the base URL alone, never in a
// redirect, and is in no error.
package payments
