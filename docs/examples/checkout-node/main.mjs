// A shop's checkout by mobile money, with nothing but Node: copy it and put your
// database in the place of orders.mjs.
//
//   export SANDPAY_BASE_URL=http://127.0.0.1:8080 SANDPAY_API_KEY=sp_sk_test_… SANDPAY_WEBHOOK_SECRET=whsec_… SANDPAY_APPLICATION=shop
//   node docs/examples/checkout-node/main.mjs
//   curl -sS http://127.0.0.1:3000/checkout -d '{"amount":25000,"currency":"RWF","msisdn":"+250788123456"}'
//
// The webhook's URL is /webhooks/sandpay. The order is written as a draft before
// the service is called, rolled back when the service refuses, and promoted by
// the webhook, with polling as the net.
import { createServer } from 'node:http'
import { Checkout } from './checkout.mjs'
import { Orders } from './orders.mjs'
import { Service } from './service.mjs'
import { receive } from './webhook.mjs'

const env = process.env
if (!env.SANDPAY_BASE_URL || !env.SANDPAY_API_KEY || !env.SANDPAY_APPLICATION) {
  console.error('checkout: set SANDPAY_BASE_URL, SANDPAY_API_KEY and SANDPAY_APPLICATION')
  process.exit(1)
}
const orders = new Orders()
const checkout = new Checkout(orders, new Service(env.SANDPAY_BASE_URL, env.SANDPAY_API_KEY, env.SANDPAY_APPLICATION))

async function answer(req, url, body) {
  const id = url.pathname.match(/^\/orders\/([^/]+)$/)?.[1]
  if (req.method === 'POST' && url.pathname === '/checkout') return checkout.start(body)
  if (req.method === 'POST' && url.pathname === '/webhooks/sandpay') return receive(orders, env.SANDPAY_WEBHOOK_SECRET, req.headers, body)
  if (req.method === 'GET' && id) return orders.show(id)
  if (req.method === 'GET' && url.pathname === '/books') return [200, orders.books]
  return [404, { error: 'not_found', message: 'There is nothing here.' }]
}

const maxBody = 1 << 20

const server = createServer(async (req, res) => {
  const chunks = []
  let size = 0
  try {
    for await (const chunk of req) {
      size += chunk.length
      if (size > maxBody) return res.writeHead(413, { connection: 'close' }).end()
      chunks.push(chunk)
    }
    const [status, body] = await answer(req, new URL(req.url, 'http://host'), Buffer.concat(chunks))
    res.writeHead(status, { 'content-type': 'application/json' }).end(body && JSON.stringify(body))
  } catch (err) {
    console.error(err)
    if (!res.headersSent) res.writeHead(500).end()
  }
})
const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const [, count, unit] = (env.POLL_EVERY ?? '4s').match(/^(\d+)(ms|s|m|h)$/) ?? []
if (!count) {
  console.error('checkout: POLL_EVERY is a number with ms, s, m or h, e.g. 4s')
  process.exit(1)
}
server.listen(Number(env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`)
  checkout.poll(count * units[unit])
})
