/// <reference lib="esnext.disposable" preserve="true" />
import { traced, type RerankTrace } from './diagnostics';
import { RerankError } from './errors';
import { loadModel } from './load-model';
import { startLimits, throwIfStopped, within, type Limits } from './cancellation';
import { foldWindows, splitPassages, type SplitPassages } from './long-documents';
import type { NativeEngine, NativeResult } from './addon/native-api';
import { toRerankError } from './addon/native-failure';
import {
  checkEncodeOptions,
  checkRerankerOptions,
  checkRerankOptions,
  MAX_ENCODE_LENGTH,
  type CheckedRerankerOptions,
} from './options';
import { QueueEstimate } from './queue-estimate';
import { rerankEach } from './rerank-many';
import { toOutput, withMinScore } from './respond';
import { checkDocuments, withDocuments } from './documents';
import type {
  DocumentsInput,
  EncodedPair,
  EncodeOptions,
  LongDocuments,
  ModelInfo,
  OnError,
  RankedDocuments,
  RerankerOptions,
  RerankerStats,
  RerankInput,
  RerankOptions,
  RerankOutput,
} from './types';
import { checkInput, checkString, type CheckedInput } from './validate';

/** Node 20 before 20.4 has no Symbol.asyncDispose; this is the name that transpiled `await using` looks for there. */
const asyncDispose: typeof Symbol.asyncDispose = ((Symbol as { asyncDispose?: symbol }).asyncDispose ??
  Symbol.for('Symbol.asyncDispose')) as typeof Symbol.asyncDispose;

/** @internal What a Reranker refuses beyond, as RerankerOptions has them. */
export type QueueBounds = Pick<CheckedRerankerOptions, 'maxQueueSeconds' | 'maxQueuedTokens'>;

/** @internal A checked call that owns all it needs: nothing of the caller's objects is read again. */
export interface RerankCall {
  input: CheckedInput;
  limits: Limits;
  rawScores: boolean;
  details: boolean;
  onError: OnError | undefined;
  minScore: number | undefined;
  longDocuments: LongDocuments | undefined;
}

/** @internal Throws INVALID_INPUT or INVALID_OPTION, or the reason of a signal that is aborted already. */
export function prepareCall(input: RerankInput, options?: RerankOptions): RerankCall {
  return prepareChecked(checkInput(input), options);
}

/** @internal As `prepareCall`, of texts that were checked by other rules: they may be empty. */
export function prepareChecked(input: CheckedInput, options?: RerankOptions): RerankCall {
  const { signal, timeoutMs, ...rest } = checkRerankOptions(options);
  if (signal?.aborted) throw signal.reason;
  return { input, limits: startLimits(signal, timeoutMs), ...rest };
}

/** Tokens that the scheduler takes a call for when it admits it: `estimate_tokens` in native/schedule/request.cpp. */
function tokensAtAdmission({ query, texts }: Pick<CheckedInput, 'query' | 'texts'>, maxLength: number): number {
  const queryBytes = Buffer.byteLength(query);
  return texts.reduce((sum, text) => sum + Math.min(maxLength, (queryBytes + Buffer.byteLength(text)) / 4 + 4), 0);
}

/** @internal The answer to a call without passages. */
export function emptyOutput({ onError }: Pick<RerankCall, 'onError'>): RerankOutput {
  return onError === 'skip' ? { response: [], skipped: [] } : { response: [] };
}

/** One cross-encoder model in memory, with worker threads of its own. */
export class Reranker implements AsyncDisposable {
  /** What was loaded, and how. Frozen. */
  readonly info: ModelInfo;
  readonly #engine: NativeEngine;
  readonly #queue: QueueEstimate;
  readonly #maxQueuedTokens: number;
  #lastRequestId = 0;
  /** Calls not settled: what `close` waits for, as a call that splits passages is not all in the engine yet. */
  readonly #accepted = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  private constructor(engine: NativeEngine, info: ModelInfo, { maxQueueSeconds, maxQueuedTokens }: QueueBounds) {
    this.#engine = engine;
    this.#queue = new QueueEstimate(maxQueueSeconds, () => engine.stats());
    this.#maxQueuedTokens = maxQueuedTokens;
    this.info = info;
  }

  /**
   * Loads a model off the JS thread.
   * @param model Folder with `tokenizer.json` and `model.onnx` or `model_quantized.onnx` (at the top or in `onnx/`) or `model.safetensors`, or
   *   `owner/name[@revision]` on the hub, fetched and checked unless it is on this machine.
   * @throws {RerankError} INVALID_OPTION, MODEL_NOT_FOUND, MODEL_INVALID, MODEL_UNSUPPORTED, MODEL_GATED, DOWNLOAD_FAILED,
   *   OFFLINE, TOKENIZER_INVALID, TOKENIZER_UNSUPPORTED, RUNTIME_NOT_FOUND, RUNTIME_INCOMPATIBLE, PROVIDER_UNAVAILABLE,
   *   ADDON_NOT_FOUND, OUT_OF_MEMORY.
   */
  static async load(model: string, options?: RerankerOptions): Promise<Reranker> {
    const { engine, info } = await loadModel(model, options);
    return new Reranker(engine, info, checkRerankerOptions(options));
  }

  /** @internal A Reranker on an engine made elsewhere. */
  static fromEngine(engine: NativeEngine, info: ModelInfo, bounds: Partial<QueueBounds> = {}): Reranker {
    return new Reranker(engine, info, { maxQueueSeconds: Infinity, maxQueuedTokens: Infinity, ...bounds });
  }

  /**
   * Scores every context against the query: `{ response: [{ id, score }] }`, best first, ties by lower id.
   * `score` is sigmoid(logit) in [0, 1], computed in float64; with `rawScores` the logit.
   * @throws {RerankError} INVALID_INPUT (with `path`), INVALID_OPTION, TOO_LONG, OVERLOADED, TIMEOUT, CLOSED,
   *   INFERENCE_FAILED, OUT_OF_MEMORY; or the signal's reason.
   */
  async rerank(input: RerankInput, options?: RerankOptions): Promise<RerankOutput> {
    this.#refuseIfClosed();
    let call: RerankCall;
    try {
      call = prepareCall(input, options);
    } catch (error) {
      return await this.#refuse(input, error);
    }
    return await this.run(call);
  }

  /** Whoever traces hears of refused input too. */
  #refuse(input: RerankInput, error: unknown): Promise<never> {
    const contexts = (input as Partial<RerankInput> | null | undefined)?.contexts;
    const trace = { model: this.info.model, contexts: Array.isArray(contexts) ? contexts.length : 0 };
    return traced(trace, () => Promise.reject(error as Error));
  }

  /**
   * Scores many requests in one call, several at a time: for each, in their order, `{ status: 'fulfilled', value }` or
   * `{ status: 'rejected', reason }`, as `Promise.allSettled` gives them. `timeoutMs` is for all of them together.
   * @throws {RerankError} INVALID_INPUT where `requests` is no list, INVALID_OPTION, CLOSED; or the signal's reason.
   */
  async rerankMany(
    requests: readonly RerankInput[],
    options?: RerankOptions,
  ): Promise<PromiseSettledResult<RerankOutput>[]> {
    this.#refuseIfClosed();
    const each = (request: RerankInput, own: RerankOptions) => this.#accept(prepareCall(request, own));
    return await this.#untilSettled(rerankEach(requests, options, this.info.threads, each));
  }

  /**
   * Scores documents of any type, and gives them back with their scores: `{ results: [{ document, index, score }] }`, best
   * first, ties by lower index.
   * @throws {RerankError} As `rerank`, and INVALID_INPUT where a document has no text.
   */
  async rerankDocuments<D extends string | { text: string }>(
    input: DocumentsInput<D>,
    options?: RerankOptions,
  ): Promise<RankedDocuments<D>>;
  async rerankDocuments<D>(
    input: DocumentsInput<D> & { text: (document: D) => string | readonly string[] },
    options?: RerankOptions,
  ): Promise<RankedDocuments<D>>;
  async rerankDocuments<D>(input: DocumentsInput<D>, options?: RerankOptions): Promise<RankedDocuments<D>> {
    const { checked, documents } = checkDocuments(input);
    return withDocuments(documents, await this.run(prepareChecked(checked, options)));
  }

  /** @internal */
  async run(call: RerankCall): Promise<RerankOutput> {
    this.#refuseIfClosed();
    return await this.#accept(call);
  }

  /** What was accepted before `close` is finished, so this does not ask. */
  async #accept(call: RerankCall): Promise<RerankOutput> {
    if (call.limits.signal?.aborted) throw call.limits.signal.reason;
    if (call.input.texts.length === 0) return emptyOutput(call);
    const trace: RerankTrace = { model: this.info.model, contexts: call.input.texts.length };
    const answer = traced(trace, async () => {
      this.#queue.enter(call, tokensAtAdmission(call.input, this.info.maxLength));
      return withMinScore(await this.#score(call, trace), call.minScore);
    });
    try {
      return await this.#untilSettled(answer);
    } finally {
      this.#queue.leave(call);
    }
  }

  /** `close` waits for it. */
  async #untilSettled<T>(work: Promise<T>): Promise<T> {
    this.#accepted.add(work);
    try {
      return await work;
    } finally {
      this.#accepted.delete(work);
    }
  }

  async #score(call: RerankCall, trace: RerankTrace): Promise<RerankOutput> {
    const { input, details, longDocuments } = call;
    const skips = call.onError === 'skip';
    if (!longDocuments) {
      return toOutput(await this.#submit(call, input.texts, input.topK, skips, trace), { details, skipped: skips });
    }
    const { windows, texts } = await this.#split(call, longDocuments);
    throwIfStopped(call.limits);
    // Here it is told which passage a window that has no score is of.
    const scored = await this.#submit(call, texts, 0, true, trace);
    const aggregate = longDocuments.aggregate ?? 'max';
    return foldWindows(scored, windows, { aggregate, topK: input.topK, details, skips });
  }

  /** Counts tokens off the JS thread. */
  async #split({ input, limits }: RerankCall, options: LongDocuments): Promise<SplitPassages> {
    try {
      const specialTokens = this.#engine.encode('', '', MAX_ENCODE_LENGTH, 'longest_first').ids.length;
      const sizes = { maxLength: this.info.maxLength, specialTokens };
      const count = (text: string) => this.#engine.countTokens(text);
      return await splitPassages(input, options, sizes, count, () => throwIfStopped(limits));
    } catch (failure) {
      // The signal's reason is the caller's own value and goes back untouched.
      throw limits.signal?.aborted ? failure : toRerankError(failure);
    }
  }

  async #submit(
    call: RerankCall,
    texts: string[],
    topK: number,
    skipFailed: boolean,
    trace: RerankTrace,
  ): Promise<NativeResult> {
    const { input, limits, rawScores, details } = call;
    const requestId = (this.#lastRequestId = (this.#lastRequestId + 1) >>> 0);
    const options = { topK, rawScores, exactCounts: details, skipFailed };
    let stopped = false as boolean;
    try {
      const work = this.#engine.submit(requestId, input.query, texts, options);
      const result = await within(work, limits, (stop) => {
        stopped = true;
        this.#engine.cancel(requestId, stop);
      });
      const { queueMs, tokenizeMs, runMs } = result;
      Object.assign(trace, { queueMs, tokenizeMs, runMs });
      return result;
    } catch (error) {
      // The signal's reason is the caller's own value and goes back untouched.
      throw stopped ? error : this.#withRetryTime(toRerankError(error), input.query, texts);
    }
  }

  /** A call that the full queue refused hears when there is room for it, unless there never is. */
  #withRetryTime(error: RerankError, query: string, texts: string[]): RerankError {
    if (error.code !== 'OVERLOADED') return error;
    const asked = tokensAtAdmission({ query, texts }, this.info.maxLength);
    if (asked > this.#maxQueuedTokens) return error;
    const over = this.#engine.stats().queuedTokens + asked - this.#maxQueuedTokens;
    return new RerankError(error.code, error.message, { retryAfterMs: this.#queue.timeToScore(over) });
  }

  /**
   * Tokenizes one pair as `rerank` does, on the calling thread.
   * @throws {RerankError} INVALID_INPUT, INVALID_OPTION, TOO_LONG (truncation 'none'), CLOSED.
   */
  encode(query: string, text: string, options?: EncodeOptions): EncodedPair {
    this.#refuseIfClosed();
    checkString('/query', query);
    checkString('/text', text);
    const { maxLength, truncation } = checkEncodeOptions(options, this.info);
    try {
      return this.#engine.encode(query, text, maxLength, truncation);
    } catch (failure) {
      throw toRerankError(failure);
    }
  }

  /** Counts since load; also after `close`. */
  stats(): RerankerStats {
    const stats = this.#engine.stats();
    const { refused } = this.#queue;
    return refused === 0
      ? stats
      : { ...stats, requests: { ...stats.requests, refused: stats.requests.refused + refused } };
  }

  /** Refuses new work with CLOSED, finishes accepted work, then gives the memory back. Every call awaits the same end. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** `await using` closes. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#accepted);
    try {
      await this.#engine.close();
    } catch (failure) {
      throw toRerankError(failure);
    }
  }

  #refuseIfClosed(): void {
    if (this.#closing) throw new RerankError('CLOSED', 'This Reranker is closed; load another one');
  }
}
