'use strict';

const { status } = require('./wire');

const GRACE = 1_000; // for what was cut to answer with its class

/**
 * Lets calls in flight finish when the process is told to end, for a limited
 * time, and takes no new ones meanwhile.
 */
class Drain {
  #log;
  #inFlight = new Set(); // of AbortController
  #ending = false;
  #idle = null;

  constructor(log) { this.#log = log; }

  get ending() { return this.#ending; }

  /** Counts a call in; leave counts it out. Refuses it when the process is ending. */
  enter() {
    if (this.#ending) {
      const error = new Error('the connector is ending; nothing was begun');
      error.code = status.UNAVAILABLE;
      throw error;
    }
    const cut = new AbortController();
    this.#inFlight.add(cut);
    return cut;
  }

  leave(cut) {
    this.#inFlight.delete(cut);
    if (this.#inFlight.size === 0) {
      this.#idle?.();
    }
  }

  /** Resolves when nothing is in flight, or what was has been cut at the limit. */
  async end(limitMillis) {
    this.#ending = true;
    if (await this.#wait(limitMillis)) {
      return;
    }
    this.#log.warn('calls in flight did not end in time; cutting them', { limit: `${limitMillis}ms` });
    this.#inFlight.forEach((cut) => cut.abort());
    await this.#wait(GRACE);
  }

  #wait(millis) {
    if (this.#inFlight.size === 0) {
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), millis);
      const before = this.#idle;
      this.#idle = () => {
        before?.();
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

module.exports = { Drain };
