'use strict';

const REDACTED = '[redacted]';

// Members with such names are masked whatever they hold.
const SECRET_NAME = /pass(word|wd|phrase)|secret|token|api[-_]?key|authorization|private[-_]?key|credential|cookie|signature|^(pin|otp|cvv)$/i;

// Name and value in text that is no JSON document: cut JSON, forms, headers.
const SECRET_PAIR = /("?[\w-]*(?:pass(?:word|wd|phrase)|secret|token|api[-_]?key|authorization|private[-_]?key|credential|cookie)[\w-]*"?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|(?:(?:bearer|basic)\s+)?[^\s&,;"}]+)/gi;

// Shorter values would hide ordinary text; a credential is unmarked, so only
// its longer texts count.
const MIN_SECRET = 6;
const MIN_CREDENTIAL = 12;

/** The texts of a JSON value, however deep. */
function texts(value, found = []) {
  if (typeof value === 'string') {
    found.push(value);
  } else if (value !== null && typeof value === 'object') {
    Object.values(value).forEach((one) => texts(one, found));
  }
  return found;
}

/**
 * The texts of value that schema marks with x-afara-secret. A reference that
 * leads nowhere hides all below it.
 */
function marked(root, schema, value, found = [], depth = 0) {
  if (schema === null || typeof schema !== 'object') {
    return found;
  }
  if (depth > 64 || ('x-afara-secret' in schema && schema['x-afara-secret'] !== false)) {
    return texts(value, found);
  }
  const into = (part, member) => marked(root, part, member, found, depth + 1);
  if (typeof schema.$ref === 'string') {
    into(referenced(root, schema.$ref), value);
  }
  for (const list of [schema.allOf, schema.anyOf, schema.oneOf]) {
    (Array.isArray(list) ? list : []).forEach((part) => into(part, value));
  }
  [schema.if, schema.then, schema.else].forEach((part) => into(part, value));
  if (Array.isArray(value)) {
    const first = Array.isArray(schema.prefixItems) ? schema.prefixItems : [];
    value.forEach((item, i) => into(i < first.length ? first[i] : schema.items, item));
  } else if (value !== null && typeof value === 'object') {
    for (const [name, member] of Object.entries(value)) {
      membersOf(schema, name).forEach((part) => into(part, member));
    }
  }
  return found;
}

function membersOf(schema, name) {
  const own = Object.hasOwn(schema.properties ?? {}, name) ? [schema.properties[name]] : [];
  const fitting = Object.entries(schema.patternProperties ?? {})
    .filter(([pattern]) => new RegExp(pattern, 'u').test(name)).map(([, part]) => part);
  const all = own.concat(fitting);
  return all.length > 0 ? all : [schema.additionalProperties];
}

function referenced(root, ref) {
  if (!ref.startsWith('#')) {
    return { 'x-afara-secret': true };
  }
  let at = root;
  for (const token of ref.slice(1).split('/').filter((t) => t !== '')) {
    at = at?.[decodeURIComponent(token).replace(/~1/g, '/').replace(/~0/g, '~')];
  }
  return at ?? { 'x-afara-secret': true };
}

/** What may appear in no log and no error, the longest first. */
function secretsOf(schema, settings, credential) {
  const found = marked(schema, schema, settings).filter((t) => t.length >= MIN_SECRET)
    .concat(texts(credential).filter((t) => t.length >= MIN_CREDENTIAL));
  return [...new Set(found)].sort((a, b) => b.length - a.length);
}

/** A secret as it is, and as it looks inside JSON, an address and base64. */
function forms(secret) {
  return [...new Set([
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
  ])];
}

/** Masks the given secrets wherever they stand in a text. */
function mask(text, secrets) {
  let out = String(text);
  for (const secret of secrets) {
    for (const form of forms(secret)) {
      out = out.replaceAll(form, REDACTED);
    }
  }
  return out;
}

/** Masks members with secret names in a vendor's answer. */
function redact(answer) {
  const text = Buffer.isBuffer(answer) ? answer.toString('utf8') : String(answer);
  try {
    return JSON.stringify(JSON.parse(text, (name, value) => (SECRET_NAME.test(name) ? REDACTED : value)));
  } catch {
    return text.replace(SECRET_PAIR, `$1${REDACTED}`);
  }
}

/** Shortens a text to at most limit bytes of UTF-8, on a character. */
function cut(text, limit) {
  const raw = Buffer.from(text);
  if (raw.length <= limit) {
    return text;
  }
  return `${raw.subarray(0, limit - 3).toString('utf8').replace(/\uFFFD+$/, '')}…`;
}

module.exports = { REDACTED, SECRET_NAME, cut, mask, redact, secretsOf };
