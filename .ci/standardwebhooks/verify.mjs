// Verifies a request on standard input, {secret, headers, body}, with the
// reference library of Standard Webhooks. Ends with 0 when it is believed.
import { readFileSync } from 'node:fs'
import { Webhook } from 'standardwebhooks'

const { secret, headers, body } = JSON.parse(readFileSync(0, 'utf8'))
new Webhook(secret).verify(body, headers)
