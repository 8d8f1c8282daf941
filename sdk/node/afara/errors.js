'use strict';

// Classed errors: whose fault it is, and so what the engine does next. Every
// class but unknown_outcome promises that the operation's effect has not
// happened and will not happen through this call.

const CLASSES = Object.freeze([
  'invalid', 'rejected', 'unsupported', 'unauthorized', 'misconfigured',
  'rate_limited', 'unavailable', 'unknown_outcome', 'internal',
]);

/**
 * The only kind of error that says more than "internal".
 *
 * more: vendorCode and vendorText, what the vendor said; vendorAnswer, its
 * answer (masked and cut on the way out); retryAfterMillis, for rate_limited
 * and unavailable; fields, a list of {pointer, code, detail, fix}; cause, which
 * does not travel.
 */
class ConnectorError extends Error {
  constructor(kind, code, message, more = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'ConnectorError';
    this.class = kind;
    this.code = code;
    this.vendorCode = more.vendorCode ?? '';
    this.vendorText = more.vendorText ?? '';
    this.vendorAnswer = more.vendorAnswer ?? '';
    this.retryAfterMillis = more.retryAfterMillis ?? 0;
    this.fields = more.fields ?? [];
  }
}

const of = (kind) => (code, message, more) => new ConnectorError(kind, code, message, more);

/** One function for each class: throw errors.rejected('amount_negative', '…'). */
const errors = Object.freeze({
  invalid: of('invalid'),
  rejected: of('rejected'),
  unsupported: of('unsupported'),
  unauthorized: of('unauthorized'),
  misconfigured: of('misconfigured'),
  rateLimited: of('rate_limited'),
  unavailable: of('unavailable'),
  unknownOutcome: of('unknown_outcome'),
  internal: of('internal'),
});

/** Marks a call that the engine gave up. */
const CODE_CUT = 'call_cut';

/**
 * Gives any error a class. Once a request with an effect has begun, what is not
 * the handler's own explicit class is an unknown outcome.
 */
function classed(error, { begun, cut }) {
  const kind = explicit(error, cut);
  if (begun && (kind.class === 'internal' || kind.code === CODE_CUT)) {
    kind.class = 'unknown_outcome';
  }
  return kind;
}

function explicit(error, cut) {
  if (error instanceof ConnectorError && CLASSES.includes(error.class)) {
    return new ConnectorError(error.class, error.code, error.message, error);
  }
  const text = error instanceof Error ? error.message : String(error);
  return cut
    ? errors.unavailable(CODE_CUT, `the call was given up: ${text}`, { cause: error })
    : errors.internal('unclassified', text, { cause: error });
}

module.exports = { CLASSES, CODE_CUT, ConnectorError, classed, errors };
