// Builds the C++ core with its tests, without Node, and runs them through ctest.
//   node scripts/native/test-native.mjs [--sanitize address,undefined | --sanitize thread] [--tests REGEX]
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values } = parseArgs({
  options: { sanitize: { type: 'string', default: '' }, tests: { type: 'string', default: '.' } },
});
const build = path.join(
  root,
  'build',
  values.sanitize ? `native-tests-${values.sanitize.replace(',', '-')}` : 'native-tests',
);

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) throw new Error(`${command} cannot be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const type = values.sanitize ? 'RelWithDebInfo' : 'Release';
run(process.execPath, ['deps/fetch.mjs']);
run('cmake', [
  '-S',
  root,
  '-B',
  build,
  '-DBGE_BUILD_TESTS=ON',
  `-DCMAKE_BUILD_TYPE=${type}`,
  `-DBGE_SANITIZE=${values.sanitize}`,
]);
run('cmake', ['--build', build, '--parallel', String(os.availableParallelism())]);
run('ctest', ['--test-dir', build, '--output-on-failure', '--no-tests=error', '--tests-regex', values.tests]);
