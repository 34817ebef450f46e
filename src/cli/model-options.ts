import { InvalidArgumentError, Option, type Command } from 'commander';
import { DEFAULT_MODEL } from '../base/default-model';
import { DTYPES } from '../models/ways';
import type { Dtype, ExecutionProvider, OnError, RerankerOptions, SpecialTokens, Truncation } from '../types';

/** What `withModelOptions` adds to a command. */
export interface ModelOptions {
  model: string;
  dtype: Dtype;
  threads?: number;
  maxLength?: number;
  truncation?: Truncation;
  specialTokens?: SpecialTokens;
  provider?: ExecutionProvider[];
  cudaDevices?: number[];
  cudaMemoryLimit?: number;
  weightCache?: boolean;
  /** Of `serve`; the other commands wait for whatever they ask. */
  maxQueueSeconds?: number;
  maxQueuedTokens?: number;
  /** Of the whole program. */
  verbose?: boolean;
}

function deviceIds(text: string, earlier: readonly number[] = []): number[] {
  // What is no list of device ids is told by the library, which knows their range.
  return [...earlier, text.trim() === '' ? NaN : Number(text)];
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be an integer of 1 or more.');
}

export function dtypeOption(): Option {
  return new Option(
    '-d, --dtype <dtype>',
    'weights: int8 is smaller and faster, fp32 exact, bf16 between, fp16 for GPUs; auto takes int8 (on CUDA fp16) where there is one',
  )
    .choices(DTYPES)
    .default('auto');
}

export function providerOption(): Option {
  return new Option('--provider <names...>', 'execution providers, tried in order').choices(['cpu', 'cuda']);
}

/** Of the commands that score passages. */
export function skipFailedOption(): Option {
  return new Option('--skip-failed', 'list passages that cannot be scored as skipped, and score the others');
}

export const onError = (skipFailed: boolean | undefined): OnError | undefined => (skipFailed ? 'skip' : undefined);

/** The options of every command that runs a model. */
export function withModelOptions(command: Command): Command {
  const model = process.env['BGE_RERANKER_MODEL'] || DEFAULT_MODEL;
  return command
    .hook('preAction', (_, action) => {
      action.setOptionValue('verbose', action.optsWithGlobals()['verbose']);
    })
    .option('-m, --model <model>', 'folder, or owner/name[@revision] on the hub (BGE_RERANKER_MODEL)', model)
    .addOption(dtypeOption())
    .option('--threads <n>', 'worker threads (default: the cores this process may use)', positiveInteger)
    .option('--max-length <tokens>', 'tokens of a pair at most', positiveInteger)
    .addOption(
      new Option('--truncation <how>', 'what to cut from a pair that is too long').choices([
        'longest_first',
        'only_second',
        'only_first',
        'none',
      ]),
    )
    .addOption(
      new Option('--special-tokens <how>', 'what the name of a special token in a text is').choices(['parse', 'text']),
    )
    .option('--weight-cache', 'keep converted weights in the cache folder: later loads are quick, processes share them')
    .addOption(providerOption())
    .option('--cuda-devices <ids...>', 'CUDA devices that share the work (default: 0)', deviceIds)
    .option('--cuda-memory-limit <bytes>', 'bytes of a CUDA device at most (default: no limit)', positiveInteger);
}

export function rerankerOptions(options: ModelOptions): RerankerOptions {
  const { provider, cudaDevices, cudaMemoryLimit, ...others } = options;
  const { dtype, threads, maxLength, truncation, specialTokens, weightCache, maxQueuedTokens } = others;
  return {
    dtype,
    threads,
    maxLength,
    truncation,
    specialTokens,
    weightCache,
    executionProviders: provider,
    cuda: { deviceIds: cudaDevices, memoryLimitBytes: cudaMemoryLimit },
    maxQueuedTokens,
  };
}
