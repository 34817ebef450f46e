// clang-format over our C++: --check (default) or --fix. The npm package clang-format-node pins the version (LLVM 22).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const FOLDERS = ['native', 'test/native', 'bench/bare-session', 'bench/fewer-instructions', 'bench/tokenizer'];

function sources() {
  const folders = FOLDERS.filter((folder) => existsSync(path.join(ROOT, folder)));
  return folders.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true })
      .filter((name) => /\.(c|cpp|cc|h)$/.test(name))
      .map((name) => path.join(folder, name)),
  );
}

/** The pinned tool; where the package has none for this platform, the one on PATH. */
function tool() {
  try {
    return createRequire(import.meta.url)('clang-format-node').clangFormatPath;
  } catch {
    return 'clang-format';
  }
}

const files = sources();
const mode = process.argv.includes('--fix') ? ['-i'] : ['--dry-run', '--Werror'];
if (files.length > 0) {
  const { status, error } = spawnSync(tool(), ['--style=file', ...mode, ...files], { cwd: ROOT, stdio: 'inherit' });
  if (error) console.error(`clang-format cannot run: ${error.message}; install LLVM's clang-format 22`);
  else if (status !== 0) console.error('Run `npm run format`.');
  process.exitCode = status ?? 1;
}
