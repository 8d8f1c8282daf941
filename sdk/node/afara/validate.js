'use strict';

const Ajv = require('ajv/dist/2020');
const addFormats = require('ajv-formats');

const standard = require('./operations.json');

/** Compiles a JSON Schema (draft 2020-12) into a function that lists faults. */
function compile(schema) {
  const ajv = new Ajv({ strict: false, allErrors: true, addUsedSchema: false });
  addFormats(ajv);
  const validate = ajv.compile(schema);
  return (value) => (validate(value) ? [] : validate.errors.filter(leaf).map(fault));
}

/** The input schema of a standard operation, as invoice.sign, or undefined. */
function inputOf(operation) {
  return standard[`${operation}.input`];
}

const leaf = (e) => !['if', 'allOf'].includes(e.keyword);

/** One fault as the contract wants it: where, which rule, what to do. */
function fault(e) {
  const named = {
    required: e.params.missingProperty,
    additionalProperties: e.params.additionalProperty,
    unevaluatedProperties: e.params.unevaluatedProperty,
  }[e.keyword];
  const pointer = named === undefined ? e.instancePath : `${e.instancePath}/${escaped(named)}`;
  if (e.keyword === 'required') {
    return { pointer, code: 'required', detail: `${named} is missing.`, fix: `Add ${named}.` };
  }
  if (named !== undefined) {
    return { pointer, code: 'unknown_field', detail: `${named} is not known here.`, fix: `Take ${named} out, or correct its name.` };
  }
  return {
    pointer, code: e.keyword.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
    detail: `This ${e.message}.`, fix: 'Change it to what the detail asks for.',
  };
}

const escaped = (name) => String(name).replace(/~/g, '~0').replace(/\//g, '~1');

module.exports = { compile, inputOf };
