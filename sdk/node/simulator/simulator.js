'use strict';

const http = require('node:http');

const MAX_BODY = 1 << 20;

/** Acme's stand-in: real state, and faults on request. */
class Simulator {
  #key;
  #byReference = new Map();
  #fault = {};

  /** key is the one that clients present; empty takes any. */
  constructor({ key = '' } = {}) { this.#key = key; }

  /** The messages by reference, in the order in which they came. */
  get messages() { return [...this.#byReference.values()]; }

  /**
   * status answers all requests with it; loseAnswer sends and cuts the
   * connection instead of answering.
   */
  setFault(fault) { this.#fault = fault; }

  /** Listens on loopback and gives the server. */
  async listen(port = 0, host = '127.0.0.1') {
    const server = http.createServer((request, response) => {
      this.#serve(request, response).catch((error) => refuse(response, 500, 'broken', error.message));
    });
    await new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return server;
  }

  async #serve(request, response) {
    const url = new URL(request.url, 'http://acme');
    if (request.method === 'PUT' && url.pathname === '/_control/fault') {
      this.setFault(JSON.parse(await bodyOf(request)));
      answer(response, 200, {});
      return;
    }
    if (this.#key !== '' && request.headers.authorization !== `Bearer ${this.#key}`) {
      refuse(response, 401, 'key_refused', 'the API key is not known');
      return;
    }
    if (this.#fault.status) {
      refuse(response, this.#fault.status, 'fault', 'Acme was told to answer this');
      return;
    }
    await this.#route(request, response, url);
  }

  async #route(request, response, url) {
    const [, reference] = /^\/v1\/messages\/([^/]+)$/.exec(url.pathname) ?? [];
    if (request.method === 'GET' && url.pathname === '/v1/ping') {
      answer(response, 200, { ok: true });
    } else if (request.method === 'GET' && url.pathname === '/v1/messages') {
      this.#list(response, url);
    } else if (request.method === 'GET' && reference !== undefined) {
      this.#find(response, decodeURIComponent(reference));
    } else if (request.method === 'PUT' && reference !== undefined) {
      await this.#send(request, response, decodeURIComponent(reference));
    } else {
      refuse(response, 404, 'unknown_path', 'there is nothing here');
    }
  }

  async #send(request, response, reference) {
    const { text } = JSON.parse(await bodyOf(request));
    if (typeof text !== 'string' || text === '') {
      refuse(response, 422, 'text_missing', 'a message has a text', '/text');
      return;
    }
    if (this.#byReference.has(reference)) {
      // Not definite: the client cannot tell whose message this is.
      refuse(response, 409, 'reference_taken', 'this reference is used already');
      return;
    }
    const message = { reference, text, number: this.#byReference.size + 1, at: new Date().toISOString() };
    this.#byReference.set(reference, message);
    if (this.#fault.loseAnswer) {
      request.socket.destroy();
      return;
    }
    answer(response, 201, message);
  }

  #find(response, reference) {
    const message = this.#byReference.get(reference);
    if (message === undefined) {
      refuse(response, 404, 'unknown_reference', 'no message has this reference');
      return;
    }
    answer(response, 200, message);
  }

  #list(response, url) {
    const after = Number(url.searchParams.get('after') ?? 0);
    const limit = Math.min(Number(url.searchParams.get('limit') ?? 100), 1000);
    const rest = this.messages.slice(after);
    answer(response, 200, { messages: rest.slice(0, limit), remaining: Math.max(0, rest.length - limit) });
  }
}

async function bodyOf(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > MAX_BODY) {
      throw new Error('the body is too long');
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function refuse(response, status, code, message, pointer) {
  answer(response, status, { code, message, ...(pointer ? { pointer } : {}) });
}

module.exports = { Simulator };
