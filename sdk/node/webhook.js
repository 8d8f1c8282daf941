'use strict';

const { createHmac, timingSafeEqual } = require('node:crypto');

const { errors } = require('./afara');

const TOLERANCE = 5 * 60 * 1000; // how old a notification may be, in milliseconds

/**
 * Believes a notification only after the signature over time and raw body is
 * proved. Without a secret nothing can be proved, and so nothing is believed.
 */
module.exports = async function webhook(call) {
  const { webhookSecret } = call.connection.settings();
  if (!webhookSecret) {
    throw errors.misconfigured('webhook_secret_missing', 'the connection has no webhookSecret; set the one that Acme shows');
  }
  if (!proved(webhookSecret, call)) {
    throw errors.unauthorized('signature_refused', "the notification is not signed with this connection's secret, or too old");
  }
  const notification = read(call.body);
  return {
    dedupeKey: notification.id,
    events: [{ type: notification.type, reference: notification.reference, data: call.body, occurredAt: notification.at }],
  };
};

function proved(secret, call) {
  const timestamp = call.header('X-Acme-Timestamp');
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(call.receivedAt.getTime() - Number(timestamp) * 1000) > TOLERANCE) {
    return false;
  }
  const given = Buffer.from(call.header('X-Acme-Signature'), 'hex');
  const wanted = createHmac('sha256', secret).update(`${timestamp}.`).update(call.body).digest();
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function read(body) {
  let value;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw errors.invalid('notification_unreadable', 'the notification is no JSON', { cause });
  }
  if (typeof value?.id !== 'string' || value.id === '') {
    throw errors.invalid('notification_unreadable', 'the notification is no JSON object with an id');
  }
  return value;
}
