// A Refusal is an answer that will not be better tomorrow.
export class Refusal extends Error {
  constructor(code, message) {
    super(message)
    this.code = code
  }
}

// Later is an answer, or none, after which nobody knows: ask again, after wait ms.
export class Later extends Error {
  constructor(message, wait = 0) {
    super(message)
    this.wait = wait
  }
}

// Service is the payments API.
export class Service {
  #base
  #key
  #application

  constructor(base, key, application) {
    this.#base = base.replace(/\/+$/, '')
    this.#key = key
    this.#application = application
  }

  create(order) {
    return this.#ask('POST', '/v1/payments', {
      amount: order.amount,
      currency: order.currency,
      msisdn: order.msisdn,
      reference: order.reference,
      application: this.#application,
      order_ref: order.id,
    })
  }

  read(id) {
    return this.#ask('GET', `/v1/payments/${encodeURIComponent(id)}`)
  }

  async #ask(method, path, body) {
    let answer, text
    try {
      answer = await fetch(this.#base + path, {
        method,
        headers: { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' },
        body: body && JSON.stringify(body),
        redirect: 'manual',
        signal: AbortSignal.timeout(60_000), // longer than an operator that takes 35 s to time out
      })
      text = await answer.text()
    } catch (err) {
      throw new Later(`no answer: ${err.message}`)
    }
    if (answer.status === 429 || answer.status >= 500) {
      throw new Later(`the service answers ${answer.status}`, (Number(answer.headers.get('retry-after')) || 0) * 1000)
    }
    const told = parse(text)
    if (!answer.ok) throw new Refusal(told?.error ?? `http_${answer.status}`, told?.message ?? "not the service's answer")
    // An answer that cannot be read is a doubt: the payment may be there.
    const id = idOf(told)
    if (!id) throw new Later('the answer has no transaction id')
    return { id, status: told.status, net: told.netAmount }
  }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// idOf reads the id under whatever name it comes.
function idOf(told) {
  return told?.id ?? told?.tx_id ?? told?.txId ?? told?.transaction_id ?? told?.data?.id ?? told?.payment?.id
}
