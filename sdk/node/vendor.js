'use strict';

const { Client } = require('./afara');

/**
 * Speaks to Acme with one key: its paths, its bodies and what its answers mean
 * as error classes.
 */
class VendorClient {
  #http;

  constructor(baseUrl, apiKey, timeoutMillis) {
    this.#http = new Client({
      baseUrl, timeoutMillis, secrets: [apiKey], headers: { authorization: `Bearer ${apiKey}` },
    });
  }

  /** Proves address and key. */
  async ping(call) {
    this.#well(await this.#http.do(call, { path: '/v1/ping' }));
  }

  /** Sends a message. It is the one request with an effect. */
  async send(call, reference, text) {
    return this.#well(await this.#http.do(call, {
      method: 'PUT', path: `/v1/messages/${encodeURIComponent(reference)}`,
      headers: { 'idempotency-key': call.key }, json: { text },
    })).json();
  }

  /** The message of a reference; null only when Acme itself says that it has none. */
  async find(call, reference) {
    const answer = await this.#http.do(call, { path: `/v1/messages/${encodeURIComponent(reference)}` });
    if (answer.status === 404 && problem(answer).code === 'unknown_reference') {
      return null;
    }
    return this.#well(answer).json();
  }

  /** Messages with a number above after, at most limit. */
  async list(call, after, limit) {
    return this.#well(await this.#http.do(call, { path: '/v1/messages', query: { after, limit } })).json();
  }

  /** Classes a refusal by its status, with Acme's own words where it gave some. */
  #well(answer) {
    const error = answer.failure();
    if (error === null) {
      return answer;
    }
    const { code, message, pointer } = problem(answer);
    if (code !== undefined) {
      error.vendorCode = code;
      error.vendorText = message ?? '';
      if (pointer) {
        error.fields = [{ pointer, code, detail: message ?? '', fix: 'Correct the value and ask again.' }];
      }
    }
    throw error;
  }
}

/** The body of a refusal; empty when it is not Acme's. */
function problem(answer) {
  try {
    return JSON.parse(answer.body.toString('utf8')) ?? {};
  } catch {
    return {};
  }
}

module.exports = { VendorClient };
