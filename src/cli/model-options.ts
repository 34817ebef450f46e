import { InvalidArgumentError, Option, type Command } from 'commander';
import { DEFAULT_MODEL } from '../base/default-model';
import { PROMPT_TEMPLATE_NAMES } from '../models/prompt-templates';
import { DTYPES } from '../models/ways';
import type {
  Dtype,
  ExecutionProvider,
  OnError,
  PromptTemplate,
  RerankerOptions,
  SpecialTokens,
  Truncation,
} from '../types';

/** What `withModelOptions` adds to a command. */
export interface ModelOptions {
  model: string;
  dtype: Dtype;
  threads?: number;
  maxLength?: number;
  truncation?: Truncation;
  specialTokens?: SpecialTokens;
  promptTemplate?: PromptTemplate;
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

export function promptTemplateOption(): Option {
  return new Option(
    '--prompt-template <name>',
    "how a decoder is asked (default: its own chat template, or its name's)",
  ).choices(PROMPT_TEMPLATE_NAMES);
}

/** Of commands that score what they are given. */
export function instructionOption(): Option {
  return new Option('--instruction <text>', 'what to judge by, of a decoder whose prompt has a place for it');
}

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
    .addOption(promptTemplateOption())
    .option('--weight-cache', 'keep converted weights in the cache folder: later loads are quick, processes share them')
    .addOption(providerOption())
    .option('--cuda-devices <ids...>', 'CUDA devices that share the work (default: 0)', deviceIds)
    .option('--cuda-memory-limit <bytes>', 'bytes of a CUDA device at most (default: no limit)', positiveInteger);
}

export function rerankerOptions(options: ModelOptions): RerankerOptions {
  const { provider, cudaDevices, cudaMemoryLimit, ...others } = options;
  const { dtype, threads, maxLength, truncation, specialTokens, promptTemplate, ...rest } = others;
  const { weightCache, maxQueuedTokens } = rest;
  return {
    dtype,
    threads,
    maxLength,
    truncation,
    specialTokens,
    promptTemplate,
    weightCache,
    executionProviders: provider,
    cuda: { deviceIds: cudaDevices, memoryLimitBytes: cudaMemoryLimit },
    maxQueuedTokens,
  };
}
