// Installs the client packages once (they are installed again when their lock changes), then runs the tests that use them.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const CACHE = path.resolve(process.env.BGE_RERANKER_CACHE || path.join(homedir(), '.cache', 'bge-reranker'));
const VENV = path.join(CACHE, 'clients', 'venv');

function must(command, args, cwd = HERE) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
}

/** Does the work when the stamp is not that of the lock file. */
function once(lock, stamp, work) {
  const hash = createHash('sha256')
    .update(readFileSync(path.join(HERE, lock)))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  work();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
}

function installNode() {
  once('package-lock.json', path.join(HERE, 'node_modules', '.installed'), () => {
    must('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  });
}

function installPython() {
  if (spawnSync('python3', ['--version']).status !== 0) {
    console.log('python3 is not here: the Python clients are skipped');
    return;
  }
  try {
    once('requirements.txt', path.join(VENV, '.installed'), () => {
      must('python3', ['-m', 'venv', '--clear', VENV]);
      const pip = path.join(VENV, 'bin', 'pip');
      must(pip, ['install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt']);
    });
  } catch (error) {
    // CI demands them; elsewhere the machine may have no venv, another Python or no network.
    if (process.env.CI) throw error;
    console.log(`the Python clients are skipped: ${error.message}`);
  }
}

installNode();
installPython();
const wanted = process.argv.slice(2);
const tests = wanted.length > 0 ? wanted : readdirSync(HERE).filter((name) => name.endsWith('.test.mjs'));
// One file at a time: each starts servers of its own, and some measure.
must(process.execPath, ['--test', '--test-concurrency=1', ...tests]);
