import type {
  CudaOptions,
  Dtype,
  EncodedPair,
  ExecutionProvider,
  RerankerStats,
  SpecialTokens,
  Truncation,
} from '../types';

/** Raised whenever the shape of this interface changes; the addon carries the same number (native/binding/addon.cpp). */
export const NATIVE_API_VERSION = 12;

/** How the addon reports failures: plain objects, so that the Error is made in the caller's realm. */
export interface NativeFailure {
  code: string;
  message: string;
  path?: string;
}

/** `memoryLimitBytes` 0: no limit. */
export type NativeCudaOptions = Required<CudaOptions>;

interface NativeModelOptions {
  /** Absolute path of the file of weights. */
  modelPath: string;
  /** Absolute path of tokenizer.json. */
  tokenizerPath: string;
  threads: number;
  maxLength: number;
  truncation: Truncation;
  specialTokens: SpecialTokens;
  maxQueuedTokens: number;
}

/** A model on our own kernels. */
export interface NativeBuiltinOptions extends NativeModelOptions {
  engine: 'builtin';
  /** Of config.json. */
  configFolder: string;
  /** What to make of the weights. */
  dtype: Exclude<Dtype, 'auto'>;
  /** Where to keep that; undefined: nowhere. */
  weightCacheFolder: string | undefined;
}

/** A model on ONNX Runtime. */
export interface NativeRuntimeOptions extends NativeModelOptions {
  engine: 'onnxruntime';
  /** Bytes of the ONNX file and its external data. */
  weightBytes: number;
  /**
   * Where it is known how the graph ends: its output that holds scores, and the value that is to be given in its place, as
   * it stands before an activation.
   */
  end: { output: string; before: string | undefined } | undefined;
  /** Absolute path of the shared library. */
  runtimePath: string;
  executionProviders: ExecutionProvider[];
  cuda: NativeCudaOptions;
}

export type NativeLoadOptions = NativeBuiltinOptions | NativeRuntimeOptions;

export interface NativeEngineInfo {
  provider: ExecutionProvider;
  providerReason: string;
  /** Empty for `builtin`. */
  runtimeVersion: string;
  /** Empty for `onnxruntime`. */
  instructionSet: string;
  /** Tokens that the tokenizer has, added ones included. */
  vocabulary: number;
  /** Empty but for CUDA. */
  deviceIds: number[];
  /** Empty where no cache of converted weights was asked for. */
  weightCache: 'mapped' | 'written' | 'failed' | '';
  /** One sentence: which file, or why it failed. */
  weightCacheReason: string;
}

export interface NativeResult {
  /** Context indices, best first, top_k of them. */
  ids: Int32Array;
  /** Scores or logits, as long as `ids`. */
  scores: Float64Array;
  /** Tokens of each pair, by position in `ids`. */
  tokens: Int32Array;
  /** Tokens cut from each pair, by position in `ids`. */
  truncatedTokens: Int32Array;
  /** Contexts without a score, by id; only with `skipFailed`. */
  skipped: NativeSkipped[];
  /** Milliseconds: submit to first run; worker time in the tokenizer; worker time in the model. */
  queueMs: number;
  tokenizeMs: number;
  runMs: number;
}

export interface NativeSkipped extends NativeFailure {
  /** Index of the context. */
  id: number;
}

export interface NativeRequestOptions {
  /** 0 means all. */
  topK: number;
  rawScores: boolean;
  /** Makes `truncatedTokens` exact, where tokenizing otherwise stops once it knows what the model gets. */
  exactCounts: boolean;
  /** A context that cannot be scored goes into `skipped`, where it otherwise fails the request. */
  skipFailed: boolean;
}

export interface NativeEngine {
  readonly info: NativeEngineInfo;
  /**
   * Queues one request. `requestId` is the caller's, unique among the pending ones; it names the request in `cancel`.
   * Never throws for a bad state: the promise rejects with a NativeFailure.
   */
  submit(requestId: number, query: string, texts: string[], options: NativeRequestOptions): Promise<NativeResult>;
  /** Drops what has not started and rejects the request's promise with this code. False if there is no such request. */
  cancel(requestId: number, code: 'ABORTED' | 'TIMEOUT'): boolean;
  /** Synchronous. Throws a NativeFailure. */
  encode(query: string, text: string, maxLength: number, truncation: Truncation): EncodedPair;
  /**
   * Tokens of a text on its own, special tokens left out, counted on a thread of its own. Rejects with a NativeFailure.
   * Every call must be settled before `close`.
   */
  countTokens(text: string): Promise<number>;
  stats(): RerankerStats;
  /** Refuses new work, finishes accepted work, then frees the model. Idempotent: every call gets a promise of the same end. */
  close(): Promise<void>;
}

/** Models that our own kernels run, by what their config.json says. */
export interface NativeFamily {
  name: string;
  /** Values of `model_type`. */
  modelTypes: string[];
  /** Values of `architectures[0]`. */
  architectures: string[];
  /** The same where modules.json puts a head behind the model. */
  bareArchitectures: string[];
  /** Of models with code of their own (auto_map), the classes of configuration whose code it is that the family does. */
  codeClasses: string[];
}

/** What this build and this processor can do. */
export interface NativeCapabilities {
  /**
   * Of our own kernels, as BGE_RERANKER_ISA spells it; empty where that variable names none that can run here, as the
   * load of a model will say.
   */
  instructionSet: string;
  /** All that this processor has, slowest first. */
  instructionSets: string[];
  /** Whether our own kernels run fp32 at least as fast as ONNX Runtime does. */
  hasFastFp32: boolean;
  /** Whether this processor multiplies bf16; without that, bf16 is slower than fp32. */
  hasFastBf16: boolean;
  /** What our own kernels compute with. */
  dtypes: Exclude<Dtype, 'auto' | 'fp16'>[];
  families: NativeFamily[];
}

export interface NativeAddon {
  readonly apiVersion: number;
  /** Never throws. The first call asks the system for the tile registers (AMX), so it is made only when it matters. */
  capabilities(): NativeCapabilities;
  /** Loads on a thread of its own; rejects with a NativeFailure. */
  load(options: NativeLoadOptions): Promise<NativeEngine>;
  /**
   * Opens the CUDA provider and runs a kernel on each device: undefined, or what failed. Synchronous, and a bad driver
   * can end the process: for a process of its own, which is ended after `limitMs` in any case.
   */
  probeCuda(runtimePath: string, options: NativeCudaOptions, limitMs: number): NativeFailure | undefined;
}
