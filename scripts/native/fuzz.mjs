// Builds the libFuzzer targets of test/fuzz (clang and its runtime are needed) and runs each in turn.
//   node scripts/native/fuzz.mjs                        a short run of all, from the committed seeds
//   node scripts/native/fuzz.mjs --runs N               N inputs each
//   node scripts/native/fuzz.mjs --seconds N            the long run, so many seconds each; what it learns stays in build/
//   node scripts/native/fuzz.mjs --sanitize thread      those with threads, under ThreadSanitizer
// With --targets REGEX only some. Exits 1 at the first finding, whose input is written to findings/ in the build folder;
// prints how many inputs each target ran.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    targets: { type: 'string', default: '.' },
    sanitize: { type: 'string', default: 'address' },
  },
});
/** Have threads of their own, or kernels that several threads share. */
const WITH_THREADS = /^(engine|team|model)_fuzz$/;
const withThreads = values.sanitize === 'thread';
const preset = withThreads ? 'fuzz-thread' : 'fuzz';
const folder = path.join(root, 'test', 'fuzz');
const build = path.join(root, 'build', preset);
const targets = readdirSync(folder)
  .filter((file) => file.endsWith('_fuzz.cpp'))
  .map((file) => path.basename(file, '.cpp'))
  .filter((name) => new RegExp(values.targets).test(name) && (!withThreads || WITH_THREADS.test(name)));

// What is undefined ends the run as well as what the other sanitizers find.
const env = {
  ...process.env,
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  TSAN_OPTIONS: 'halt_on_error=1',
};

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit' });
  if (error) throw new Error(`${command} cannot be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** How many inputs were run. */
function fuzz(executable, args) {
  const options = { cwd: root, env, stdio: ['ignore', 'inherit', 'pipe'], encoding: 'utf8', maxBuffer: 2 ** 28 };
  const { status, error, stderr } = spawnSync(executable, args, options);
  if (error) throw new Error(`${executable} cannot be started: ${error.message}`);
  if (status !== 0) {
    process.stderr.write(stderr);
    process.exit(status ?? 1);
  }
  return Number(/number_of_executed_units: (\d+)/.exec(stderr)?.[1] ?? 0);
}

run(process.execPath, ['deps/fetch.mjs']);
run('cmake', ['--preset', preset]);
run('cmake', ['--build', build, '--target', ...targets]);
const findings = path.join(build, 'findings');
mkdirSync(findings, { recursive: true });
for (const name of targets) {
  const corpus = path.join(build, 'corpus', name);
  mkdirSync(corpus, { recursive: true });
  const seeds = path.join(folder, 'seeds', name);
  const length = values.runs ? `-runs=${values.runs}` : `-max_total_time=${values.seconds}`;
  const options = [length, '-max_len=4096', '-timeout=60', '-rss_limit_mb=2048', '-print_final_stats=1'];
  const folders = [corpus, ...(existsSync(seeds) ? [seeds] : [])];
  const inputs = fuzz(path.join(build, 'test', 'fuzz', name), [
    ...options,
    `-artifact_prefix=${findings}/${name}-`,
    ...folders,
  ]);
  console.log(`${name}: ${inputs.toLocaleString('en')} inputs, nothing found`);
}
