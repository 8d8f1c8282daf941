'use strict';

const { Calls } = require('./calls');
const { Connections } = require('./connection');
const { Logger } = require('./log');
const { compile } = require('./validate');

/**
 * A connector in the test's own process, called as the engine calls it: over the
 * messages of the contract, without process and socket.
 */
class Bench {
  #calls;
  #settings;

  constructor(connector, settings) {
    this.lines = [];
    const connections = new Connections(connector.manifest.settings, compile(connector.manifest.settings));
    const log = new Logger({ write: (line) => this.lines.push(line), mask: (text) => connections.mask(text), level: 'trace' });
    this.#calls = new Calls(connector, connections, log);
    this.#settings = Buffer.from(JSON.stringify(settings));
  }

  get #connection() {
    return { id: 'con_1', version: '1', environment: 'sandbox', settings: this.#settings, credential: Buffer.alloc(0) };
  }

  /** Answers {result} or {error}, whose class is in words, e.g. "rejected". */
  async invoke(operation, parameters, { key = 'key-1', deadline = 0, state = '', signal = new AbortController().signal } = {}) {
    const answer = await this.#calls.invoke({
      connection: this.#connection, operation, key, message_id: 'msg_1', document: null, traceparent: '',
      parameters: Buffer.from(JSON.stringify(parameters)), state: Buffer.from(state), deadline_unix_micros: String(deadline * 1000),
    }, signal);
    return { state: answer.state, ...(answer.error ? { error: worded(answer.error) } : { result: JSON.parse(answer.result) }) };
  }

  /** The error of Check, or null. */
  async check() {
    const { error } = await this.#calls.check({ connection: this.#connection }, new AbortController().signal);
    return error ? worded(error) : null;
  }

  /** All that one pull gives. */
  async pull(stream, { cursor = '', limit = 0, preview = false } = {}) {
    const batches = [];
    const request = { connection: this.#connection, stream, cursor: Buffer.from(cursor), limit, preview };
    await this.#calls.pull(request, new AbortController().signal, async (batch) => { batches.push(batch); });
    const last = batches.at(-1);
    return {
      keys: batches.flatMap((b) => (b.records ?? []).map((r) => r.key)), cursor: String(last?.cursor ?? ''),
      caughtUp: last?.caught_up ?? false, error: last?.error ? worded(last.error) : null,
    };
  }

  /** What a pushed request means; headers is an object. */
  async push(kind, body, headers, receivedAt = new Date()) {
    const answer = await this.#calls.webhook({
      connection: this.#connection, kind, method: 'POST', path: '/', query: '', body: Buffer.from(body),
      headers: Object.entries(headers).map(([name, value]) => ({ name, values: [value] })), received_unix_micros: String(receivedAt.getTime() * 1000),
    }, new AbortController().signal);
    return answer.error ? { error: worded(answer.error) } : answer;
  }
}

const worded = (error) => ({ ...error, class: error.class.replace('CLASS_', '').toLowerCase() });

module.exports = { Bench };
