'use strict';

// The stand-in as a program: node simulator/main.js --listen 127.0.0.1:8090
const { parseArgs } = require('node:util');

const { Simulator } = require('./simulator');

const { values } = parseArgs({ options: { listen: { type: 'string', default: '127.0.0.1:8090' }, key: { type: 'string', default: '' } } });
const [, host, port] = /^(.+):(\d+)$/.exec(values.listen) ?? [];
if (host === undefined) {
  process.stderr.write('simulator: --listen: write host:port\n');
  process.exit(1);
}

new Simulator({ key: values.key }).listen(Number(port), host).then((server) => {
  process.stdout.write(`simulator ready on http://${host}:${server.address().port}\n`);
}, (error) => {
  process.stderr.write(`simulator: ${error.message}\n`);
  process.exit(1);
});
