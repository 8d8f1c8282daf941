// Package webhook owns the signatures of the callbacks that Afara sends: it
// verifies them for receivers, and makes them for the engine and for tests.
//
// Each callback carries two signatures over its raw body. The Standard Webhooks
// headers (webhook-id, webhook-timestamp, webhook-signature) cover id and time
// too and so end replays; x-signature covers the body alone and is there for
// receivers that expect that form, as are X-Finora-Signature and
// X-SandPay-Signature in the payload formats of these names.
//
// A secret is shown as whsec_ and base64. The Standard Webhooks key is the
// decoded bytes; the key of all signatures over the body alone is the UTF-8
// bytes of the whole shown string. Who asked for v1a is shown a public key,
// whpk_ and base64, and verifies without a secret.
package webhook
