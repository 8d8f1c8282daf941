'use strict';

const clientOf = require('./settings');

/**
 * Says whether Acme has the message, and whether it is ours: the same reference
 * with another text is somebody else's. It never guesses.
 */
module.exports = async function find(call) {
  const { reference, text } = call.parameters;
  const client = await clientOf(call);
  const found = await client.find(call, reference);
  if (found === null) {
    return { reference, result: 'not_found' };
  }
  if (found.text !== text) {
    return { reference, result: 'found_different', differences: [{ field: 'text', expected: text, found: found.text }] };
  }
  return { reference, result: 'found_final' };
};
