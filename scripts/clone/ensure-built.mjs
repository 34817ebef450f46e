// Builds dist/ and the addon where they are missing or older than their sources.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

const PARTS = [
  { script: 'build:ts', outputs: ['dist/index.js'], sources: ['src', 'tsconfig.json', 'tsconfig.build.json'] },
  { script: 'build:native', outputs: addonFiles, sources: ['native', 'deps', 'CMakeLists.txt', 'package-lock.json'] },
];

function addonFiles() {
  const folder = path.join(ROOT, 'build', 'Release');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.node')) : [];
  return names.map((name) => path.join('build', 'Release', name));
}

function outputsOf({ outputs }) {
  return (typeof outputs === 'function' ? outputs() : outputs).map((name) => path.join(ROOT, name));
}

/** Latest modification in a file or a tree; 0 for what is not there. */
function newest(file) {
  if (!existsSync(file)) return 0;
  const stat = statSync(file);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(file).map((name) => newest(path.join(file, name))));
}

function isFresh(part) {
  const outputs = outputsOf(part);
  const oldest = Math.min(...outputs.map((file) => (existsSync(file) ? statSync(file).mtimeMs : 0)));
  return outputs.length > 0 && part.sources.every((source) => newest(path.join(ROOT, source)) <= oldest);
}

export function ensureBuilt() {
  for (const part of PARTS) {
    if (isFresh(part)) continue;
    console.log(`npm run ${part.script}`);
    const { status } = spawnSync('npm', ['run', '--silent', part.script], {
      cwd: ROOT,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    if (status !== 0) throw new Error(`npm run ${part.script} failed; its output is above`);
    // A build tool leaves its output alone when a source changed without effect.
    for (const file of outputsOf(part)) utimesSync(file, new Date(), new Date());
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    ensureBuilt();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
