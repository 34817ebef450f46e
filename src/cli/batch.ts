import type { Command } from 'commander';
import { stat } from 'node:fs/promises';
import type { Reranker } from '../reranker';
import type { RerankOptions } from '../types';
import { refuseInputAsOutput, refuseModelAsOutput } from './batch-files';
import { lockOutput } from './batch-lock';
import { BatchJournal } from './batch-journal';
import { STDIN } from './batch-lines';
import { runBatch, type BatchCounts, type BatchRun } from './batch-run';
import { EXIT } from './exit-codes';
import { loadReranker } from './fetch-model';
import { onError, skipFailedOption, withModelOptions, type ModelOptions } from './model-options';
import { startProgress } from './progress';
import { fileError, usageError } from './usage-error';

const STDOUT = '-';

interface BatchOptions extends ModelOptions {
  rawScores?: boolean;
  skipFailed?: boolean;
  overwrite?: boolean;
}

/** Whatever changes a byte of the output. */
export function settingsOf(
  { info }: Pick<Reranker, 'info'>,
  { rawScores = false, skipFailed = false }: Pick<BatchOptions, 'rawScores' | 'skipFailed'>,
): Record<string, unknown> {
  const { files, dtype, engine, maxLength, truncation, specialTokens, provider } = info;
  return {
    model: files.model.sha256,
    tokenizer: files.tokenizer.sha256,
    // One file of weights serves several of these.
    dtype,
    engine: engine.name,
    instructionSet: engine.instructionSet,
    maxLength,
    truncation,
    specialTokens,
    provider: provider.got,
    rawScores,
    skipFailed,
  };
}

const requestOptions = ({ rawScores, skipFailed }: BatchOptions): RerankOptions => ({
  rawScores,
  onError: onError(skipFailed),
});

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    throw fileError('read', path, error);
  }
}

function summary({ requests, resumed, pairs, failed }: BatchCounts, seconds: number): string {
  const rate = (pairs / Math.max(seconds, 0.001)).toFixed(1);
  const before = resumed > 0 ? ` after ${resumed} of an earlier run` : '';
  const bad = failed > 0 ? `; ${failed} could not be scored, their lines say why` : '';
  return `${requests} requests${before}, ${pairs} pairs in ${seconds.toFixed(1)} s (${rate} pairs/s)${bad}\n`;
}

/** A pipe takes answers as fast as its reader does. */
const stdout: BatchRun['output'] = {
  appendFile: (text) =>
    new Promise((resolve, reject) => {
      process.stdout.write(String(text), (error) => (error ? reject(error) : resolve()));
    }),
};

/** Answers to stdout: there is nothing to go on with later, so neither journal nor lock. */
async function pipe(input: string, options: BatchOptions): Promise<void> {
  const reranker = await loadReranker(options);
  try {
    const started = performance.now();
    const counts = await runBatch(reranker, {
      input,
      output: stdout,
      outputPath: 'stdout',
      done: { lines: 0, failed: 0 },
      isHeld: () => true,
      options: requestOptions(options),
      onProgress: () => undefined,
    });
    report(counts, (performance.now() - started) / 1000);
  } finally {
    await reranker.close();
  }
}

function report(counts: BatchCounts, seconds: number): void {
  process.stderr.write(summary(counts, seconds));
  if (counts.failed > 0) process.exitCode = EXIT.negative;
}

/** Tells what Ctrl-C leaves behind, then ends as without this. */
function tellInterrupted(): void {
  process.stderr.write('\nStopped: run the same command again, and it goes on from here\n');
  process.kill(process.pid, 'SIGINT');
}

async function batch(input: string, output: string, options: BatchOptions): Promise<void> {
  if (output === STDOUT) {
    await pipe(input, options);
    return;
  }
  if (input === STDIN)
    throw usageError('A batch from stdin cannot go on later; write its answers to stdout: batch - -');
  await refuseInputAsOutput(input, output);
  const lock = await lockOutput(output);
  try {
    await run(input, output, options, lock.isHeld);
  } finally {
    await lock.release();
  }
}

async function run(input: string, output: string, options: BatchOptions, isHeld: () => boolean): Promise<void> {
  const total = await sizeOf(input);
  const reranker = await loadReranker(options);
  const journal = new BatchJournal(output);
  process.once('SIGINT', tellInterrupted);
  try {
    await refuseModelAsOutput(reranker.info, output);
    const { file, done } = await journal.begin(input, settingsOf(reranker, options), options.overwrite ?? false);
    const progress = startProgress(total);
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    let counts: BatchCounts;
    try {
      counts = await runBatch(reranker, {
        input,
        output: file,
        outputPath: output,
        done,
        isHeld,
        options: requestOptions(options),
        onProgress: (bytes, { pairs }) => progress.update(bytes, `${(pairs / seconds()).toFixed(1)} pairs/s`),
      });
      await file.sync();
    } finally {
      progress.stop();
      await file.close();
    }
    await journal.finish();
    report(counts, seconds());
  } finally {
    process.off('SIGINT', tellInterrupted);
    await reranker.close();
  }
}

export function addBatch(program: Command): void {
  withModelOptions(program.command('batch').argument('<input>').argument('<output>'))
    .description('Rank many requests: JSON lines {"query","contexts":[{"text"}],"top_k"?} in, answers out')
    .option('--raw-scores', 'logits, not their sigmoid')
    .addOption(skipFailedOption())
    .option('--overwrite', 'start anew where the output file exists')
    .addHelpText(
      'after',
      `
Line n of the output answers the n-th line of the input that is not blank: {"response":[{"id","score"}]}, or
{"error":{"code","message","path"}} where the line is no valid request (exit code 1 then).
Run again after a kill: the same command goes on where it stopped. One run at a time writes an output file.
With - in place of the paths it reads stdin and writes stdout; that cannot go on later.

Example:
  $ bge-reranker batch requests.jsonl answers.jsonl -m BAAI/bge-reranker-base --dtype int8`,
    )
    .action(batch);
}
