// The states of an order: a draft is written before the service is called; when
// it failed, the customer may try again with a new order.
const draft = 'draft'
const pending = 'pending'
const paid = 'paid'
const failed = 'failed'

// What each status means for an order, and what the customer is told. All eleven
// are here; PENDING is the only one that is not the end.
const outcomes = {
  PENDING: [pending, 'Confirm the payment on your telephone.'],
  SUCCESS: [paid, 'Thank you, the payment has arrived.'],
  PIN_INVALID: [failed, 'The PIN was wrong.'],
  INSUFFICIENT_FUNDS: [failed, 'The balance is too low.'],
  TIMEOUT: [failed, 'The payment was not confirmed in time.'],
  ACCOUNT_BLOCKED: [failed, 'The mobile-money account is blocked.'],
  USER_CANCELLED: [failed, 'You have cancelled the payment.'],
  UNKNOWN_MSISDN: [failed, 'The number has no mobile-money account.'],
  LIMIT_EXCEEDED: [failed, 'The payment is over a limit of your operator.'],
  SERVICE_UNAVAILABLE: [failed, 'Your operator cannot take payments now.'],
  DUPLICATE_REFERENCE: [failed, 'The payment could not be made.'],
}

const final = (order) => order.state === paid || order.state === failed

// Orders keeps orders and books in memory. In a database each method is one
// transaction.
export class Orders {
  #orders = new Map()
  books = []

  put(order) {
    this.#orders.set(order.id, { transaction: '', status: '', state: draft, text: 'We are asking your operator.', ...order })
  }

  get(id) {
    return this.#orders.get(id)
  }

  // rollBack removes a draft that the service refused.
  rollBack(id) {
    if (this.get(id)?.state === draft) this.#orders.delete(id)
  }

  // doubt leaves an order to the net, which is not to ask before wait ms.
  doubt(id, wait) {
    const order = this.get(id)
    if (order) Object.assign(order, { unsure: true, after: Date.now() + wait })
  }

  // open lists what the net has to ask about.
  open() {
    return [...this.#orders.values()].filter((o) => !final(o) && (o.unsure || o.state === pending) && !(o.after > Date.now()))
  }

  // settle gives an order what the service says of its transaction. The first end
  // is the only one: webhook and polling may both bring it, and more than once.
  settle(id, transaction, status, net) {
    if (!Object.hasOwn(outcomes, status)) throw new Error(`status ${status} is none of the eleven`)
    const order = this.get(id)
    if (!order || final(order) || (order.transaction && order.transaction !== transaction)) return
    const [state, text] = outcomes[status]
    Object.assign(order, { transaction, status, state, text })
    // What the merchant is credited, after commission: never the amount.
    if (state === paid) this.books.push({ order: id, transaction, net })
  }

  // find is the order of a transaction. One whose call was not answered yet does
  // not know its transaction: its order_ref tells it.
  find(transaction, orderRef) {
    for (const order of this.#orders.values()) if (order.transaction === transaction) return order
    const order = this.get(orderRef)
    return order && !order.transaction ? order : undefined
  }

  show(id) {
    const order = this.get(id)
    if (!order) return [404, { error: 'not_found', message: 'There is no such order.' }]
    const { state, text, amount, currency, reference, transaction, status } = order
    return [200, { id, state, text, amount, currency, reference, transaction, status }]
  }
}
