// Other runtimes than this Node, from npm: Node 22 and 24, Bun, Deno. Their packages exist for linux-x64 with glibc.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('runtimes', import.meta.url));
const file = (...names) => path.join(FOLDER, 'node_modules', ...names);

const RUNTIMES = {
  'Node 22': [file('node22', 'bin', 'node')],
  'Node 24': [file('node24', 'bin', 'node')],
  Bun: [file('@oven', 'bun-linux-x64', 'bin', 'bun')],
  Deno: [file('@deno', 'linux-x64-glibc', 'deno'), 'run', '--allow-all'],
};

/** [name, command] of each runtime that exists for a target. */
export const runtimesFor = (target) => (target.name === 'linux-x64' ? Object.entries(RUNTIMES) : []);

/** Installs them where that has not been done. The binaries lie in the packages; their install scripts are not needed. */
export function installRuntimes() {
  if (Object.values(RUNTIMES).every(([command]) => existsSync(command))) return;
  const options = ['ci', '--silent', '--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', options, { cwd: FOLDER, stdio: 'inherit' });
}
