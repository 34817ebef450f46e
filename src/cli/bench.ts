import type { Command } from 'commander';
import type { Reranker } from '../reranker';
import { loadReranker } from './fetch-model';
import { positiveInteger, withModelOptions, type ModelOptions } from './model-options';

interface BenchOptions extends ModelOptions {
  seconds: number;
  candidates: number;
  json?: boolean;
}

const QUERY = 'how does a cross-encoder score a passage';
/** About 40 tokens in either vocabulary. */
const SENTENCE =
  'A cross-encoder reads the query and the passage together, so that every word of one can attend to every word of the other. ';
const SENTENCES = 6;

/** Distinct passages: equal ones inside a request are scored once. */
function passages(count: number): { text: string }[] {
  return Array.from({ length: count }, (_, i) => ({ text: `Passage ${i}. ${SENTENCE.repeat(SENTENCES)}` }));
}

async function measure(reranker: Reranker, seconds: number, candidates: number) {
  const input = { query: QUERY, contexts: passages(candidates) };
  await reranker.rerank(input);
  const tokensBefore = reranker.stats().scoredTokens;
  const times: number[] = [];
  const started = performance.now();
  while (performance.now() - started < seconds * 1000) {
    const from = performance.now();
    await reranker.rerank(input);
    times.push(performance.now() - from);
  }
  const elapsed = (performance.now() - started) / 1000;
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return {
    pairsPerSecond: (times.length * candidates) / elapsed,
    tokensPerSecond: (reranker.stats().scoredTokens - tokensBefore) / elapsed,
    requests: times.length,
    candidates,
    latencyMs: { p50: at(0.5), p99: at(0.99) },
  };
}

async function bench(options: BenchOptions): Promise<void> {
  const reranker = await loadReranker(options);
  try {
    const { model, dtype, threads, provider, engine, runtime } = reranker.info;
    const by = runtime ? `ONNX Runtime ${runtime.version}` : `own kernels (${engine.instructionSet})`;
    const result = await measure(reranker, options.seconds, options.candidates);
    const report = { model, dtype, threads, provider: provider.got, engine, ...result };
    if (options.json) return void process.stdout.write(`${JSON.stringify(report)}\n`);
    const { p50, p99 } = result.latencyMs;
    process.stdout.write(
      `${model} ${dtype} on ${provider.got}, ${threads} threads, ${by}
${result.pairsPerSecond.toFixed(1)} pairs/s, ${Math.round(result.tokensPerSecond)} tokens/s
request of ${options.candidates} passages: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms (${result.requests} requests)\n`,
    );
  } finally {
    await reranker.close();
  }
}

export function addBench(program: Command): void {
  withModelOptions(program.command('bench'))
    .description('Measure this model on this machine: one client, one request after the other')
    .option('--seconds <n>', 'how long to measure', positiveInteger, 5)
    .option('--candidates <n>', 'passages of a request', positiveInteger, 30)
    .option('--json', 'print the figures as JSON')
    .addHelpText(
      'after',
      `
Passages are synthetic, of one length. Comparisons with other engines on real text need their packages and data:
they live in the bench folder of the repository, not in this package.

Example:
  $ bge-reranker bench -m ./my-model --dtype int8 --seconds 10`,
    )
    .action(bench);
}
