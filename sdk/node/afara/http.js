'use strict';

const http = require('node:http');
const https = require('node:https');

const { ConnectorError, errors } = require('./errors');
const { mask, redact } = require('./redact');

const HARMLESS = ['GET', 'HEAD', 'OPTIONS'];

/**
 * A client of one vendor. It keeps connections, so make one for a version of a
 * connection (connection.memo), not one for a call. It follows no redirect and
 * repeats nothing.
 */
class Client {
  #base;
  #agent;
  #send;
  #options;

  /**
   * baseUrl: http or https, no user, query or fragment. headers go on every
   * request. timeoutMillis bounds one request. secrets are masked in answers
   * that errors carry.
   */
  constructor({ baseUrl, headers = {}, timeoutMillis = 30_000, maxResponse = 4 << 20, secrets = [] }) {
    this.#base = parseBase(baseUrl);
    const module = this.#base.protocol === 'https:' ? https : http;
    // Below most vendors' own limit: a request that meets a closing connection
    // may be lost, which costs a look-up.
    this.#agent = new module.Agent({ keepAlive: true, maxSockets: 64, keepAliveMsecs: 10_000, timeout: timeoutMillis + 1_000 });
    this.#send = module.request;
    this.#options = { headers, timeoutMillis, maxResponse, secrets };
  }

  /**
   * Sends one request and reads the whole answer. Any answer, whatever its
   * status, is an Answer; answer.failure() classes it. Without an answer it
   * throws: unavailable when no request with an effect had begun in this call,
   * else unknown_outcome.
   *
   * changes: whether the request changes something at the vendor. Absent: GET,
   * HEAD and OPTIONS do not, all others do, if the operation has an effect.
   */
  async do(call, { method, path, query, headers = {}, json, body, changes }) {
    const content = json === undefined ? body : JSON.stringify(json);
    const verb = method ?? (content === undefined ? 'GET' : 'POST');
    const own = content === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) };
    const state = { begun: false, changes: changes ?? !HARMLESS.includes(verb) };
    try {
      const got = await this.#exchange(call, this.#target(path, query), {
        method: verb, agent: this.#agent, headers: { ...this.#options.headers, ...own, ...headers },
      }, content, state);
      return new Answer(got, call.tracker, state.begun, this.#options.secrets);
    } catch (error) {
      throw failed(error, call.tracker, state);
    }
  }

  #target(path, query = {}) {
    const url = new URL(`${this.#base.pathname.replace(/\/$/, '')}/${path.replace(/^\//, '')}`, this.#base);
    Object.entries(query).forEach(([name, value]) => url.searchParams.set(name, String(value)));
    return url;
  }

  #exchange(call, url, options, content, state) {
    const { timeoutMillis, maxResponse } = this.#options;
    return new Promise((resolve, reject) => {
      const request = this.#send(url, options);
      const give = (error) => request.destroy(error);
      const timer = setTimeout(() => give(new Error(`no answer within ${timeoutMillis} ms`)), timeoutMillis);
      const abort = () => give(new Error('the call was given up'));
      const done = (settle, value) => {
        clearTimeout(timer);
        call.signal.removeEventListener('abort', abort);
        settle(value);
      };
      if (call.signal.aborted) {
        abort();
      }
      call.signal.addEventListener('abort', abort);
      request.on('error', (error) => done(reject, error));
      request.on('response', (response) => collect(response, maxResponse, give, (value) => done(resolve, value), (error) => done(reject, error)));
      connected(request, () => begin(request, call.tracker, state, content));
    });
  }
}

/** Runs next once the request's connection stands; nothing has been sent then. */
function connected(request, next) {
  request.once('socket', (socket) => {
    if (!socket.connecting && socket.secureConnecting !== true) {
      next();
      return;
    }
    socket.once(socket.encrypted === true ? 'secureConnect' : 'connect', next);
  });
}

/** The last step before the first byte. */
function begin(request, tracker, state, content) {
  if (request.destroyed) {
    return;
  }
  try {
    if (state.changes) {
      tracker.begin();
      state.begun = tracker.began;
    }
    request.end(content);
  } catch (error) {
    request.destroy(error);
  }
}

function collect(response, limit, give, resolve, reject) {
  const parts = [];
  let size = 0;
  response.on('data', (part) => {
    size += part.length;
    if (size > limit) {
      give(new Error('the answer is longer than allowed'));
      return;
    }
    parts.push(part);
  });
  response.on('error', reject);
  response.on('aborted', () => reject(new Error('the answer was cut off')));
  response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
}

/**
 * Classes the lack of an answer. What counts is whether an effect has begun
 * anywhere in this call, not in this request.
 */
function failed(error, tracker, state) {
  if (error instanceof ConnectorError) {
    return error;
  }
  if (state.begun) {
    return errors.unknownOutcome('no_answer', `the request went out and no answer came: ${reasonOf(error)}`, { cause: error });
  }
  if (tracker.began) {
    return errors.unknownOutcome('no_answer', `an effect had begun and a later request got no answer: ${reasonOf(error)}`, { cause: error });
  }
  return errors.unavailable('vendor_unreachable', `no answer from the vendor: ${reasonOf(error)}`, { cause: error });
}

const reasonOf = (error) => error.code ?? error.message;

/** A vendor's answer, read to its end. */
class Answer {
  #tracker;
  #begun;
  #secrets;

  constructor({ status, headers, body }, tracker, begun, secrets) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.#tracker = tracker;
    this.#begun = begun;
    this.#secrets = secrets;
  }

  /** The body as JSON; one that cannot be read proves nothing of an effect. */
  json() {
    try {
      return JSON.parse(this.body.toString('utf8'));
    } catch (error) {
      throw this.error(this.#doubt('unavailable'), 'vendor_answer_unreadable', "the vendor's answer is not the expected JSON", { cause: error });
    }
  }

  /**
   * The class of an answer by its HTTP status alone, as an error; null below
   * 300. It is where a connector starts: a vendor that says more in its body
   * deserves a better reading.
   */
  failure() {
    const [kind, code] = this.#classOf();
    if (kind === '') {
      return null;
    }
    const later = this.#tracker.began && !this.#begun;
    return this.error(later ? 'unknown_outcome' : kind, code, `the vendor answered ${this.status}`);
  }

  #classOf() {
    const s = this.status;
    if (s < 300) {
      return ['', ''];
    }
    if (s < 400) {
      return [this.#doubt('misconfigured'), 'vendor_redirected'];
    }
    if (s === 429) {
      return ['rate_limited', 'vendor_rate_limit'];
    }
    if (s === 401 || s === 403) {
      return ['unauthorized', 'vendor_unauthorized'];
    }
    if (s === 404 || s === 405) {
      return ['misconfigured', 'vendor_path_unknown'];
    }
    if (s === 408 || s === 409 || s === 425 || s >= 500) {
      return [this.#doubt('unavailable'), 'vendor_unavailable'];
    }
    return ['rejected', 'vendor_refused'];
  }

  /** unknown_outcome once an effect has begun in this call, else kind. */
  #doubt(kind) { return this.#tracker.began ? 'unknown_outcome' : kind; }

  /** An error that carries the answer, masked, and the vendor's Retry-After. */
  error(kind, code, message, more = {}) {
    return new ConnectorError(kind, code, message, {
      vendorCode: String(this.status), vendorAnswer: mask(redact(this.body), this.#secrets),
      retryAfterMillis: retryAfter(this.headers['retry-after'], Date.now()), ...more,
    });
  }
}

/** Reads both forms of Retry-After (RFC 9110, section 10.2.3); 0 when absent. */
function retryAfter(value = '', now = Date.now()) {
  if (/^\d{1,9}$/.test(value.trim())) {
    return Number(value) * 1000;
  }
  const at = Date.parse(value);
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}

function parseBase(raw) {
  let url;
  try {
    url = new URL(raw);
  } catch (error) {
    throw errors.misconfigured('base_url_invalid', 'the base URL cannot be read', { cause: error });
  }
  if (!['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw errors.misconfigured('base_url_invalid', 'the base URL is http or https and carries no user, query or fragment');
  }
  return url;
}

module.exports = { Client, retryAfter };
