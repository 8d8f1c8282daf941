'use strict';

const assert = require('node:assert/strict');
const { createHmac } = require('node:crypto');
const { after, before, test } = require('node:test');

const { Bench } = require('../afara/testing');
const connector = require('../connector');
const { Simulator } = require('../simulator/simulator');

const apiKey = 'key-of-acme';
const webhookSecret = 'secret-of-notifications';

let server;
let acme;
let bench;

before(async () => {
  acme = new Simulator({ key: apiKey });
  server = await acme.listen();
  bench = new Bench(connector, { baseUrl: `http://127.0.0.1:${server.address().port}`, apiKey, webhookSecret, timeoutSeconds: 5 });
});

after(() => server.closeAllConnections() ?? server.close());

test('a message is sent once and found', async () => {
  const message = { reference: 'A', text: 'hello' };
  assert.deepEqual((await bench.invoke('acme.find', message)).result, { reference: 'A', result: 'not_found' });
  const sent = await bench.invoke('acme.send', message);
  assert.equal(sent.result.number, acme.messages.length);
  assert.equal((await bench.invoke('acme.find', message)).result.result, 'found_final');
  assert.deepEqual((await bench.invoke('acme.find', { reference: 'A', text: 'bye' })).result, {
    reference: 'A', result: 'found_different', differences: [{ field: 'text', expected: 'bye', found: 'hello' }],
  });
});

test('a reference that is taken leaves a doubt', async () => {
  await bench.invoke('acme.send', { reference: 'B', text: 'hello' });
  const again = await bench.invoke('acme.send', { reference: 'B', text: 'hello' });
  assert.equal(again.error.class, 'unknown_outcome');
  assert.equal(again.error.vendor_code, 'reference_taken');
});

test('a lost answer is an unknown outcome, and the message is there', async () => {
  acme.setFault({ loseAnswer: true });
  const lost = await bench.invoke('acme.send', { reference: 'C', text: 'hello' });
  acme.setFault({});
  assert.equal(lost.error.class, 'unknown_outcome');
  assert.equal((await bench.invoke('acme.find', { reference: 'C', text: 'hello' })).result.result, 'found_final');
});

test('after the deadline nothing is begun', async () => {
  const late = await bench.invoke('acme.send', { reference: 'D', text: 'hello' }, { deadline: Date.now() - 1000 });
  assert.equal(late.error.class, 'unavailable');
  assert.ok(!acme.messages.some((m) => m.reference === 'D'));
});

test('check tells a good key from a refused one', async () => {
  assert.equal(await bench.check(), null);
  const wrong = new Bench(connector, { baseUrl: `http://127.0.0.1:${server.address().port}`, apiKey: 'another-key', timeoutSeconds: 5 });
  assert.equal((await wrong.check()).class, 'unauthorized');
});

test('faulty settings are named by field', async () => {
  const faulty = await new Bench(connector, { apiKey: 'short', colour: 'red' }).check();
  assert.equal(faulty.class, 'misconfigured');
  assert.deepEqual(faulty.fields.map((f) => f.pointer).sort(), ['/apiKey', '/baseUrl', '/colour']);
});

test('a pull goes on at its cursor', async () => {
  const whole = await bench.pull('messages');
  const first = await bench.pull('messages', { limit: 1 });
  const rest = await bench.pull('messages', { cursor: first.cursor });
  assert.ok(whole.keys.length >= 2 && whole.caughtUp);
  assert.deepEqual(first.keys.concat(rest.keys), whole.keys);
});

test('only a signed notification is believed', async () => {
  const body = JSON.stringify({ id: 'ntf_1', type: 'message.arrived', reference: 'A', at: '2026-11-23T10:00:00Z' });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', webhookSecret).update(`${timestamp}.${body}`).digest('hex');
  const headers = { 'X-Acme-Timestamp': timestamp, 'X-Acme-Signature': signature };
  const good = await bench.push('message', body, headers);
  assert.equal(good.dedupe_key, 'ntf_1');
  assert.equal(good.events[0].reference, 'A');
  assert.equal((await bench.push('message', `${body} `, headers)).error.code, 'signature_refused');
  assert.equal((await bench.push('message', body, headers, new Date(Date.now() + 600_000))).error.code, 'signature_refused');
  assert.equal((await bench.push('message', body, {})).error.code, 'signature_refused');
});

test('no secret is in a log line', () => {
  assert.ok(!bench.lines.join('').includes(apiKey));
});
