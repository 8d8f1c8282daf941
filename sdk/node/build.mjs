// Makes one program of the connector and Node itself: esbuild puts all modules
// into one file, and Node's single executable application carries it. The engine
// pins the program's SHA-256, which so covers everything that runs; it refuses
// scripts, whose interpreter no checksum would cover.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import esbuild from 'esbuild';
import { inject } from 'postject';

const { name } = JSON.parse(readFileSync('manifest.json', 'utf8'));
const program = `bin/${name}`;
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

mkdirSync('build', { recursive: true });
mkdirSync('bin', { recursive: true });

await esbuild.build({
  entryPoints: ['main.js'], outfile: 'build/bundle.js', bundle: true, platform: 'node', target: 'node20',
  legalComments: 'none', logLevel: 'warning',
});
writeFileSync('build/sea.json', JSON.stringify({
  main: 'build/bundle.js', output: 'build/bundle.blob', disableExperimentalSEAWarning: true,
}));
execFileSync(process.execPath, ['--experimental-sea-config', 'build/sea.json'], { stdio: ['ignore', 'ignore', 'inherit'] });

copyFileSync(process.execPath, 'build/program');
chmodSync('build/program', 0o755);
if (!readFileSync('build/program').includes(`${fuse}:0`)) {
  throw new Error(`${process.execPath} takes no application: use an official build of Node 20 or later`);
}
await inject('build/program', 'NODE_SEA_BLOB', readFileSync('build/bundle.blob'), { sentinelFuse: fuse });
copyFileSync('build/program', program);
copyFileSync('manifest.json', 'bin/manifest.json');
console.log(`${program} is built`);
