'use strict';

const clientOf = require('./settings');

// The connector keeps nothing between calls: all it knows of a connection comes
// with each call.
module.exports = {
  manifest: require('./manifest.json'),

  /** Proves address and key with a request that changes nothing. */
  async check(call) {
    const client = await clientOf(call);
    await client.ping(call);
  },

  operations: {
    'acme.send': require('./send'),
    'acme.find': require('./find'),
  },

  pull: require('./pull'),
  webhook: require('./webhook'),
};
