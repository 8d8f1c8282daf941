import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Later, Refusal } from './service.mjs'

// This application in its references: ORIGIN-OP-TS-CODE.
const origin = 'SHOP'

// mint makes the reference once; it is stored with the order, so that every
// attempt sends the same one.
function mint(seed, now) {
  const time = now.toISOString().replace(/\D/g, '').slice(0, 14)
  const code = createHash('sha256').update(seed).digest('hex').slice(0, 12).toUpperCase()
  return `${origin}-PAY-${time}-${code}`
}

export class Checkout {
  #orders
  #service

  constructor(orders, service) {
    this.#orders = orders
    this.#service = service
  }

  // start writes the order as a draft, and only then asks for the money.
  async start(body) {
    let wanted
    try {
      wanted = JSON.parse(body)
    } catch (err) {
      return [400, { error: 'invalid_body', message: err.message }]
    }
    const id = `order-${randomUUID()}`
    this.#orders.put({ id, amount: wanted?.amount, currency: wanted?.currency, msisdn: wanted?.msisdn, reference: mint(id, new Date()) })
    try {
      await this.#pay(id)
    } catch (err) {
      if (err instanceof Refusal) return [422, { error: err.code, message: err.message }]
      if (!(err instanceof Later)) console.error(`order ${id}: ${err.message}`)
    }
    return [202, this.#orders.show(id)[1]]
  }

  // pay asks for the money of an order, the first time or again: the reference
  // makes both the same. A refusal rolls the draft back. Without an answer nobody
  // knows whether the customer is being asked, so the draft stays, for the net.
  async #pay(id) {
    try {
      const payment = await this.#service.create(this.#orders.get(id))
      this.#orders.settle(id, payment.id, payment.status, payment.net)
    } catch (err) {
      if (err instanceof Refusal) this.#orders.rollBack(id)
      else this.#orders.doubt(id, err.wait ?? 0)
      throw err
    }
  }

  // poll is the net under the webhooks: it asks about every open order.
  async poll(every) {
    for (;;) {
      await sleep(every)
      for (const order of this.#orders.open()) {
        try {
          await this.#look(order)
        } catch (err) {
          console.error(`order ${order.id}: ${err.message}`)
        }
      }
    }
  }

  async #look(order) {
    if (!order.transaction) return this.#pay(order.id)
    try {
      const payment = await this.#service.read(order.transaction)
      this.#orders.settle(order.id, payment.id, payment.status, payment.net)
    } catch (err) {
      this.#orders.doubt(order.id, err.wait ?? 0)
      throw err
    }
  }
}
