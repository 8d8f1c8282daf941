'use strict';

const { errors } = require('./errors');

/**
 * Watches one call: whether a request with an effect may still begin, whether
 * one did.
 */
class Tracker {
  #effect;
  #deadline;
  #now;
  #began = false;
  #over = false;

  /** deadline is in milliseconds of the Unix clock; 0 is none. */
  constructor(effect, deadline = 0, now = Date.now) {
    this.#effect = effect;
    this.#deadline = deadline;
    this.#now = now;
  }

  get effect() { return this.#effect; }

  get began() { return this.#began; }

  /**
   * The last step before the first byte of a request with an effect. When it
   * returns, the request counts as begun, for ever. A call begins at most one;
   * on an operation without effect it allows everything and marks nothing.
   */
  begin() {
    if (!this.#effect) {
      return;
    }
    if (this.#began) {
      throw errors.unknownOutcome('second_effect', 'a request with an effect has already begun in this call: end the call and let the engine decide');
    }
    if (this.#over) {
      throw errors.unavailable('not_started', 'the call is over');
    }
    if (this.#deadline !== 0 && this.#now() > this.#deadline) {
      throw errors.unavailable('not_started', 'the deadline for starting a request with an effect has passed');
    }
    this.#began = true;
  }

  /**
   * Forbids every later begin, so that what a handler left running cannot
   * contradict the answer given for it.
   */
  end() {
    this.#over = true;
    return this.#began;
  }
}

module.exports = { Tracker };
