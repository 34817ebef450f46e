import type { Command } from 'commander';
import { RerankError } from '../errors';
import type { Reranker } from '../reranker';
import type { Dtype } from '../types';
import { engineText, loadReranker } from './fetch-model';
import { positiveInteger, withModelOptions, type ModelOptions } from './model-options';

interface BenchOptions extends ModelOptions {
  seconds: number;
  candidates: number;
  dtypes?: boolean;
  json?: boolean;
}

const QUERY = 'how does a cross-encoder score a passage';
/** About 40 tokens in either vocabulary. */
const SENTENCE =
  'A cross-encoder reads the query and the passage together, so that every word of one can attend to every word of the other. ';
const SENTENCES = 6;
const DTYPES: readonly Dtype[] = ['int8', 'bf16', 'fp16', 'fp32'];
/** What a dtype may be ahead of `auto` without being called faster: noise of a shared machine. */
const NOISE = 0.05;

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

/** Loads, measures, closes. */
async function measured(options: BenchOptions) {
  const reranker = await loadReranker({ ...options, verbose: false });
  try {
    const { model, dtype, threads, provider, engine } = reranker.info;
    const result = await measure(reranker, options.seconds, options.candidates);
    const report = { model, dtype, threads, provider: provider.got, engine, ...result };
    return { report, runs: engineText(reranker.info) };
  } finally {
    await reranker.close();
  }
}

type Measured = Awaited<ReturnType<typeof measured>>;

function figures({ report }: Measured): string {
  const { pairsPerSecond, tokensPerSecond, latencyMs, candidates, requests } = report;
  const { p50, p99 } = latencyMs;
  return `${pairsPerSecond.toFixed(1)} pairs/s, ${Math.round(tokensPerSecond)} tokens/s
request of ${candidates} passages: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms (${requests} requests)\n`;
}

/** What this model cannot be run as is no failure; anything else is. */
const CANNOT: ReadonlySet<string> = new Set(['MODEL_NOT_FOUND', 'MODEL_UNSUPPORTED']);

function verdict(auto: Measured, others: readonly Measured[]): string {
  const pace = ({ report }: Measured) => report.pairsPerSecond / auto.report.pairsPerSecond;
  const faster = others.filter((each) => pace(each) > 1 + NOISE).sort((a, b) => pace(b) - pace(a));
  const own = auto.report.dtype;
  if (faster.length === 0) return `Nothing is faster here than ${own}, which 'auto' takes.`;
  const list = faster.map((each) => `${each.report.dtype} (${pace(each).toFixed(2)}×)`).join(', ');
  return `Faster here than ${own}, which 'auto' takes: ${list}.`;
}

/** Every dtype that the model can be run as, one after the other. */
async function compareDtypes(options: BenchOptions): Promise<void> {
  const auto = await measured({ ...options, dtype: 'auto' });
  const print = (text: string) => options.json || process.stdout.write(text);
  print(`auto: ${auto.runs}\n${figures(auto)}\n`);
  const others: Measured[] = [];
  for (const dtype of DTYPES.filter((each) => each !== auto.report.dtype)) {
    try {
      const one = await measured({ ...options, dtype });
      others.push(one);
      print(`${one.runs}\n${figures(one)}\n`);
    } catch (error) {
      if (!(error instanceof RerankError) || !CANNOT.has(error.code)) throw error;
      print(`${dtype}: ${error.message}\n\n`);
    }
  }
  const reports = [auto, ...others].map(({ report }) => report);
  process.stdout.write(options.json ? `${JSON.stringify(reports)}\n` : `${verdict(auto, others)}\n`);
}

async function bench(options: BenchOptions): Promise<void> {
  if (options.dtypes) {
    await compareDtypes(options);
    return;
  }
  const one = await measured(options);
  const { model, provider, threads } = one.report;
  if (options.json) process.stdout.write(`${JSON.stringify(one.report)}\n`);
  else process.stdout.write(`${model} on ${provider}, ${threads} threads\n${one.runs}\n${figures(one)}`);
}

export function addBench(program: Command): void {
  withModelOptions(program.command('bench'))
    .description('Measure this model on this machine: one client, one request after the other')
    .option('--seconds <n>', 'how long to measure', positiveInteger, 5)
    .option('--candidates <n>', 'passages of a request', positiveInteger, 30)
    .option('--dtypes', 'measure every dtype that the model can be run as, and say which is faster than auto')
    .option('--json', 'print the figures as JSON; with --dtypes a list, auto first')
    .addHelpText(
      'after',
      `
Passages are synthetic, of one length. Comparisons with other engines on real text need their packages and data:
they live in the bench folder of the repository, not in this package.

Examples:
  $ bge-reranker bench -m ./my-model --dtype int8 --seconds 10
  $ bge-reranker bench -m ./my-model --dtypes`,
    )
    .action(bench);
}
