'use strict';

const { PROTOCOL_VERSION } = require('./limits');

/**
 * Says every difference between the manifest and what the connector implements,
 * so that one that would disappoint at the first call does not start.
 */
function faults(connector) {
  const { manifest, operations = {} } = connector;
  const out = [];
  if (manifest.protocolVersion !== PROTOCOL_VERSION) {
    out.push(`protocolVersion is ${manifest.protocolVersion}, this SDK speaks ${PROTOCOL_VERSION}`);
  }
  const declared = manifest.operations.map((op) => op.name);
  declared.filter((name) => typeof operations[name] !== 'function')
    .forEach((name) => out.push(`operation ${name} is declared but has no handler: add it to operations of the connector`));
  Object.keys(operations).filter((name) => !declared.includes(name))
    .forEach((name) => out.push(`operation ${name} has a handler but is not declared: add it to the manifest`));
  out.push(...pairs('streams', manifest.streams, 'pull', connector.pull), ...pairs('webhooks', manifest.webhooks, 'webhook', connector.webhook));
  return out;
}

function pairs(member, list = [], name = '', handler = undefined) {
  if (list.length > 0 && typeof handler !== 'function') {
    return [`${member} are declared but the connector has no ${name}: add it`];
  }
  return list.length === 0 && handler !== undefined ? [`the connector has ${name} but declares no ${member}: add them`] : [];
}

module.exports = { faults };
