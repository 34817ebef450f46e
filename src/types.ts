import type { RerankErrorCode } from './errors';

/** One passage to score against the query. */
export interface RerankContext {
  /** The passage; at least one UTF-16 code unit. Longer passages are cut as `truncation` says. */
  text: string;
}

/** What `@cf/baai/bge-reranker-base` takes. Other fields are allowed and ignored. */
export interface RerankInput {
  /** The search query; at least one UTF-16 code unit. */
  query: string;
  /** The passages to rank, in any order. Empty gives an empty response. */
  contexts: readonly RerankContext[];
  /** How many results to return, 1 or more; clamps to `contexts.length`. Absent or null: all. */
  top_k?: number | null | undefined;
}

export interface RerankResult {
  /** Index into the request's `contexts`. */
  id: number;
  /** sigmoid(logit) in [0, 1], computed in float64; the logit itself with `rawScores`. */
  score: number;
  /** Tokens of the scored pair, special tokens included. Only with `details`. */
  tokens?: number;
  /** Tokens of query and passage that truncation dropped from the pair. Only with `details`. */
  truncatedTokens?: number;
  /** Where the best window lies in the passage, in UTF-16 code units: `text.slice(start, end)`. Only with `longDocuments`. */
  range?: { start: number; end: number };
}

/** A passage that has no score, and why. */
export interface SkippedContext {
  /** Index into the request's `contexts`. */
  id: number;
  code: RerankErrorCode;
  message: string;
}

/** What `@cf/baai/bge-reranker-base` answers: best first, ties by lower id. */
export interface RerankOutput {
  response: RerankResult[];
  /** The passages that are not in `response` as they could not be scored, by id. Only with `onError: 'skip'`. */
  skipped?: SkippedContext[];
}

/** What `rerankDocuments` takes: documents of any type. */
export interface DocumentsInput<D> {
  /** The search query; at least one UTF-16 code unit. */
  query: string;
  /** In any order. Empty gives no results. */
  documents: readonly D[];
  /**
   * What the model is to read of a document; several fields are joined by newlines, empty ones left out. Default: the
   * document where it is a string, else its `text`.
   */
  text?: ((document: D) => string | readonly string[]) | undefined;
  /** How many results to return, 1 or more; absent or null: all. */
  top_k?: number | null | undefined;
}

/** A document as it was given, with its score. */
export interface RankedDocument<D> extends Omit<RerankResult, 'id'> {
  document: D;
  /** Index into the request's `documents`. */
  index: number;
}

export interface RankedDocuments<D> {
  /** Best first, ties by lower index. */
  results: RankedDocument<D>[];
  /** As `RerankOutput.skipped`. */
  skipped?: SkippedContext[];
}

export type Dtype = 'auto' | 'fp32' | 'fp16' | 'bf16' | 'int8';
export type ExecutionProvider = 'cuda' | 'cpu';
/** What the name of a special token in a text is: that token (`parse`), or text like any other (`text`). */
export type SpecialTokens = 'parse' | 'text';

/** What a passage that cannot be scored does to the others. */
export type OnError = 'reject' | 'skip';

export type Truncation = 'longest_first' | 'only_second' | 'only_first' | 'none';

/** How the CUDA provider runs a model. */
export interface CudaOptions {
  /**
   * CUDA devices by number, as `CUDA_VISIBLE_DEVICES` leaves them. Each holds the model, and worker threads are spread
   * over them. Default `[0]`.
   */
  deviceIds?: readonly number[] | undefined;
  /** Bytes that ONNX Runtime's arena may take on a device. Default: no limit. */
  memoryLimitBytes?: number | undefined;
  /** How that arena grows. Default `kNextPowerOfTwo`; `kSameAsRequested` takes less and asks more often. */
  arenaExtendStrategy?: 'kNextPowerOfTwo' | 'kSameAsRequested' | undefined;
  /** fp32 products in TF32: faster, but logits are no longer within 1e-3 of the CPU's. Default false. */
  tf32?: boolean | undefined;
  /** Tokens of a run at most, padding included. More keep a large GPU busier and take more of its memory. Default 16,384. */
  maxBatchTokens?: number | undefined;
}

export interface RerankerOptions {
  /**
   * Precision of the weights. On CPU and for models of our own kernels (BERT, RoBERTa, XLM-R and more) `int8`, `bf16` and
   * `fp32` are made from the float weights when the model is loaded; with AMX `fp32` is 24-bit fixed point (logits within
   * 1e-4 of ONNX Runtime's everywhere). Elsewhere `int8` is model_quantized.onnx and `fp32` model.onnx. `fp16` is
   * model_fp16.onnx. `auto` (default): int8 where it can be had; on CUDA fp16, else fp32.
   */
  dtype?: Dtype | undefined;
  /** Tried in order; the first that works is used. What was got and why stands in `info.provider`. Default `['cpu']`. */
  executionProviders?: readonly ExecutionProvider[] | undefined;
  /** Of the provider `cuda`. */
  cuda?: CudaOptions | undefined;
  /**
   * Worker threads, 1 to 1024. Default: `os.availableParallelism()`, less where a cgroup grants less CPU time; on CUDA no
   * more than four a device.
   */
  threads?: number | undefined;
  /** Tokens of a pair, special tokens included: at most what the model takes. Default: 512 or the model's limit, whichever is less. */
  maxLength?: number | undefined;
  /** What to cut when a pair is too long. Default `longest_first`. `none`: too long is a `TOO_LONG` error naming the context. */
  truncation?: Truncation | undefined;
  /**
   * What `</s>`, `[SEP]` and the like are where they stand in a query or context: the tokens that the model knows by these
   * names (`parse`, the default, as Hugging Face tokenizers do), or text like any other (`text`), so that no text can
   * forge the end of a passage.
   */
  specialTokens?: SpecialTokens | undefined;
  /** Bound of all tokens admitted and not yet scored; a request beyond it is refused with `OVERLOADED`, at once. Default 8,388,608. */
  maxQueuedTokens?: number | undefined;
  /**
   * Bound of the time that a request would wait for those before it, in seconds, estimated from what the engine was seen
   * to score; a request beyond it is refused with `OVERLOADED` and its `retryAfterMs`, at once. Above 0; `Infinity`: no
   * bound. Default 30.
   */
  maxQueueSeconds?: number | undefined;
  /**
   * Keep the weights that our own kernels made from fp32 in the cache folder, for the next load to map: it is quicker
   * then, and processes share them. Default false.
   */
  weightCache?: boolean | undefined;
}

export interface RerankOptions {
  /** Rejects with the signal's reason (an `AbortError` by default); pairs that have not started are never run. */
  signal?: AbortSignal | undefined;
  /** Milliseconds after which the call rejects with code `TIMEOUT`; greater than 0. */
  timeoutMs?: number | undefined;
  /** Scores are logits, not their sigmoid. */
  rawScores?: boolean | undefined;
  /** Leaves out results below this score; a logit with `rawScores`. Default: none. */
  minScore?: number | undefined;
  /** Adds `tokens` and `truncatedTokens` to every result. */
  details?: boolean | undefined;
  /**
   * What a passage that cannot be scored does (INFERENCE_FAILED where the model gives no finite logit for it, TOO_LONG with
   * `truncation: 'none'`): the call rejects with an error that names it (`reject`, the default), or the others keep their
   * scores and it is listed in the answer's `skipped` (`skip`).
   */
  onError?: OnError | undefined;
  /** Scores passages window by window instead of cutting them. Default: off. */
  longDocuments?: LongDocuments | undefined;
}

/** How passages that are longer than a window are scored. */
export interface LongDocuments {
  /** Tokens of the passage in a window at most. Default, and at most: what the query leaves of `maxLength`. */
  window?: number | undefined;
  /** Tokens from the start of a window to the start of the next, about: at most `window`, its default half of it. */
  stride?: number | undefined;
  /** A passage's score: that of its best window (default), or the mean of its windows' scores. */
  aggregate?: 'max' | 'mean' | undefined;
}

export interface EncodeOptions {
  /** Tokens of the pair, special tokens included, up to 2^20. Default: the Reranker's own. */
  maxLength?: number | undefined;
  /** Default: the Reranker's own. */
  truncation?: Truncation | undefined;
}

export interface EncodedPair {
  /** Token ids of the whole pair, special tokens included. */
  ids: number[];
  /** Token type (segment) ids, as long as `ids`. */
  typeIds: number[];
  /** Tokens of query and passage that truncation dropped. */
  truncatedTokens: number;
}

export interface ModelFile {
  path: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
}

export interface ModelInfo {
  /** As given to `load`. */
  model: string;
  /** `architectures[0]` of config.json, for example `XLMRobertaForSequenceClassification`. */
  architecture: string;
  dtype: Exclude<Dtype, 'auto'>;
  /** Tokens of a pair at most, special tokens included. */
  maxLength: number;
  truncation: Truncation;
  specialTokens: SpecialTokens;
  threads: number;
  provider: {
    asked: readonly ExecutionProvider[];
    got: ExecutionProvider;
    /** One sentence: why this one. */
    reason: string;
    /** The CUDA devices in use; only where `got` is `cuda`. */
    deviceIds?: readonly number[];
  };
  /** What runs the model: our own kernels (`builtin`), or ONNX Runtime. */
  engine: {
    name: 'builtin' | 'onnxruntime';
    /** Of our own kernels: `amx`, `avx512-bf16`, `avx512-vnni`, `avx-vnni`, `avx2`, `neon-bf16`, `neon-i8mm`, `neon-dotprod` or `portable`. */
    instructionSet?: string;
    /** One sentence: why this one. */
    reason: string;
  };
  /** Absent where our own kernels run the model. */
  runtime?: {
    /** Version of the ONNX Runtime in use. */
    version: string;
    /** Absolute path of its shared library. */
    library: string;
  };
  /** What became of the option `weightCache`; absent without it. */
  weightCache?: {
    /**
     * `mapped`: an earlier load had kept the weights; `written`: later loads will map them; `failed`: they could not be
     * kept, so every load converts; `unused`: ONNX Runtime runs the model.
     */
    state: 'mapped' | 'written' | 'failed' | 'unused';
    /** One sentence: which file, or why not. */
    reason: string;
  };
  files: { model: ModelFile; tokenizer: ModelFile };
}

/** Counts of durations: `counts[i]` are those of at most `bounds[i]` ms and above the bound before; the last has no bound. */
export interface LatencyHistogram {
  /** Upper bounds in milliseconds, ascending. */
  bounds: number[];
  /** One longer than `bounds`. */
  counts: number[];
  count: number;
  /** Milliseconds. */
  sum: number;
}

export interface RerankerStats {
  /** Requests admitted and not settled. */
  activeRequests: number;
  /** Pairs admitted, not yet started. */
  queuedPairs: number;
  /** Tokens of the pairs admitted and not finished: what `maxQueuedTokens` bounds. Estimated from the text's length until tokenized. */
  queuedTokens: number;
  requests: { admitted: number; completed: number; failed: number; aborted: number; timedOut: number; refused: number };
  /** Pairs that were scored (duplicates inside a request are scored once). */
  scoredPairs: number;
  /** Tokens of the pairs that were scored, special tokens included. */
  scoredTokens: number;
  /** Runs of the model. */
  batches: number;
  /** `tokenize` (worker time), `queue` (submit to first run) and `total` per request, `run` per run of the model. Milliseconds. */
  latency: { tokenize: LatencyHistogram; queue: LatencyHistogram; run: LatencyHistogram; total: LatencyHistogram };
  memory: {
    /** Bytes of the model and tokenizer held by the engine, as told to V8. */
    engineBytes: number;
  };
}
