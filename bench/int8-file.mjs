// What becomes of an int8 ONNX file on our own kernels: `node bench/int8-file.mjs [--queries N] [--from N] [--sets LIST]`.
// Truth: the float32 graph of the same integers (scripts/models/dequantize-minilm.py), by ONNX Runtime. Beside ours stands
// ONNX Runtime on the file itself. Held: root mean square of the logits' differences to the truth at most 0.12; NDCG@10
// within 0.001 of the truth's; the same bits on every instruction set; the quick start's passages within 0.1 of the truth.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';
import { PASSAGES, QUERY } from '../scripts/clone/sky-passages.mjs';
import { ndcgAt10 } from './lib/agreement.mjs';
import { loadDataset } from './lib/dataset.mjs';
import { resolveModel } from './lib/models.mjs';
import { ownOptions, printFigure } from './lib/own-engine.mjs';
import { CONTEXTS_OF_ONE } from './lib/plan.mjs';
import { runJob } from './lib/run-job.mjs';
import { OURS, PEERS, REFERENCE } from './peers/index.mjs';

const LARGEST_RMS = 0.12;
const LARGEST_NDCG_DIFFERENCE = 0.001;
const LARGEST_QUICK_START_DIFFERENCE = 0.1;
/** Plain C++ is slow: it scores so many queries. */
const QUERIES_OF_PORTABLE = 1;
const SECONDS = 1200;

const text = { type: 'string' };
const options = ownOptions({ queries: { ...text, default: '100' }, from: { ...text, default: '0' }, sets: text });
const file = resolveModel('minilm-int8', options.folder);
const truthModel = { ...file, ...resolveModel('minilm-fp32-int8', options.folder) };
truthModel.onnx = path.join(truthModel.folder, 'onnx/model.onnx');

const dataset = loadDataset(options);
const from = Number(options.from);
const queries = [{ query: QUERY, contexts: PASSAGES }, ...dataset.queries.slice(from, from + Number(options.queries))];
const folder = mkdtempSync(path.join(os.tmpdir(), 'bge-reranker-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Logits of the first `count` queries, the quick start's first. */
async function logitsOf(peerName, model, count, environment = {}) {
  const requests = path.join(folder, 'requests.json');
  writeFileSync(requests, JSON.stringify(queries.slice(0, count)));
  const peer = PEERS.find(({ name }) => name === peerName);
  const load = { kind: 'score', contexts: CONTEXTS_OF_ONE, seconds: SECONDS };
  const result = await runJob({ peer, model, load, requests }, { threads: options.threads, folder, environment });
  if (!result.logits) throw new Error(result.failed ?? result.skipped);
  return result;
}

const flat = (rows) => rows.slice(1).flat();
const differences = (rows, truth) => flat(rows).map((logit, i) => logit - flat(truth)[i]);
const rms = (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
const largest = (values) => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const ndcgOfEach = (rows) => rows.slice(1).map((row, q) => ndcgAt10(row, queries[q + 1].grades, queries[q + 1].ideal));
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const ndcg = (rows) => mean(ndcgOfEach(rows));

/** The query whose NDCG@10 moved most, and how close to each other float32 has the passages that changed places there. */
function mostMoved(rows, truth) {
  const before = ndcgOfEach(truth);
  const moves = ndcgOfEach(rows).map((value, q) => value - before[q]);
  const q = moves.reduce((most, move, i) => (Math.abs(move) > Math.abs(moves[most]) ? i : most), 0);
  const [off, exact] = [rows[q + 1], truth[q + 1]];
  const gaps = exact.flatMap((a, i) =>
    exact.flatMap((b, j) =>
      a > b && off[i] < off[j] && queries[q + 1].grades[i] !== queries[q + 1].grades[j] ? [a - b] : [],
    ),
  );
  return { query: queries[q + 1].id, by: moves[q], gaps };
}

/** Root mean square, largest difference and NDCG@10 beside the truth's. */
function compared(rows, truth) {
  const off = differences(rows, truth);
  return { rms: rms(off), largest: largest(off), ndcg: ndcg(rows), ndcgDifference: ndcg(rows) - ndcg(truth) };
}
const words = ({ rms: usual, largest: most, ndcg: rank, ndcgDifference: by }) =>
  `rms ${usual.toFixed(3)}, at most ${most.toFixed(2)}, NDCG@10 ${rank.toFixed(4)} (${by >= 0 ? '+' : ''}${by.toFixed(4)})`;

const { loadNative } = createRequire(import.meta.url)(
  fileURLToPath(new URL('../dist/addon/load-native.js', import.meta.url)),
);
const sets = options.sets?.split(',') ?? loadNative().capabilities().instructionSets;
const { logits: truth } = await logitsOf(REFERENCE, truthModel);
const { logits: stock } = await logitsOf(REFERENCE, file);
const own = new Map();
for (const set of sets) {
  const count = set === 'portable' ? QUERIES_OF_PORTABLE + 1 : undefined;
  const { logits, engine } = await logitsOf(OURS, file, count, { BGE_RERANKER_ISA: set });
  if (engine.name !== 'builtin') throw new Error(`${set}: ${engine.reason}`);
  own.set(set, logits);
}
const ours = [...own.values()].sort((a, b) => b.length - a.length)[0];
const same = [...own.values()].every((rows) => JSON.stringify(rows) === JSON.stringify(ours.slice(0, rows.length)));
const figures = compared(ours, truth);
const quickStart = largest(ours[0].map((logit, i) => logit - truth[0][i]));

printFigure({
  name: 'int8 file',
  line: `${words(figures)}; ONNX Runtime on the same file: ${words(compared(stock, truth))}`,
  ok: figures.rms <= LARGEST_RMS && Math.abs(figures.ndcgDifference) <= LARGEST_NDCG_DIFFERENCE,
  ours: figures,
  mostMoved: mostMoved(ours, truth),
  stock: compared(stock, truth),
  truthNdcg: ndcg(truth),
  queries: queries.length - 1,
});
printFigure({ name: 'bits', line: `${sets.join(', ')}: ${same ? 'equal' : 'they differ'}`, ok: same });
printFigure({
  name: 'quick start',
  line: `at most ${quickStart.toFixed(3)} logits from float32`,
  ok: quickStart <= LARGEST_QUICK_START_DIFFERENCE,
  largest: quickStart,
});
