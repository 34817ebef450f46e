import type { FileHandle } from 'node:fs/promises';
import { RerankError } from '../errors';
import type { Reranker } from '../reranker';
import type { RerankInput, RerankOptions } from '../types';
import { readLines, type Line } from './batch-lines';
import type { DoneLines } from './batch-journal';
import { takenOver } from './batch-lock';
import { decodeUtf8 } from './text-files';
import { fileError } from './usage-error';

/** Text admitted and not answered: enough for every core to have work, little enough for any machine. */
const MAX_BYTES_AHEAD = 1 << 20;
const MAX_REQUESTS_AHEAD = 256;

export interface BatchCounts {
  /** Lines answered now, and those that an earlier run had answered. */
  requests: number;
  resumed: number;
  pairs: number;
  /** Lines that hold an error, an earlier run's included. */
  failed: number;
}

interface Pending {
  line: Line;
  cost: number;
  answer: Promise<Answer>;
}

interface Answer {
  text: string;
  pairs: number;
  failed: boolean;
}

/** Text of all pairs in UTF-16 units: what the request costs to hold and to score. */
function costOf({ query, contexts }: RerankInput): number {
  if (typeof query !== 'string' || !Array.isArray(contexts)) return 0;
  const texts = contexts as ({ text?: unknown } | null)[];
  return texts.reduce((sum, context) => {
    const text = context?.text;
    return sum + query.length + (typeof text === 'string' ? text.length : 0);
  }, 0);
}

function parse(line: Line): RerankInput {
  const text = decodeUtf8(line.bytes);
  if (text === undefined) throw new RerankError('INVALID_INPUT', 'The line is not UTF-8; convert the file to it');
  try {
    return JSON.parse(text) as RerankInput;
  } catch (cause) {
    throw new RerankError('INVALID_INPUT', 'The line is not JSON', { cause });
  }
}

/** Failures of the request itself become its answer; failures of the engine end the run, so that a restart can go on. */
const OF_THE_REQUEST: ReadonlySet<string> = new Set(['INVALID_INPUT', 'TOO_LONG', 'OVERLOADED', 'INFERENCE_FAILED']);

function failedAnswer(error: unknown): Answer {
  if (!(error instanceof RerankError) || !OF_THE_REQUEST.has(error.code)) throw error;
  const { code, message, path } = error;
  return { text: JSON.stringify({ error: { code, message, path } }), pairs: 0, failed: true };
}

async function score(reranker: Reranker, input: RerankInput, options: RerankOptions): Promise<Answer> {
  try {
    const output = await reranker.rerank(input, options);
    return { text: JSON.stringify(output), pairs: input.contexts.length, failed: false };
  } catch (error) {
    return failedAnswer(error);
  }
}

function begin(reranker: Reranker, line: Line, options: RerankOptions): Pending {
  let input: RerankInput;
  try {
    input = parse(line);
  } catch (error) {
    return { line, cost: 0, answer: Promise.resolve(failedAnswer(error)) };
  }
  const answer = score(reranker, input, options);
  // Awaited in order, later: a failure meanwhile is not unhandled.
  answer.catch(() => undefined);
  return { line, cost: costOf(input), answer };
}

export interface BatchRun {
  input: string;
  output: Pick<FileHandle, 'appendFile'>;
  outputPath: string;
  /** Whether the output is still this run's to write. */
  isHeld: () => boolean;
  /** Lines that are answered already. */
  done: DoneLines;
  options: RerankOptions;
  onProgress(bytes: number, counts: BatchCounts): void;
}

/** Answers line by line, in order; reads ahead only as far as the engine needs. */
export async function runBatch(reranker: Reranker, run: BatchRun): Promise<BatchCounts> {
  const counts: BatchCounts = { requests: 0, resumed: 0, pairs: 0, failed: run.done.failed };
  const pending: Pending[] = [];
  let ahead = 0;
  const settleFirst = async () => {
    const { line, cost, answer } = pending.shift()!;
    const { text, pairs, failed } = await answer;
    ahead -= cost;
    if (!run.isHeld()) throw takenOver(run.outputPath);
    try {
      await run.output.appendFile(`${text}\n`);
    } catch (error) {
      throw fileError('write', run.outputPath, error);
    }
    counts.requests += 1;
    counts.pairs += pairs;
    counts.failed += failed ? 1 : 0;
    run.onProgress(line.end, counts);
  };
  for await (const line of readLines(run.input)) {
    if (counts.resumed < run.done.lines) {
      counts.resumed += 1;
      continue;
    }
    const next = begin(reranker, line, run.options);
    pending.push(next);
    ahead += next.cost;
    while (pending.length > 0 && (ahead > MAX_BYTES_AHEAD || pending.length >= MAX_REQUESTS_AHEAD)) await settleFirst();
  }
  while (pending.length > 0) await settleFirst();
  return counts;
}
