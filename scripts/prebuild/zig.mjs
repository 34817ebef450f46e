// The cross compiler: zig's clang, which carries the C libraries of all targets. From PyPI, into a virtual environment
// in the cache; ZIG names another one.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const VERSION = '0.17.1';
const CACHE = process.env.BGE_RERANKER_CACHE || path.join(homedir(), '.cache', 'bge-reranker');
const VENV = path.join(path.resolve(CACHE), `zig-${VERSION}`);
const WINDOWS = process.platform === 'win32';

function installed() {
  const lib = path.join(VENV, WINDOWS ? 'Lib' : 'lib');
  if (!existsSync(lib)) return undefined;
  const places = WINDOWS ? [lib] : readdirSync(lib).map((name) => path.join(lib, name));
  return places
    .map((place) => path.join(place, 'site-packages', 'ziglang', WINDOWS ? 'zig.exe' : 'zig'))
    .find((file) => existsSync(file));
}

/** Path of the zig executable, installed at the first call. */
export function zig() {
  if (process.env.ZIG) return process.env.ZIG;
  const found = installed();
  if (found) return found;
  execFileSync(process.env.PYTHON || 'python3', ['-m', 'venv', VENV], { stdio: 'inherit' });
  const pip = path.join(VENV, WINDOWS ? 'Scripts' : 'bin', 'pip');
  execFileSync(pip, ['install', '--quiet', `ziglang==${VERSION}`], { stdio: 'inherit' });
  return installed();
}
