// One to five passages at a time against ONNX Runtime with as many intra-op threads, which gets all of them as one batch:
// `node bench/few-passages.mjs FOLDER [--dtypes int8,fp32] [--threads N] [--rounds N]`.
// FOLDER holds config.json, tokenizer.json, weights for our own kernels and onnx/model.onnx, onnx/model_quantized.onnx.
// Ours is a whole rerank() call, tokenizing included; of the other side its run alone is timed. Both take turns.
// Held: faster in every cell; int8 at least 1.3 times as fast on AVX2 and 2 times where bytes have an instruction.
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { median } from 'simple-statistics';
import { describeMachine } from './lib/machine.mjs';
import { pairTokenizer } from './peers/tokenize.mjs';

const CELLS = [
  { pairs: 1, tokens: 512 },
  { pairs: 3, tokens: 512 },
  { pairs: 5, tokens: 512 },
  { pairs: 1, tokens: 100 },
  { pairs: 3, tokens: 100 },
];
const ONNX_FILES = { int8: 'onnx/model_quantized.onnx', fp32: 'onnx/model.onnx' };
const QUERY = 'what is known of the flow of heat';
/** Longer than ONNX Runtime's threads go on spinning after a run. */
const REST_MS = 20;

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      dtypes: { type: 'string', default: 'int8,fp32' },
      threads: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '9' },
    },
  });
  const dtypes = values.dtypes.split(',');
  for (const dtype of dtypes)
    if (!ONNX_FILES[dtype]) throw new Error(`--dtypes: expected int8 or fp32, received ${dtype}`);
  if (positionals.length !== 1) throw new Error('expected the model folder');
  return { folder: positionals[0], dtypes, threads: Number(values.threads), rounds: Number(values.rounds) };
}

/** Passages that make pairs of exactly so many tokens; no two are equal. */
async function passagesOf({ pairs, tokens }, encode) {
  const passage = (words, number) => `${'heat '.repeat(words - 1)}${['air', 'gas', 'oil', 'ice', 'sun'][number]}`;
  const [{ ids }] = await encode(QUERY, [passage(1, 0)]);
  return Array.from({ length: pairs }, (_, number) => passage(tokens - ids.length + 1, number));
}

function feedsOf(session, encodings) {
  const shape = [encodings.length, encodings[0].ids.length];
  const column = (valueOf) => new Tensor('int64', BigInt64Array.from(encodings.flatMap(valueOf), BigInt), shape);
  const columns = {
    input_ids: column(({ ids }) => ids),
    attention_mask: column(({ ids }) => ids.map(() => 1)),
    token_type_ids: column(({ typeIds }) => typeIds),
  };
  return Object.fromEntries(session.inputNames.map((name) => [name, columns[name]]));
}

async function elapsed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function measureCell(cell, { alone, team, session, encode, rounds }) {
  const passages = await passagesOf(cell, encode);
  const encodings = await encode(QUERY, passages);
  if (encodings.some(({ ids }) => ids.length !== cell.tokens))
    throw new Error('the passages have other lengths than meant');
  const input = { query: QUERY, contexts: passages.map((text) => ({ text })) };
  const feeds = feedsOf(session, encodings);
  const sides = { alone: () => alone.rerank(input), team: () => team.rerank(input), runtime: () => session.run(feeds) };
  const times = { alone: [], team: [], runtime: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const [side, work] of Object.entries(sides)) {
      const ms = await elapsed(work);
      if (round > 0) times[side].push(ms);
      await sleep(REST_MS);
    }
  }
  return { alone: median(times.alone), team: median(times.team), runtime: median(times.runtime) };
}

function rowOf({ pairs, tokens }, dtype, { alone, team, runtime }) {
  const ms = (value) => value.toFixed(1);
  const cells = [`${pairs} × ${tokens}`, dtype, ms(alone), ms(team), (team / alone).toFixed(2), ms(runtime)];
  return `| ${[...cells, `${(runtime / team).toFixed(2)}×`].join(' | ')} |`;
}

async function measureDtype(dtype, { folder, threads, rounds }) {
  const { Reranker } = await import('../dist/index.js');
  const load = (count) => Reranker.load(folder, { dtype, threads: count, maxLength: 512 });
  const alone = await load(1);
  const team = await load(threads);
  const session = await InferenceSession.create(path.join(folder, ONNX_FILES[dtype]), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const { engine } = team.info;
  const least = dtype !== 'int8' ? 1 : engine.instructionSet === 'avx2' ? 1.3 : 2;
  const rows = [];
  for (const cell of CELLS) {
    const times = await measureCell(cell, {
      alone,
      team,
      session,
      rounds,
      encode: pairTokenizer({ folder, maxLength: 512 }),
    });
    rows.push({ line: rowOf(cell, dtype, times), holds: times.runtime / times.team >= least });
  }
  await Promise.all([alone.close(), team.close(), session.release()]);
  return { rows, engine: `${dtype}: ${engine.name} ${engine.instructionSet ?? ''}, at least ${least}×` };
}

const options = readOptions();
const machine = describeMachine();
const measured = [];
for (const dtype of options.dtypes) measured.push(await measureDtype(dtype, options));
const rows = measured.flatMap((each) => each.rows);
console.log(`${machine.cpu}, ${machine.cores} cores (${machine.flags.join(' ')}), load ${machine.loadAverage}`);
console.log(`onnxruntime-node ${env.versions.node}, Node ${machine.node}, commit ${machine.commit}`);
console.log(`${path.basename(options.folder)}; ${measured.map(({ engine }) => engine).join('; ')}\n`);
console.log(
  `| pairs × tokens | dtype | 1 thread, ms | ${options.threads} threads, ms | of 1 thread | ONNX Runtime, ms | faster |`,
);
console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: |');
for (const { line } of rows) console.log(line);
console.log(rows.every(({ holds }) => holds) ? '\nholds' : '\nDOES NOT HOLD');
