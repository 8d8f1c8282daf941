'use strict';

const clientOf = require('./settings');

/**
 * Sends a message: the one operation here with an effect. Acme refuses a
 * reference that it knows; that refusal does not say whose message it knows, so
 * the client answers unknown_outcome and the engine looks it up.
 */
module.exports = async function send(call) {
  const { reference, text } = call.parameters;
  const client = await clientOf(call);
  const sent = await client.send(call, reference, text);
  return { number: sent.number };
};
