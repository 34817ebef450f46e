// The cross compiler: zig's clang, which carries the C libraries of all targets. From PyPI, into the cache; the
// environment variable ZIG names another one.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const VERSION = '0.17.1';
const CACHE = path.resolve(process.env.BGE_RERANKER_CACHE || path.join(homedir(), '.cache', 'bge-reranker'));
const FOLDER = path.join(CACHE, `zig-${VERSION}`);
const EXECUTABLE = path.join(FOLDER, 'ziglang', process.platform === 'win32' ? 'zig.exe' : 'zig');

/** Path of the zig executable, installed at the first call. */
export function zig() {
  if (process.env.ZIG) return process.env.ZIG;
  if (existsSync(EXECUTABLE)) return EXECUTABLE;
  mkdirSync(CACHE, { recursive: true });
  const partial = mkdtempSync(`${FOLDER}.partial-`);
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--root-user-action=ignore',
  ];
  execFileSync(process.env.PYTHON || 'python3', [...pip, '--target', partial, `ziglang==${VERSION}`], {
    stdio: 'inherit',
  });
  renameSync(partial, FOLDER);
  return EXECUTABLE;
}
