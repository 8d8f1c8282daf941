'use strict';

const { VendorClient } = require('./vendor');

const DEFAULT_TIMEOUT = 20; // seconds; ends before the operations' deadline

/**
 * The connection's client, made once for each version of its settings: a client
 * per call would open a connection per call.
 */
module.exports = async function clientOf(call) {
  return call.connection.memo('client', (connection) => {
    const { baseUrl, apiKey, timeoutSeconds } = connection.settings();
    return new VendorClient(baseUrl, apiKey, (timeoutSeconds ?? DEFAULT_TIMEOUT) * 1000);
  });
};
