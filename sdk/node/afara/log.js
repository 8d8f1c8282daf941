'use strict';

const { REDACTED, SECRET_NAME, cut, redact } = require('./redact');

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'];

// The engine reads lines below 64 KiB; half of that leaves room.
const MAX_LINE = 30 << 10;
const MAX_VALUE = 8 << 10;

/**
 * Writes log lines as the engine reads them: one JSON object a line, flat, with
 * @level, @message and @timestamp as texts, secrets masked. A line that broke
 * these rules could be lost or taken for plain text.
 */
class Logger {
  #write;
  #mask;
  #level;
  #fields;

  constructor({ write, mask = (t) => t, level = 'info', fields = {} }) {
    this.#write = write;
    this.#mask = mask;
    this.#level = level;
    this.#fields = fields;
  }

  /** A logger whose lines carry more fields. */
  with(fields) {
    return new Logger({
      write: this.#write, mask: this.#mask, level: this.#level, fields: { ...this.#fields, ...fields },
    });
  }

  trace(message, fields) { this.#line('trace', message, fields); }

  debug(message, fields) { this.#line('debug', message, fields); }

  info(message, fields) { this.#line('info', message, fields); }

  warn(message, fields) { this.#line('warn', message, fields); }

  error(message, fields) { this.#line('error', message, fields); }

  #line(level, message, fields = {}) {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.#level)) {
      return;
    }
    const line = { '@level': level, '@message': this.#text(message), '@timestamp': timestamp(new Date()) };
    let size = line['@message'].length + 100;
    for (const [name, value] of Object.entries({ ...this.#fields, ...fields })) {
      const text = SECRET_NAME.test(name) ? REDACTED : this.#text(value);
      size += Buffer.byteLength(JSON.stringify(text)) + name.length;
      if (size > MAX_LINE) {
        line.truncated = true;
        break;
      }
      line[name.replace('@', '_')] = text; // an @ of the author's could take the line's own place
    }
    this.#write(`${JSON.stringify(line)}\n`);
  }

  #text(value) {
    let text = value;
    if (value instanceof Error) {
      text = value.message;
    } else if (value !== null && typeof value === 'object') {
      text = redact(JSON.stringify(value) ?? '');
    }
    return cut(this.#mask(String(text)), MAX_VALUE);
  }
}

/** The only form of a time that go-plugin's reader understands. */
function timestamp(at) {
  return at.toISOString().replace('Z', '000Z');
}

module.exports = { Logger };
