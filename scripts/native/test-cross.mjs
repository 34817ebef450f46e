// The C++ tests and the tokenizer parity sets for another target, run here: arm64 under qemu-user, musl with its own
// loader. ONNX Runtime is not needed.
//   node scripts/native/test-cross.mjs TARGET [FOLDER]      FOLDER: the parity sets, default ../shared/tokenizer-parity
// Needs Debian's libgtest-dev, and for arm64 qemu-user and libc6-arm64-cross, for musl the package musl.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { fetched } from '../models/get-test-model.mjs';
import { cmakeOptions } from '../prebuild/cmake-options.mjs';
import { targetNamed } from '../prebuild/targets.mjs';
import { BGE_TOKENIZER, MINILM, XLMR_TOKENIZER } from '../models/test-models.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PARITY = process.argv[3] ?? path.join(ROOT, '..', 'shared', 'tokenizer-parity');
const JOBS = process.env.CMAKE_BUILD_PARALLEL_LEVEL || String(os.availableParallelism());

const target = targetNamed(process.argv[2] ?? '');
const build = path.join(ROOT, 'build', 'cross-tests', target.name);

/** What runs a binary of the target on this machine. */
function emulator() {
  if (target.arch === process.arch) return [];
  const cpu = target.cmakeProcessor;
  return target.libc === 'glibc' ? [`qemu-${cpu}`, '-L', `/usr/${cpu}-linux-gnu`] : [`qemu-${cpu}`];
}

function run([command, ...args], options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: ['pipe', 'inherit', 'inherit'], ...options });
  if (error) throw new Error(`${command} cannot be started: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}

function buildTests() {
  const defines = Object.entries({
    ...cmakeOptions(target, build),
    BGE_BUILD_TESTS: 'ON',
    CMAKE_BUILD_TYPE: 'Release',
  });
  run([process.execPath, 'deps/fetch.mjs']);
  run(['cmake', '-G', 'Ninja', '-S', ROOT, '-B', build, ...defines.map(([name, value]) => `-D${name}=${value}`)]);
  run(['cmake', '--build', build, '-j', JOBS, '--target', 'bge_native_tests', 'bge_tokenize_parity']);
}

const binary = (name) => [...emulator(), path.join(build, 'test', 'native', name)];
const parityLines = (name) => gunzipSync(readFileSync(path.join(PARITY, `${name}.jsonl.gz`)));

/** The tokenizer.json with a variant's values put at their JSON pointers. */
function varied(file, set) {
  const json = JSON.parse(readFileSync(file, 'utf8'));
  for (const [pointer, value] of Object.entries(set)) {
    const keys = pointer.slice(1).split('/');
    const last = keys.pop();
    keys.reduce((at, key) => at[key], json)[last] = value;
  }
  return JSON.stringify(json);
}

async function parity() {
  const files = {};
  for (const [name, entry] of [
    ['minilm', MINILM],
    ['xlmr', XLMR_TOKENIZER],
    ['bge', BGE_TOKENIZER],
  ]) {
    files[name] = path.join(await fetched(entry), 'tokenizer.json');
    run([...binary('bge_tokenize_parity'), files[name], '-'], { input: parityLines(name) });
  }
  const variants = JSON.parse(readFileSync(path.join(PARITY, 'variants.json'), 'utf8'));
  const lines = parityLines('variants');
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'bge-variants-'));
  for (const [name, { base, set }] of Object.entries(variants)) {
    const file = path.join(scratch, `${name}.json`);
    writeFileSync(file, varied(files[base], set));
    run([...binary('bge_tokenize_parity'), file, '-', name], { input: lines });
  }
  rmSync(scratch, { recursive: true });
}

try {
  buildTests();
  run(binary('bge_native_tests'));
  await parity();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
