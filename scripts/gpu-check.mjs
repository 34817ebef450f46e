// The comparison that scripts/gpu-check.sh runs.
import { createRequire } from 'node:module';

// fp32 on both sides; above it TF32 or another kind of arithmetic was used.
const TOLERANCE = 1e-3;
const LENGTHS = [32, 128, 256, 512];
const PAIRS = 256;
const WORDS = 'the sky is blue because air scatters short waves of sunlight more than long ones'.split(' ');

const { Reranker } = createRequire(import.meta.url)('../dist/index.js');
const [folder, dtype = 'fp32'] = process.argv.slice(2);

/** Different passages that fill `length` tokens or more; maxLength cuts them there. */
const passages = (length) =>
  Array.from({ length: PAIRS }, (_, at) => ({
    text: Array.from({ length }, (__, word) => WORDS[(word * (at + 1)) % WORDS.length]).join(' '),
  }));

async function measured(provider, maxLength) {
  const reranker = await Reranker.load(folder, { dtype, executionProviders: [provider], maxLength });
  const input = { query: 'Why is the sky blue?', contexts: passages(maxLength) };
  await reranker.rerank(input, { rawScores: true });
  const started = performance.now();
  const { response } = await reranker.rerank(input, { rawScores: true });
  const pairsPerSecond = (PAIRS / (performance.now() - started)) * 1000;
  await reranker.close();
  const logits = [];
  for (const { id, score } of response) logits[id] = score;
  return { logits, pairsPerSecond };
}

for (const length of LENGTHS) {
  const cuda = await measured('cuda', length);
  const cpu = await measured('cpu', length);
  const difference = Math.max(...cuda.logits.map((logit, at) => Math.abs(logit - cpu.logits[at])));
  const rates = `cuda ${cuda.pairsPerSecond.toFixed(1)} pairs/s, cpu ${cpu.pairsPerSecond.toFixed(1)} pairs/s`;
  console.log(`${length} tokens: ${rates}, largest difference of logits ${difference.toExponential(2)}`);
  if (!(difference <= TOLERANCE)) {
    console.error(`The logits differ by more than ${TOLERANCE}.`);
    process.exitCode = 1;
  }
}
