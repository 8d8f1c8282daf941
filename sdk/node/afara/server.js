'use strict';

const grpc = require('@grpc/grpc-js');

const { MAX_MESSAGE } = require('./limits');
const wire = require('./wire');

/**
 * Makes the gRPC server: the five calls, health for the service "plugin", and
 * go-plugin's way to ask for the end. onShutdown resolves when the answer to
 * that may leave.
 */
function newServer(calls, drain, onShutdown) {
  const server = new grpc.Server({
    'grpc.max_receive_message_length': MAX_MESSAGE,
    'grpc.max_send_message_length': -1, // the engine bounds what it takes
  });
  server.addService(wire.connector, {
    Describe: (call, done) => done(null, calls.describe()),
    Check: unary(drain, (request, signal) => calls.check(request, signal)),
    Invoke: unary(drain, (request, signal) => calls.invoke(request, signal)),
    HandleWebhook: unary(drain, (request, signal) => calls.webhook(request, signal)),
    Pull: streaming(drain, (request, signal, send) => calls.pull(request, signal, send)),
  });
  server.addService(wire.health, {
    Check: ({ request }, done) => (['', 'plugin'].includes(request.service)
      ? done(null, { status: 'SERVING' })
      : done({ code: wire.status.NOT_FOUND, details: 'unknown service' })),
  });
  server.addService(wire.controller, {
    Shutdown: (call, done) => { onShutdown().then(() => done(null, {})); },
  });
  return server;
}

/** The signal ends when the engine gives the call up, or the drain's limit is over. */
function enter(drain, call) {
  const cut = drain.enter();
  call.on('cancelled', () => cut.abort());
  return cut;
}

function unary(drain, handle) {
  return (call, done) => {
    let cut;
    try {
      cut = enter(drain, call);
    } catch (error) {
      done(statusOf(error));
      return;
    }
    handle(call.request, cut.signal)
      .then((answer) => done(null, answer), (error) => done(statusOf(error)))
      .finally(() => drain.leave(cut));
  };
}

function streaming(drain, handle) {
  return (call) => {
    let cut;
    try {
      cut = enter(drain, call);
    } catch (error) {
      call.emit('error', statusOf(error));
      return;
    }
    const send = (message) => new Promise((resolve, reject) => {
      if (cut.signal.aborted) {
        reject(new Error('the call was given up'));
        return;
      }
      if (call.write(message)) {
        resolve();
        return;
      }
      // The engine reads slower than the vendor gives: wait for room.
      const over = () => { call.off('drain', over); resolve(); };
      call.once('drain', over);
      cut.signal.addEventListener('abort', over, { once: true });
    });
    handle(call.request, cut.signal, send)
      .then(() => call.end(), (error) => call.emit('error', statusOf(error)))
      .finally(() => drain.leave(cut));
  };
}

/** A gRPC status is for what went wrong below the contract only. */
function statusOf(error) {
  return { code: error.code ?? wire.status[error.grpc] ?? wire.status.INTERNAL, details: error.message };
}

module.exports = { newServer };
