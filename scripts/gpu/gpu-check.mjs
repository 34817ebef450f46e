// The comparison that scripts/gpu/gpu-check.sh runs: parity with the CPU, then pairs a second as a Markdown table.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

/** Largest difference from the CPU's fp32 logits. */
const TOLERANCE = { fp32: 1e-3, fp16: 2e-2 };
const PARITY_PAIRS = 64;
const ROUNDS = 3;
const WORDS = 'the sky is blue because air scatters short waves of sunlight more than long ones'.split(' ');
const query = 'Why is the sky blue?';

const { Reranker } = createRequire(import.meta.url)('../../dist/index.js');

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    dtypes: { type: 'string', default: 'fp32' },
    devices: { type: 'string', default: '0' },
    lengths: { type: 'string', default: '32,128,256,512' },
    budgets: { type: 'string', default: '4096,16384,65536' },
    pairs: { type: 'string', default: '1024' },
  },
});
const [folder] = positionals;
const numbers = (text) => text.split(',').map(Number);
const lengths = numbers(values.lengths);
const dtypes = values.dtypes.split(',');
const deviceIds = numbers(values.devices);

/** Different passages that fill `length` tokens or more; maxLength cuts them there. */
const passages = (count, length) =>
  Array.from({ length: count }, (_, at) => ({
    text: Array.from({ length }, (__, word) => WORDS[(word * (at + 1) + at) % WORDS.length]).join(' '),
  }));

async function withReranker(options, use) {
  const reranker = await Reranker.load(folder, options);
  try {
    return await use(reranker);
  } finally {
    await reranker.close();
  }
}

const onCuda = (dtype, maxLength, cuda) => ({
  dtype,
  maxLength,
  executionProviders: ['cuda'],
  cuda: { deviceIds, ...cuda },
});

/** Passages of mixed lengths, so that batches are padded. */
async function logits(options) {
  const contexts = lengths.flatMap((length) => passages(PARITY_PAIRS, length));
  return withReranker(options, async (reranker) => {
    const { response } = await reranker.rerank({ query, contexts }, { rawScores: true });
    const byIndex = [];
    for (const { id, score } of response) byIndex[id] = score;
    return byIndex;
  });
}

async function checkParity() {
  const maxLength = Math.max(...lengths);
  const cpu = await logits({ dtype: 'fp32', maxLength, executionProviders: ['cpu'] });
  for (const dtype of dtypes) {
    const cuda = await logits(onCuda(dtype, maxLength));
    const difference = Math.max(...cpu.map((logit, at) => Math.abs(logit - cuda[at])));
    const within = difference <= TOLERANCE[dtype];
    console.log(`${dtype}: largest difference of ${cpu.length} logits ${difference.toExponential(2)}`);
    if (within) continue;
    console.error(`The ${dtype} logits differ by more than ${TOLERANCE[dtype]} from the CPU's.`);
    process.exitCode = 1;
  }
}

/** The best of some rounds, after one that warms up. */
async function pairsPerSecond(options, maxLength) {
  const contexts = passages(Number(values.pairs), maxLength);
  return withReranker(options, async (reranker) => {
    await reranker.rerank({ query, contexts });
    let best = Infinity;
    for (let round = 0; round < ROUNDS; round++) {
      const started = performance.now();
      await reranker.rerank({ query, contexts });
      best = Math.min(best, performance.now() - started);
    }
    return (contexts.length / best) * 1000;
  });
}

const row = (cells) => console.log(`| ${cells.join(' | ')} |`);

/** What is timed for a dtype: TF32 is for fp32 alone. */
const variants = dtypes.flatMap((dtype) => [
  { name: dtype, dtype, tf32: false },
  ...(dtype === 'fp32' ? [{ name: 'fp32, TF32', dtype, tf32: true }] : []),
]);

async function time() {
  row(['pairs/s', 'tokens a run', ...lengths.map((length) => `${length} tokens`)]);
  row(['---', '---', ...lengths.map(() => '---')]);
  for (const { name, dtype, tf32 } of variants) {
    for (const maxBatchTokens of numbers(values.budgets)) {
      const cells = [];
      for (const length of lengths) {
        cells.push((await pairsPerSecond(onCuda(dtype, length, { tf32, maxBatchTokens }), length)).toFixed(0));
      }
      row([name, maxBatchTokens, ...cells]);
    }
  }
}

await checkParity();
await time();
