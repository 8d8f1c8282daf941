'use strict';

// What a connector's author uses. See README.md.
const { ConnectorError, errors } = require('./errors');
const { Client, retryAfter } = require('./http');
const { serve } = require('./serve');

/**
 * Says that a request with an effect is about to begin, right before its first
 * byte leaves. When it throws, the request must not be sent. Client does it; so
 * does a connector that reaches its vendor by other means.
 */
function markBegan(call) { call.tracker.begin(); }

module.exports = { Client, ConnectorError, errors, markBegan, retryAfter, serve };
