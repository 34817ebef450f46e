import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Installs a folder here that has a lockfile, where that has not been done; answers its node_modules. Binaries lie in
 * the packages: no install script is needed.
 */
export function installed(name) {
  const folder = fileURLToPath(new URL(name, import.meta.url));
  const modules = path.join(folder, 'node_modules');
  const options = ['ci', '--silent', '--ignore-scripts', '--no-audit', '--no-fund'];
  // npm writes it last.
  const done = path.join(modules, '.package-lock.json');
  if (!existsSync(done)) execFileSync('npm', options, { cwd: folder, stdio: 'inherit' });
  return modules;
}
