// The whole path against the bare session: `node bench/whole-path.mjs [--model NAME] [--rounds N]`.
// The same pairs, tokenized beforehand, run straight through ONNX Runtime's C API with as many threads. Passes alternate,
// so that a noisy minute hits both. The model is one that ONNX Runtime runs: an int8 ONNX file without a config.json.
// Held: at least 97 % of its pairs a second, and the very same logits.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { resolveModel } from './lib/models.mjs';
import { ownOptions, printFigure, withReranker } from './lib/own-engine.mjs';
import { median } from 'simple-statistics';

const PAIRS = 120;
const root = fileURLToPath(new URL('..', import.meta.url));

function buildBareSession() {
  const build = path.join(root, 'build/bare-session');
  execFileSync('cmake', ['-S', path.join(root, 'bench/bare-session'), '-B', build], { stdio: 'pipe' });
  execFileSync('cmake', ['--build', build], { stdio: 'pipe' });
  return path.join(build, 'bare_session');
}

function temporaryFolder() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bge-reranker-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The model's graph and tokenizer alone: of an architecture that is not said, which our own kernels do not run. */
function withoutConfig({ folder, onnx }) {
  const bare = temporaryFolder();
  symlinkSync(onnx, path.join(bare, 'model.onnx'));
  symlinkSync(path.join(folder, 'tokenizer.json'), path.join(bare, 'tokenizer.json'));
  return bare;
}

/** The file that bare_session.cpp reads. */
function writePairs(reranker, { query, contexts }) {
  const encoded = contexts.map(({ text }) => reranker.encode(query, text));
  const values = [encoded.length, ...encoded.flatMap(({ ids, typeIds }) => [ids.length, ...ids, ...typeIds])];
  const folder = temporaryFolder();
  const file = path.join(folder, 'pairs');
  writeFileSync(file, BigInt64Array.from(values, BigInt));
  return file;
}

/** @returns `pass()`: one pass over all pairs; `end()`. */
function startBareSession(program, args) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async pass() {
      child.stdin.write('\n');
      const { value, done } = await lines.next();
      if (done) throw new Error('the bare session ended before its pass did');
      return JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}

async function ownPass(reranker, input) {
  const start = performance.now();
  const cpuBefore = process.cpuUsage();
  const { response } = await reranker.rerank(input, { rawScores: true });
  const elapsedMs = performance.now() - start;
  const cpu = process.cpuUsage(cpuBefore);
  const logits = new Array(response.length);
  for (const { id, score } of response) logits[id] = score;
  return { elapsedMs, cpuMs: (cpu.user + cpu.system) / 1000, logits };
}

async function compare({ reranker, model, input }) {
  const request = input(PAIRS);
  const args = [reranker.info.runtime.library, model.onnx, writePairs(reranker, request), String(options.threads)];
  const bare = startBareSession(buildBareSession(), args);
  const own = [];
  const direct = [];
  // One pass of each to warm up.
  await ownPass(reranker, request);
  await bare.pass();
  for (let round = 0; round < Number(options.rounds); round++) {
    own.push(await ownPass(reranker, request));
    direct.push(await bare.pass());
  }
  bare.end();
  const ratio = (field) => median(direct.map((pass) => pass[field])) / median(own.map((pass) => pass[field]));
  const largestDifference = Math.max(...own[0].logits.map((logit, i) => Math.abs(logit - direct[0].logits[i])));
  printFigure({
    name: 'whole path',
    line: `${(100 * ratio('elapsedMs')).toFixed(1)} % of the bare session's pairs a second (by CPU time ${(100 * ratio('cpuMs')).toFixed(1)} %); largest difference of logits ${largestDifference}`,
    ok: ratio('elapsedMs') >= 0.97 && largestDifference < 1e-5,
    share: ratio('elapsedMs'),
    cpuShare: ratio('cpuMs'),
    largestDifference,
    ownMs: own.map((pass) => pass.elapsedMs),
    bareMs: direct.map((pass) => pass.elapsedMs),
  });
}

const options = ownOptions({ rounds: { type: 'string', default: '9' } });
await withReranker(options, compare, { folder: withoutConfig(resolveModel(options.model, options.folder)) });
