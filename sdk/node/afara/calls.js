'use strict';

const { Tracker } = require('./began');
const { classed, errors } = require('./errors');
const { MAX_STATE, MAX_TEXT, MAX_VENDOR_ANSWER } = require('./limits');
const { cut, redact } = require('./redact');
const { compile, inputOf } = require('./validate');

/** The five calls over one connector. */
class Calls {
  #connector;
  #connections;
  #log;
  #inputs = new Map();
  #effects;
  #raw;

  constructor(connector, connections, log) {
    this.#connector = connector;
    this.#connections = connections;
    this.#log = log;
    this.#raw = Buffer.from(JSON.stringify(connector.manifest));
    this.#effects = new Map(connector.manifest.operations.map((op) => [op.name, op.effect !== 'none']));
  }

  describe() { return { manifest: this.#raw }; }

  async check(request, signal) {
    const connection = this.#connections.of(request.connection);
    if (connection === null) {
      return { connection_unknown: true };
    }
    const call = this.#call(connection, signal, { operation: 'check' });
    const { error } = await this.#guarded(call, async () => this.#connector.check?.(call));
    return { error, credential_update: connection.wireUpdate() };
  }

  async invoke(request, signal) {
    const connection = this.#connections.of(request.connection);
    if (connection === null) {
      return { connection_unknown: true };
    }
    const deadline = Number(BigInt(request.deadline_unix_micros) / 1000n);
    const call = this.#call(connection, signal, {
      operation: request.operation, key: request.key, messageId: request.message_id, document: documentOf(request.document),
      state: request.state, deadline: deadline === 0 ? null : new Date(deadline), traceparent: request.traceparent,
    }, new Tracker(this.#effects.get(request.operation) ?? false, deadline));
    let next = Buffer.alloc(0);
    call.setState = (state) => { next = Buffer.from(state); };
    const { value, error } = await this.#guarded(call, async () => {
      call.parameters = this.#parameters(request);
      const result = await this.#connector.operations[request.operation](call);
      if (next.length > MAX_STATE) {
        throw errors.internal('state_too_large', `the state has ${next.length} bytes; at most ${MAX_STATE} are kept`);
      }
      return Buffer.from(JSON.stringify(result ?? {}));
    });
    const outcome = error === null ? { result: value } : { error };
    return { ...outcome, state: next.length > MAX_STATE ? Buffer.alloc(0) : next, credential_update: connection.wireUpdate() };
  }

  /** send answers a promise that resolves when more may be sent. */
  async pull(request, signal, send) {
    const connection = this.#connections.of(request.connection);
    if (connection === null) {
      await send({ connection_unknown: true });
      return;
    }
    const call = this.#call(connection, signal, {
      operation: 'pull', stream: request.stream, cursor: request.cursor, limit: request.limit, preview: request.preview,
    });
    const update = () => {
      const now = connection.wireUpdate();
      connection.update = undefined;
      return now;
    };
    const { error } = await this.#guarded(call, async () => {
      if (!this.#declares('streams', request.stream)) {
        throw errors.unsupported('stream_unknown', `connector ${this.#connector.manifest.name} has no stream ${JSON.stringify(request.stream)}`);
      }
      await this.#connector.pull(call, async (batch) => send({ ...wireBatch(batch), credential_update: update() }));
    });
    if (error !== null) {
      await send({ error, credential_update: update(), remaining: -1 });
    } else if (connection.update !== undefined) {
      await send({ cursor: request.cursor, credential_update: update(), remaining: -1 });
    }
  }

  async webhook(request, signal) {
    const connection = this.#connections.of(request.connection);
    if (connection === null) {
      return { connection_unknown: true };
    }
    const call = this.#call(connection, signal, webhookOf(request));
    const { value, error } = await this.#guarded(call, async () => {
      if (!this.#declares('webhooks', request.kind)) {
        throw errors.unsupported('webhook_unknown', `connector ${this.#connector.manifest.name} has no webhook kind ${JSON.stringify(request.kind)}`);
      }
      return wireWebhook(await this.#connector.webhook(call));
    });
    return error === null ? value : { error };
  }

  #declares(member, name) {
    return (this.#connector.manifest[member] ?? []).some((one) => one.name === name);
  }

  #call(connection, signal, members, tracker = new Tracker(false)) {
    const log = this.#log.with({ operation: members.operation ?? 'webhook', connection: connection.id, ...(members.messageId ? { message: members.messageId } : {}) });
    return { ...members, connection, signal, tracker, log };
  }

  /** Parameters that the operation's schema accepts; none are the empty ones. */
  #parameters(request) {
    const op = this.#connector.manifest.operations.find((one) => one.name === request.operation);
    if (op === undefined) {
      throw errors.unsupported('operation_unknown', `connector ${this.#connector.manifest.name} has no operation ${JSON.stringify(request.operation)}`);
    }
    if (!this.#inputs.has(op.name)) {
      this.#inputs.set(op.name, compile(op.input ?? inputOf(op.name)));
    }
    const text = request.parameters.toString('utf8').trim();
    let value;
    try {
      value = JSON.parse(text === '' ? '{}' : text);
    } catch (cause) {
      throw errors.invalid('parameters_invalid', `the parameters of ${op.name} are no JSON`, { cause });
    }
    const fields = this.#inputs.get(op.name)(value);
    if (fields.length > 0) {
      throw errors.invalid('parameters_invalid', `the parameters of ${op.name} are not valid`, { fields });
    }
    return value;
  }

  /** Runs one handler; nothing that it leaves behind can begin an effect afterwards. */
  async #guarded(call, run) {
    try {
      const value = await run();
      call.tracker.end();
      return { value, error: null };
    } catch (error) {
      const made = classed(error, { begun: call.tracker.end(), cut: call.signal.aborted });
      if (made.code === 'unclassified') {
        call.log.error('handler failed', { error, stack: error?.stack ?? '' });
      }
      return { error: this.#wireError(made) };
    }
  }

  #wireError(e) {
    const text = (t) => cut(this.#connections.mask(String(t)), MAX_TEXT);
    return {
      class: `CLASS_${e.class.toUpperCase()}`, code: text(e.code), message: text(e.message),
      vendor_code: text(e.vendorCode), vendor_text: text(e.vendorText),
      vendor_answer: Buffer.from(cut(this.#connections.mask(redact(e.vendorAnswer)), MAX_VENDOR_ANSWER)),
      retry_after_millis: String(Math.max(0, Math.round(e.retryAfterMillis))),
      fields: e.fields.map((f) => ({ pointer: text(f.pointer), code: text(f.code), detail: text(f.detail), fix: text(f.fix) })),
    };
  }
}

function documentOf(wire) {
  return wire ? { schema: wire.schema, digest: wire.digest, body: wire.body, json: () => JSON.parse(wire.body.toString('utf8')) } : null;
}

const micros = (date) => (date ? String(BigInt(new Date(date).getTime()) * 1000n) : '0');

function wireBatch({ records = [], cursor, caughtUp = false, remaining = -1 }) {
  return {
    cursor: Buffer.from(cursor), caught_up: caughtUp, remaining: String(remaining),
    records: records.map((r) => ({
      key: r.key, occurred_unix_micros: micros(r.occurredAt),
      document: { schema: r.schema ?? '', digest: digestOf(r.body), body: r.body },
    })),
  };
}

function digestOf(body) {
  return require('node:crypto').createHash('sha256').update(body).digest();
}

function webhookOf(request) {
  const headers = new Map();
  for (const { name, values } of request.headers) {
    const key = name.toLowerCase();
    headers.set(key, (headers.get(key) ?? []).concat(values));
  }
  return {
    kind: request.kind, method: request.method, path: request.path, query: request.query, body: request.body,
    receivedAt: new Date(Number(BigInt(request.received_unix_micros) / 1000n)),
    header: (name) => (headers.get(name.toLowerCase()) ?? [''])[0],
  };
}

function wireWebhook(result) {
  if (result === undefined || result === null) {
    throw errors.internal('result_missing', 'the handler of the webhook answered nothing');
  }
  const reply = result.reply ?? {};
  return {
    dedupe_key: result.dedupeKey,
    events: (result.events ?? []).map((e) => ({
      type: e.type, reference: e.reference ?? '', data: Buffer.from(e.data), occurred_unix_micros: micros(e.occurredAt),
    })),
    reply: {
      status: reply.status ?? 200, body: Buffer.from(reply.body ?? ''),
      headers: Object.entries(reply.headers ?? {}).map(([name, value]) => ({ name, values: [].concat(value) })),
    },
  };
}

module.exports = { Calls };
