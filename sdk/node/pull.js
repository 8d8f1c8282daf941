'use strict';

const { errors } = require('./afara');
const clientOf = require('./settings');

const PAGE = 100;

/**
 * Reads the messages in the order of their numbers. The cursor is the number of
 * the last one, so nothing has to be acknowledged to Acme.
 */
module.exports = async function pull(call, emit) {
  const client = await clientOf(call);
  let after = position(call.cursor);
  let left = call.limit > 0 ? call.limit : Infinity;
  for (;;) {
    const { messages, remaining } = await client.list(call, after, Math.min(PAGE, left));
    after = messages.at(-1)?.number ?? after;
    const caughtUp = remaining === 0 || messages.length === 0;
    await emit({
      cursor: String(after), caughtUp, remaining,
      records: messages.map((m) => ({ key: m.reference, body: Buffer.from(JSON.stringify(m)), occurredAt: m.at })),
    });
    left -= messages.length;
    if (caughtUp || left <= 0) {
      return;
    }
  }
};

function position(cursor) {
  const text = cursor.toString('utf8');
  if (!/^\d{0,15}$/.test(text)) {
    throw errors.internal('cursor_unreadable', 'the cursor is no number; reset it to pull from the start');
  }
  return Number(text);
}
