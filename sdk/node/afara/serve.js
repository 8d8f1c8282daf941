'use strict';

const fs = require('node:fs');
const grpc = require('@grpc/grpc-js');

const { Calls } = require('./calls');
const { selfSigned } = require('./certificate');
const { Connections } = require('./connection');
const { Drain } = require('./drain');
const handshake = require('./handshake');
const { Logger } = require('./log');
const manifest = require('./manifest');
const { newServer } = require('./server');
const { compile } = require('./validate');

const DRAIN = 10_000; // after SIGTERM
const SHUTDOWN_DRAIN = 5_000; // after go-plugin's call, whose host kills two seconds after its answer
const ANSWERS_LEAVE = 1_000;
const PARENT_EVERY = 1_000;

/**
 * The main of a connector's program: serves the connector to the engine that
 * started the process, and ends with it. When it cannot be served, it says why
 * on standard error and exits with status 1.
 */
function serve(connector, { env = process.env, level = 'info' } = {}) {
  start(connector, env, level, process.ppid).catch((error) => {
    process.stderr.write(`connector: ${error.message}\n`);
    process.exit(1);
  });
}

async function start(connector, env, level, parent) {
  const faults = manifest.faults(connector);
  if (faults.length > 0) {
    throw new Error(`manifest: ${faults.join('; ')}`);
  }
  const { name, version } = connector.manifest;
  if (!handshake.startedByEngine(env)) {
    throw new Error(`${name} ${version} is an Afara connector: the engine starts it, a person does not; put it into the engine's plugin folder`);
  }
  const connections = new Connections(connector.manifest.settings, compile(connector.manifest.settings));
  const log = new Logger({ write: (line) => fs.writeSync(2, line), mask: (text) => connections.mask(text), level });
  guardOutput(log);
  watchParent(parent, log);
  const drain = new Drain(log);
  const end = ending(drain);
  const server = newServer(new Calls(connector, connections, log), drain, () => end.shutdown());
  end.of(server);
  await listen(server, env);
}

async function listen(server, env) {
  const client = env.PLUGIN_CLIENT_CERT;
  const own = client ? await selfSigned() : null;
  const credentials = own === null
    ? grpc.ServerCredentials.createInsecure()
    : grpc.ServerCredentials.createSsl(Buffer.from(client), [{ private_key: own.key, cert_chain: own.certificate }], true);
  const socket = handshake.socketPath(env);
  await new Promise((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, credentials, (error) => (error ? reject(error) : resolve()));
  });
  fs.writeSync(1, handshake.line(handshake.negotiate(env), socket, own && own.der));
}

/**
 * From here on nothing but the handshake reaches the engine on standard output:
 * what is printed comes out as a log line.
 */
function guardOutput(log) {
  const printed = (chunk, encoding, done) => {
    const text = String(chunk).trimEnd();
    if (text !== '') {
      log.warn('the connector wrote to standard output', { text });
    }
    (typeof encoding === 'function' ? encoding : done)?.();
    return true;
  };
  process.stdout.write = printed;
  process.on('SIGINT', () => {}); // the terminal's, meant for the engine
  const fatal = (error) => {
    log.error('the connector failed outside a call; ending', { error, stack: error?.stack ?? '' });
    process.exit(1);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
}

/** An engine that was killed cannot end its connectors: they look for it. */
function watchParent(first, log) {
  setInterval(() => {
    if (process.ppid !== first) {
      log.error('the engine is gone; ending');
      process.exit(1);
    }
  }, PARENT_EVERY).unref();
}

/** Ends the process once, on SIGTERM or on go-plugin's call. */
function ending(drain) {
  let server = null;
  const stop = async () => {
    // Answers that were given last may leave; streams that never end may not hold it.
    const late = setTimeout(() => server.forceShutdown(), ANSWERS_LEAVE);
    await new Promise((resolve) => { server.tryShutdown(resolve); });
    clearTimeout(late);
    process.exit(0);
  };
  process.on('SIGTERM', () => { drain.end(DRAIN).then(stop); });
  return {
    of(made) { server = made; },
    async shutdown() {
      await drain.end(SHUTDOWN_DRAIN);
      setImmediate(stop);
    },
  };
}

module.exports = { serve };
