// Builds the libFuzzer targets of test/fuzz (CMake preset `fuzz`; clang and its runtime are needed) and runs each.
//   node scripts/native/fuzz.mjs                        20,000 inputs each, from the committed seeds
//   node scripts/native/fuzz.mjs --runs N [--targets REGEX]
//   node scripts/native/fuzz.mjs --seconds N            the long run; what it learns stays in build/fuzz/corpus
// Exits 1 at the first finding, whose input is written to build/fuzz/findings.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seconds: { type: 'string' },
    targets: { type: 'string', default: '.' },
  },
});
const folder = path.join(root, 'test', 'fuzz');
const build = path.join(root, 'build', 'fuzz');
const targets = readdirSync(folder)
  .filter((file) => file.endsWith('_fuzz.cpp'))
  .map((file) => path.basename(file, '.cpp'))
  .filter((name) => new RegExp(values.targets).test(name));

// What is undefined ends the run as well as what the other sanitizers find.
const env = { ...process.env, UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1' };

function run(command, args, cwd = root) {
  const { status, error } = spawnSync(command, args, { cwd, env, stdio: 'inherit' });
  if (error) throw new Error(`${command} cannot be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

run(process.execPath, ['deps/fetch.mjs']);
run('cmake', ['--preset', 'fuzz']);
run('cmake', ['--build', build, '--target', ...targets]);
const findings = path.join(build, 'findings');
mkdirSync(findings, { recursive: true });
for (const name of targets) {
  const corpus = path.join(build, 'corpus', name);
  mkdirSync(corpus, { recursive: true });
  const seeds = path.join(folder, 'seeds', name);
  const [executable] = [path.join(build, 'test', 'fuzz', name), path.join(build, name)].filter((file) => existsSync(file));
  const length = values.seconds ? `-max_total_time=${values.seconds}` : `-runs=${values.runs}`;
  const options = [length, '-max_len=4096', '-timeout=20', '-rss_limit_mb=2048', '-print_final_stats=1'];
  run(executable, [...options, `-artifact_prefix=${findings}/${name}-`, corpus, ...(existsSync(seeds) ? [seeds] : [])]);
}
