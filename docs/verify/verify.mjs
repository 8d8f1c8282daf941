// A receiver in Node without dependencies: node docs/verify/verify.mjs
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const secret = process.env.AFARA_SIGNING_SECRET // whsec_…, as it was shown
const tolerance = 300 // seconds

// verify takes the raw bytes of the body, before anything has parsed them.
export function verify(headers, body, secret, now = Date.now() / 1000) {
  if (!secret?.startsWith('whsec_')) throw new Error('AFARA_SIGNING_SECRET is not set')
  const id = headers['webhook-id']
  const timestamp = headers['webhook-timestamp']
  const signatures = headers['webhook-signature']
  if (!id || !timestamp || !signatures) return false
  if (!(Math.abs(now - Number(timestamp)) <= tolerance)) return false
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64') // the decoded bytes are the key
  const want = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
  return signatures.split(' ').some((signature) => {
    const [version, value = ''] = signature.split(',')
    const given = Buffer.from(value, 'base64')
    return version === 'v1' && given.length === want.length && timingSafeEqual(given, want)
  })
}

const server = createServer((req, res) => {
  const chunks = []
  req.on('data', (chunk) => chunks.push(chunk))
  req.on('end', () => {
    const body = Buffer.concat(chunks)
    if (!verify(req.headers, body, secret)) return res.writeHead(401).end()
    const event = JSON.parse(body)
    console.log(event.event, event.eventId) // store it under its eventId, then answer
    res.writeHead(204).end()
  })
})
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
