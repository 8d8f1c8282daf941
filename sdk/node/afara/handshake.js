'use strict';

const { randomBytes } = require('node:crypto');
const os = require('node:os');
const path = require('node:path');

const { PROTOCOL_VERSION } = require('./limits');

const COOKIE_KEY = 'AFARA_PLUGIN';
const COOKIE_VALUE = 'afara-connector-v1';

/** The versions of the contract that are spoken here. */
const SPOKEN = [PROTOCOL_VERSION];

/** go-plugin's own protocol, and the longest address that a socket may have. */
const CORE_VERSION = 1;
const MAX_SOCKET_PATH = 107;

/** The cookie keeps a person from starting a connector by hand; it protects nothing. */
function startedByEngine(env) {
  return env[COOKIE_KEY] === COOKIE_VALUE;
}

/**
 * Of the versions that the engine offers the one that is spoken here. Without a
 * common one the engine refuses the start and names both.
 */
function negotiate(env) {
  const offered = (env.PLUGIN_PROTOCOL_VERSIONS ?? '').split(',').map(Number);
  const common = SPOKEN.filter((version) => offered.includes(version));
  return common.length > 0 ? Math.max(...common) : Math.min(...SPOKEN);
}

/** Where to listen: in the folder that the engine made for this process alone. */
function socketPath(env) {
  const dir = env.PLUGIN_UNIX_SOCKET_DIR ?? os.tmpdir();
  const socket = path.join(dir, `plugin${randomBytes(6).toString('hex')}`);
  if (Buffer.byteLength(socket) > MAX_SOCKET_PATH) {
    throw new Error(`PLUGIN_UNIX_SOCKET_DIR is too long for a socket: ${dir}`);
  }
  return socket;
}

/** The one line on standard output; der is the process's certificate, or null. */
function line(version, socket, der) {
  const certificate = der === null ? '' : der.toString('base64').replace(/=+$/, '');
  return `${CORE_VERSION}|${version}|unix|${socket}|grpc|${certificate}\n`;
}

module.exports = { line, negotiate, socketPath, startedByEngine };
