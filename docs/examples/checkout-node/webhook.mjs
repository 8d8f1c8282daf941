import { createHmac, timingSafeEqual } from 'node:crypto'

// receive verifies the raw bytes before anything parses them, in constant time,
// and refuses everything when it has no secret.
export function receive(orders, secret, headers, body) {
  if (!genuine(secret, headers['x-sandpay-signature'], body)) return [401]
  let event
  try {
    event = JSON.parse(body)
  } catch {
    return [400]
  }
  if (!event?.tx_id) return [400]
  const order = orders.find(event.tx_id, event.order_ref)
  if (event.event !== 'payment.completed' || !order) {
    console.error(`${event.event} of ${event.tx_id} is not of an order here`)
    return [204]
  }
  // What cannot be stored is not acknowledged: it throws, is answered with 500,
  // and comes again.
  orders.settle(order.id, event.tx_id, event.status, event.net_amount)
  return [204]
}

function genuine(secret, header, body) {
  if (!secret || !header) return false
  const given = Buffer.from(header.replace(/^sha256=/, ''), 'hex')
  const want = createHmac('sha256', secret).update(body).digest() // the bytes of the secret as shown, whsec_ included
  return given.length === want.length && timingSafeEqual(given, want)
}
