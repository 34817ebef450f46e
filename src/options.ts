import { RerankError } from './errors';
import { defaultThreads } from './base/threads';
import { DTYPES } from './models/ways';
import type { NativeCudaOptions } from './addon/native-api';
import type {
  CudaOptions,
  Dtype,
  EncodeOptions,
  ExecutionProvider,
  LongDocuments,
  OnError,
  RerankerOptions,
  RerankOptions,
  SpecialTokens,
  Truncation,
} from './types';

const PROVIDERS: readonly ExecutionProvider[] = ['cuda', 'cpu'];
const TRUNCATIONS: readonly Truncation[] = ['longest_first', 'only_second', 'only_first', 'none'];
const SPECIAL_TOKENS: readonly SpecialTokens[] = ['parse', 'text'];

const ARENA_STRATEGIES = ['kNextPowerOfTwo', 'kSameAsRequested'] as const;
const ON_ERROR: readonly OnError[] = ['reject', 'skip'];
const AGGREGATES = ['max', 'mean'] as const;

const MAX_THREADS = 1024;
/** encode() serves tokenizing alone, so the model's positions do not bound it. */
export const MAX_ENCODE_LENGTH = 2 ** 20;
/** Node's timers turn longer delays into 1 ms. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const DEFAULT_MAX_LENGTH = 512;
const DEFAULT_MAX_QUEUED_TOKENS = 8_388_608;
const DEFAULT_MAX_QUEUE_SECONDS = 30;
/** CUDA numbers its devices in an int; no machine has more than this. */
const MAX_DEVICE_ID = 1023;
const DEFAULT_MAX_BATCH_TOKENS = 16_384;
/** One run in progress on the device, one whose input is on its way there, and time for tokenizing. */
const THREADS_PER_DEVICE = 4;

export interface CheckedRerankerOptions {
  dtype: Dtype;
  executionProviders: ExecutionProvider[];
  cuda: NativeCudaOptions;
  /** Undefined until it is known what the model runs on: `threadsFor`. */
  threads: number | undefined;
  /** Undefined until the model's limit is known: `maxLengthFor`. */
  maxLength: number | undefined;
  truncation: Truncation;
  specialTokens: SpecialTokens;
  maxQueuedTokens: number;
  maxQueueSeconds: number;
  weightCache: boolean;
}

export interface CheckedRerankOptions {
  signal: AbortSignal | undefined;
  timeoutMs: number | undefined;
  rawScores: boolean;
  details: boolean;
  onError: OnError | undefined;
  minScore: number | undefined;
  longDocuments: LongDocuments | undefined;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

/** The one formula of option errors: what was expected, for which name, what came. */
export function invalidOption(expected: string, name: string, received: unknown): RerankError {
  return new RerankError('INVALID_OPTION', `Expected ${expected} for '${name}', received ${shown(received)}`, {
    path: name,
  });
}

function object<T extends object>(value: T | undefined, name = 'options'): T {
  if (value === undefined) return {} as T;
  if (typeof value !== 'object' || (value as unknown) === null || Array.isArray(value)) {
    throw invalidOption('an object', name, value);
  }
  return value;
}

function integer(name: string, value: unknown, min: number, max: number, unit = ''): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw invalidOption(`an integer from ${min} to ${max}${unit}`, name, value);
}

function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T;
  throw invalidOption(`one of ${allowed.map(shown).join(', ')}`, name, value);
}

function flag(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw invalidOption('a boolean', name, value);
}

function providers(value: unknown): ExecutionProvider[] {
  const list: unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [];
  const known = list.every((item) => PROVIDERS.includes(item as ExecutionProvider));
  if (list.length > 0 && known && new Set(list).size === list.length) return list as ExecutionProvider[];
  throw invalidOption(`a list of distinct names from ${PROVIDERS.map(shown).join(', ')}`, 'executionProviders', value);
}

/** By shape, not by class: a signal may come from another realm (a vm context, a polyfill). */
function abortSignal(value: unknown): AbortSignal {
  const signal = value as Partial<AbortSignal> | null;
  if (typeof signal === 'object' && typeof signal?.aborted === 'boolean' && signal.addEventListener) {
    return signal as AbortSignal;
  }
  throw invalidOption('an AbortSignal', 'signal', value);
}

function timeout(value: unknown): number {
  if (typeof value === 'number' && value > 0 && value <= MAX_TIMEOUT_MS) return value;
  throw invalidOption(`a number of milliseconds above 0, at most ${MAX_TIMEOUT_MS}`, 'timeoutMs', value);
}

function queueSeconds(value: unknown): number {
  if (typeof value === 'number' && value > 0) return value;
  throw invalidOption('a number of seconds above 0', 'maxQueueSeconds', value);
}

export function checkRerankerOptions(options?: RerankerOptions): CheckedRerankerOptions {
  const { dtype, executionProviders, cuda, threads, weightCache, ...others } = object(options);
  const { maxLength, truncation, specialTokens, ...queue } = others;
  const { maxQueuedTokens, maxQueueSeconds } = queue;
  return {
    dtype: dtype === undefined ? 'auto' : oneOf('dtype', dtype, DTYPES),
    executionProviders: executionProviders === undefined ? ['cpu'] : providers(executionProviders),
    cuda: checkCudaOptions(cuda),
    threads: threads === undefined ? undefined : integer('threads', threads, 1, MAX_THREADS),
    maxLength: maxLength === undefined ? undefined : integer('maxLength', maxLength, 1, MAX_ENCODE_LENGTH),
    truncation: truncation === undefined ? 'longest_first' : oneOf('truncation', truncation, TRUNCATIONS),
    specialTokens: specialTokens === undefined ? 'parse' : oneOf('specialTokens', specialTokens, SPECIAL_TOKENS),
    maxQueuedTokens:
      maxQueuedTokens === undefined
        ? DEFAULT_MAX_QUEUED_TOKENS
        : integer('maxQueuedTokens', maxQueuedTokens, 1, Number.MAX_SAFE_INTEGER),
    maxQueueSeconds: maxQueueSeconds === undefined ? DEFAULT_MAX_QUEUE_SECONDS : queueSeconds(maxQueueSeconds),
    weightCache: weightCache === undefined ? false : flag('weightCache', weightCache),
  };
}

function devices(value: unknown): number[] {
  const list: unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [];
  const known = list.every((id) => Number.isInteger(id) && (id as number) >= 0 && (id as number) <= MAX_DEVICE_ID);
  if (list.length > 0 && known && new Set(list).size === list.length) return list as number[];
  throw invalidOption(`a list of distinct integers from 0 to ${MAX_DEVICE_ID}`, 'cuda.deviceIds', value);
}

export function checkCudaOptions(options?: CudaOptions): NativeCudaOptions {
  const { deviceIds, memoryLimitBytes, arenaExtendStrategy, tf32, maxBatchTokens } = object(options, 'cuda');
  return {
    deviceIds: deviceIds === undefined ? [0] : devices(deviceIds),
    memoryLimitBytes:
      memoryLimitBytes === undefined
        ? 0
        : integer('cuda.memoryLimitBytes', memoryLimitBytes, 1, Number.MAX_SAFE_INTEGER, ' (bytes)'),
    arenaExtendStrategy:
      arenaExtendStrategy === undefined
        ? 'kNextPowerOfTwo'
        : oneOf('cuda.arenaExtendStrategy', arenaExtendStrategy, ARENA_STRATEGIES),
    tf32: tf32 === undefined ? false : flag('cuda.tf32', tf32),
    maxBatchTokens:
      maxBatchTokens === undefined
        ? DEFAULT_MAX_BATCH_TOKENS
        : integer('cuda.maxBatchTokens', maxBatchTokens, 1, Number.MAX_SAFE_INTEGER),
  };
}

/** Worker threads for a model on this many CUDA devices (0: on the CPU). Every device needs one. */
export function threadsFor(asked: number | undefined, deviceCount: number, cores = defaultThreads()): number {
  if (asked !== undefined) {
    return deviceCount === 0 ? asked : integer('threads', asked, deviceCount, MAX_THREADS, ' (one a CUDA device)');
  }
  if (deviceCount === 0) return Math.min(cores, MAX_THREADS);
  return Math.max(deviceCount, Math.min(cores, THREADS_PER_DEVICE * deviceCount, MAX_THREADS));
}

/** Tokens of a pair for a model that takes `limit`. */
export function maxLengthFor(asked: number | undefined, limit: number): number {
  if (asked === undefined) return Math.min(DEFAULT_MAX_LENGTH, limit);
  return integer('maxLength', asked, 1, limit, ' (what the model takes)');
}

export function checkRerankOptions(options?: RerankOptions): CheckedRerankOptions {
  const { signal, timeoutMs, rawScores, details, onError, minScore, longDocuments } = object(options);
  return {
    signal: signal === undefined ? undefined : abortSignal(signal),
    timeoutMs: timeoutMs === undefined ? undefined : timeout(timeoutMs),
    rawScores: rawScores === undefined ? false : flag('rawScores', rawScores),
    details: details === undefined ? false : flag('details', details),
    onError: onError === undefined ? undefined : oneOf('onError', onError, ON_ERROR),
    minScore: minScore === undefined ? undefined : finite('minScore', minScore),
    longDocuments: longDocuments === undefined ? undefined : checkLongDocuments(longDocuments),
  };
}

function finite(name: string, value: unknown): number {
  if (Number.isFinite(value)) return value as number;
  throw invalidOption('a finite number', name, value);
}

function checkLongDocuments(options: LongDocuments): LongDocuments {
  const { window, stride, aggregate } = object(options, 'longDocuments');
  const longest =
    window === undefined ? MAX_ENCODE_LENGTH : integer('longDocuments.window', window, 1, MAX_ENCODE_LENGTH);
  if (stride !== undefined) integer('longDocuments.stride', stride, 1, longest, ' (no more than the window)');
  if (aggregate !== undefined) oneOf('longDocuments.aggregate', aggregate, AGGREGATES);
  return { window, stride, aggregate };
}

export function checkEncodeOptions(
  options: EncodeOptions | undefined,
  defaults: { readonly maxLength: number; readonly truncation: Truncation },
): Required<EncodeOptions> {
  const { maxLength, truncation } = object(options);
  return {
    maxLength: maxLength === undefined ? defaults.maxLength : integer('maxLength', maxLength, 1, MAX_ENCODE_LENGTH),
    truncation: truncation === undefined ? defaults.truncation : oneOf('truncation', truncation, TRUNCATIONS),
  };
}
