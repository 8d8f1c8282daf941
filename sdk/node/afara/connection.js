'use strict';

const { errors } = require('./errors');
const { MAX_CONNECTIONS } = require('./limits');
const { mask, secretsOf } = require('./redact');

/**
 * One version of the configuration that a call is for. Each call has its own;
 * it is not kept beyond the call.
 */
class Connection {
  #held;

  constructor(wire, held) {
    this.id = wire.id;
    this.version = BigInt(wire.version);
    this.environment = wire.environment; // "sandbox" or "production"
    this.#held = held;
    this.update = undefined;
  }

  /**
   * The settings, secrets in clear, valid against the manifest's schema. Others,
   * saved under another version of the connector, are misconfigured, and every
   * faulty field is named.
   */
  settings() {
    if (this.#held.faults === undefined) {
      this.#held.faults = this.#held.validate(this.#held.settings);
    }
    if (this.#held.faults.length > 0) {
      throw errors.misconfigured('settings_invalid', "the connection's settings are not valid", { fields: this.#held.faults });
    }
    return this.#held.settings;
  }

  /** What updateCredential last stored, or undefined. */
  credential() { return this.#held.credential; }

  /**
   * Sends value, as JSON, with this call's answer. The engine seals it and gives
   * it to all later calls, provided that this call's version is the newest.
   */
  updateCredential(value) { this.update = Buffer.from(JSON.stringify(value)); }

  /**
   * What build made of this version of the connection, made once: a client,
   * parsed keys. A failed build is not kept.
   */
  async memo(name, build) {
    const { memos } = this.#held;
    if (!memos.has(name)) {
      const made = Promise.resolve().then(() => build(this));
      memos.set(name, made);
      made.catch(() => memos.delete(name));
    }
    return memos.get(name);
  }

  wireUpdate() {
    return this.update === undefined ? null : { based_on_version: String(this.version), credential: this.update };
  }
}

/**
 * Keeps the newest version of the most recently used connections. Older
 * versions are never kept, so that replaced secrets do not stay in memory.
 */
class Connections {
  #entries = new Map(); // by id, the latest used last
  #schema;
  #validate;

  constructor(schema, validate) {
    this.#schema = schema;
    this.#validate = validate;
  }

  /** The call's view of a connection; null when its settings must be told first. */
  of(wire) {
    if (!wire || wire.id === '') {
      const error = new Error('connection: id is missing');
      error.grpc = 'INVALID_ARGUMENT';
      throw error;
    }
    const held = wire.settings.length === 0 ? this.#get(wire) : this.#put(wire);
    return held === null ? null : new Connection(wire, held);
  }

  #get(wire) {
    const entry = this.#entries.get(wire.id);
    if (entry === undefined || entry.version !== BigInt(wire.version)) {
      return null;
    }
    this.#touch(wire.id, entry);
    return entry.held;
  }

  #put(wire) {
    const version = BigInt(wire.version);
    const old = this.#entries.get(wire.id);
    if (old !== undefined && old.version > version) {
      return this.#hold(wire); // the call is late; it gets its settings, nobody else does
    }
    if (old !== undefined && old.version === version && old.raw.equals(wire.settings) && old.rawCredential.equals(wire.credential)) {
      this.#touch(wire.id, old);
      return old.held;
    }
    const held = this.#hold(wire);
    this.#touch(wire.id, { version, held, raw: wire.settings, rawCredential: wire.credential });
    if (this.#entries.size > MAX_CONNECTIONS) {
      this.#entries.delete(this.#entries.keys().next().value);
    }
    return held;
  }

  #touch(id, entry) {
    this.#entries.delete(id);
    this.#entries.set(id, entry);
  }

  #hold(wire) {
    const settings = parse(wire.settings);
    const credential = parse(wire.credential);
    return {
      settings, credential, memos: new Map(), faults: undefined, validate: this.#validate,
      secrets: secretsOf(this.#schema, settings, credential),
    };
  }

  /** Masks the secrets of all connections that the process knows. */
  mask(text) {
    let out = text;
    for (const { held } of this.#entries.values()) {
      out = mask(out, held.secrets);
    }
    return out;
  }
}

function parse(raw) {
  if (raw.length === 0) {
    return undefined;
  }
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return null; // the schema refuses it
  }
}

module.exports = { Connections };
