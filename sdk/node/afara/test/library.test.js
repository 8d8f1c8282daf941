'use strict';

const assert = require('node:assert/strict');
const { X509Certificate } = require('node:crypto');
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');

const { Client, errors, markBegan, retryAfter } = require('..');
const { Tracker } = require('../began');
const { selfSigned } = require('../certificate');
const { classed } = require('../errors');
const handshake = require('../handshake');
const { Logger } = require('../log');
const { cut, mask, redact, secretsOf } = require('../redact');
const { Bench } = require('../testing');

const settings = { type: 'object', additionalProperties: false, properties: {} };
const own = { type: 'object' };

function connectorWith(operation, effect = 'keyed') {
  return {
    manifest: {
      name: 'x', version: '1.0.0', protocolVersion: 1, settings,
      operations: [{ name: 'x.do', effect, input: own, output: own }],
    },
    operations: { 'x.do': operation },
  };
}

const run = (operation, options) => new Bench(connectorWith(operation), {}).invoke('x.do', {}, options);

test('once an effect has begun, what is no explicit class is an unknown outcome', async () => {
  const failing = (before) => (call) => { before(call); throw new Error('boom'); };
  assert.equal((await run(failing(() => {}))).error.class, 'internal');
  assert.equal((await run(failing(markBegan))).error.class, 'unknown_outcome');
  const said = (call) => { markBegan(call); throw errors.rejected('no', 'the vendor said no'); };
  assert.equal((await run(said)).error.class, 'rejected');
  const gone = new AbortController();
  gone.abort();
  const given = (call) => { markBegan(call); throw new Error('aborted'); };
  assert.equal((await run(given, { signal: gone.signal })).error.class, 'unknown_outcome');
  assert.equal((await run(() => { throw new Error('aborted'); }, { signal: gone.signal })).error.code, 'call_cut');
});

test('a call begins one effect at most, and none when it is over', () => {
  const tracker = new Tracker(true);
  tracker.begin();
  assert.throws(() => tracker.begin(), { class: 'unknown_outcome' });
  const over = new Tracker(true);
  over.end();
  assert.throws(() => over.begin(), { class: 'unavailable' });
  const late = new Tracker(true, 1000, () => 1001);
  assert.throws(() => late.begin(), { class: 'unavailable' });
  assert.equal(late.end(), false);
});

test('a standard operation has its schema', async () => {
  const connector = {
    manifest: { name: 'x', version: '1.0.0', protocolVersion: 1, settings, operations: [{ name: 'invoice.prepare', effect: 'none' }] },
    operations: { 'invoice.prepare': (call) => ({ irn: `${call.parameters.referenceKey}-X`, qrCodeData: 'q' }) },
  };
  const bench = new Bench(connector, {});
  const good = await bench.invoke('invoice.prepare', { referenceKey: 'A1', issueDate: '2026-11-23' });
  assert.deepEqual(good.result, { irn: 'A1-X', qrCodeData: 'q' });
  const bad = await bench.invoke('invoice.prepare', { referenceKey: 'A1', issueDate: 'today' });
  assert.equal(bad.error.class, 'invalid');
  assert.equal(bad.error.fields[0].pointer, '/issueDate');
  assert.equal((await bench.invoke('invoice.sign', {})).error.class, 'unsupported');
});

test('a state that is too large is refused, one that fits is kept', async () => {
  const kept = await run((call) => { call.setState('abc'); return {}; });
  assert.equal(String(kept.state), 'abc');
  const large = await run((call) => { call.setState('x'.repeat(20_000)); return {}; });
  assert.equal(large.error.code, 'state_too_large');
  assert.equal(large.state.length, 0);
});

test('the client classes what it gets and what it does not', async () => {
  const server = http.createServer((request, response) => {
    request.resume();
    if (request.url === '/cut') {
      request.socket.destroy();
      return;
    }
    response.writeHead(Number(request.url.slice(1)), { 'retry-after': '3' });
    response.end('{"apiKey":"abcdefgh"}');
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const baseUrl = `http://127.0.0.1:${server.address().port}`;
  const kept = new Client({ baseUrl, timeoutMillis: 5000 });
  const ask = (path, method, client = kept) => run(async (call) => {
    const error = (await client.do(call, { path, method, json: method === 'PUT' ? {} : undefined })).failure();
    if (error) {
      throw error;
    }
    return {};
  });
  for (const [path, method, kind] of [
    ['/200', 'GET', undefined], ['/401', 'GET', 'unauthorized'], ['/404', 'GET', 'misconfigured'], ['/429', 'PUT', 'rate_limited'],
    ['/503', 'GET', 'unavailable'], ['/503', 'PUT', 'unknown_outcome'], ['/409', 'PUT', 'unknown_outcome'], ['/302', 'PUT', 'unknown_outcome'],
    ['/422', 'PUT', 'rejected'], ['/cut', 'GET', 'unavailable'], ['/cut', 'PUT', 'unknown_outcome'],
  ]) {
    const { error } = await ask(path, method);
    assert.equal(error?.class, kind, `${method} ${path}`);
    assert.ok(!String(error?.vendor_answer ?? '').includes('abcdefgh'));
  }
  assert.equal((await ask('/429', 'PUT')).error.retry_after_millis, '3000');
  server.closeAllConnections();
  await new Promise((resolve) => { server.close(resolve); });
  assert.equal((await ask('/200', 'PUT', new Client({ baseUrl }))).error.class, 'unavailable');
});

test('an effect whose connection never stands has not begun', async () => {
  const server = net.createServer((socket) => socket.destroy());
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  server.close();
  const secure = new Client({ baseUrl: `https://127.0.0.1:${port}`, timeoutMillis: 2000 });
  const { error } = await run(async (call) => secure.do(call, { method: 'PUT', path: '/', json: {} }));
  assert.equal(error.class, 'unavailable');
});

test('secrets are found in settings and masked in every form', () => {
  const schema = {
    properties: {
      key: { 'x-afara-secret': true }, list: { items: { $ref: '#/$defs/secret' } }, far: { $ref: 'https://elsewhere' }, open: { type: 'string' },
    },
    $defs: { secret: { 'x-afara-secret': true } },
  };
  const found = secretsOf(schema, { key: 'secret one', list: ['secret "two"'], far: 'secret three', open: 'public' }, { token: 'long-credential' });
  assert.deepEqual(found.sort(), ['long-credential', 'secret "two"', 'secret one', 'secret three']);
  for (const secret of found) {
    for (const form of [secret, JSON.stringify(secret), encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
      assert.ok(!mask(`a ${form} b`, found).includes(form), form);
    }
  }
  assert.equal(redact('{"password":"x","n":1}'), '{"password":"[redacted]","n":1}');
  assert.equal(redact('password=abc&x=1'), 'password=[redacted]&x=1');
  assert.equal(Buffer.byteLength(cut('ä'.repeat(10), 9)) <= 9, true);
});

test('log lines are as the engine reads them', () => {
  const lines = [];
  const log = new Logger({ write: (line) => lines.push(line), mask: (text) => text.replaceAll('hidden', '***') });
  log.with({ '@level': 'x', password: 'p' }).warn('a\nhidden', { big: 'x'.repeat(100_000), error: new Error('why') });
  log.debug('below the level');
  assert.equal(lines.length, 1);
  const line = JSON.parse(lines[0]);
  assert.match(line['@timestamp'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.equal(line['@level'], 'warn');
  assert.equal(line['@message'], 'a\n***');
  assert.equal(line.password, '[redacted]');
  assert.equal(line._level, 'x');
  assert.equal(line.error, 'why');
  assert.ok(lines[0].length < 32 << 10 && lines[0].endsWith('\n'));
});

test('the handshake takes the version that is spoken, and says its certificate', async () => {
  assert.equal(handshake.negotiate({ PLUGIN_PROTOCOL_VERSIONS: '1,99' }), 1);
  assert.equal(handshake.negotiate({ PLUGIN_PROTOCOL_VERSIONS: '7' }), 1);
  assert.ok(!handshake.startedByEngine({}));
  assert.throws(() => handshake.socketPath({ PLUGIN_UNIX_SOCKET_DIR: `/${'x'.repeat(120)}` }), /too long/);
  const made = await selfSigned();
  const [, , , , , certificate] = handshake.line(1, '/s', made.der).trim().split('|');
  assert.ok(!certificate.includes('='));
  const read = new X509Certificate(Buffer.from(certificate, 'base64'));
  assert.equal(read.subjectAltName, 'DNS:localhost');
  assert.ok(read.verify(read.publicKey));
});

test('an error keeps its cause at home, and Retry-After has two forms', () => {
  const cause = new Error('inner');
  assert.equal(classed(errors.invalid('a', 'b', { cause }), { begun: true, cut: false }).class, 'invalid');
  assert.equal(retryAfter('7'), 7000);
  assert.equal(retryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 5000), 5000);
  assert.equal(retryAfter('soon'), 0);
});
