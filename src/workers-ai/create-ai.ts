import { Reranker } from '../reranker';
import { createScorer, type Scorer, type ServedReranker } from '../server/scoring';
import { servedName } from '../server/served-name';
import type { RerankerOptions, RerankInput, RerankOutput } from '../types';
import { bindingReply, ERROR_NAME, toResponse, type BindingReply } from './binding-reply';
import { listModels, modelNames, type AiModel } from './models';
import { runModel, WORKERS_AI_MODEL } from './run-model';

export interface CreateAiOptions extends RerankerOptions {
  /** What `Reranker.load` takes, loaded by the first `run`; or a loaded Reranker, which stays the caller's. */
  model: string | ServedReranker;
}

/** Options of `run`. Those of the real binding that mean nothing here (`gateway`, `extraHeaders`, ...) are taken and ignored. */
export interface AiRunOptions {
  /** Resolve with a Response, also for errors. */
  returnRawResponse?: boolean;
  /** Rejects with its reason; passages that have not been scored are never run. */
  signal?: AbortSignal;
  /** Refuse with 3040 when other requests are waiting already. */
  rejectIfBusy?: boolean;
  [other: string]: unknown;
}

/** As Workers AI's: the message is `<code>: <description>`. */
export class InferenceUpstreamError extends Error {
  override readonly name = ERROR_NAME;
}

interface LoadedAi {
  scorer: Scorer;
  models: ReadonlySet<string>;
}

function loadedAi(reranker: ServedReranker): LoadedAi {
  const scorer = createScorer(reranker, { maxContexts: Infinity });
  return { scorer, models: modelNames(servedName(reranker.info.model)) };
}

/** Call through a missing member says what to use instead. */
function unsupported(member: string, instead: string): never {
  throw new Error(`env.AI.${member} is not part of bge-reranker; ${instead}`);
}

/** `env.AI` of Workers AI for one reranker, in this process. */
export class Ai {
  /** The last request's id; null before the first and for requests that reached no model. */
  lastRequestId: string | null = null;
  /** Always null: there is no AI Gateway. */
  aiGatewayLogId: string | null = null;
  lastRequestHttpStatusCode: number | null = null;
  /** The last failed request's code, 5006 for example. */
  lastRequestInternalStatusCode: number | null = null;
  readonly #options: CreateAiOptions;
  #loading: Promise<LoadedAi> | undefined;
  #owned: Reranker | undefined;

  /** @internal Use createAi. */
  constructor(options: CreateAiOptions) {
    this.#options = options;
  }

  /**
   * Runs the reranker.
   * @param model `@cf/baai/bge-reranker-base`, or the loaded model's own name; the loaded model answers to both.
   * @throws {InferenceUpstreamError} `5006: Error: ...` for bad input, `5007: No such model ...`, `3040: ...` when busy.
   * @throws {RerankError} when the model cannot be loaded.
   */
  run(model: string, inputs: RerankInput, options: AiRunOptions & { returnRawResponse: true }): Promise<Response>;
  run(model: string, inputs: RerankInput, options?: AiRunOptions): Promise<RerankOutput>;
  async run(model: string, inputs: RerankInput, options: AiRunOptions = {}): Promise<RerankOutput | Response> {
    this.lastRequestId = '';
    const { scorer, models } = await this.#loaded();
    const { signal, rejectIfBusy } = options;
    signal?.throwIfAborted();
    const call = { model, inputs, rejectIfBusy: rejectIfBusy === true, signal };
    const reply = bindingReply(await runModel(scorer, models, call));
    signal?.throwIfAborted();
    this.lastRequestId = reply.headers['cf-ai-req-id'] ?? null;
    this.lastRequestHttpStatusCode = reply.status;
    if (options.returnRawResponse) return toResponse(reply);
    if (reply.status !== 200) throw this.#errorOf(reply);
    return reply.body as RerankOutput;
  }

  /** The models that `run` takes. */
  async models(): Promise<AiModel[]> {
    const { scorer, models } = await this.#loaded();
    return listModels(models, scorer.reranker.info.maxLength);
  }

  gateway(): never {
    unsupported('gateway', 'call env.AI.run, which runs the model in this process');
  }

  toMarkdown(): never {
    unsupported('toMarkdown', 'convert documents before you pass their text to env.AI.run');
  }

  autorag(): never {
    unsupported('autorag', 'search with your own index and rank its results by env.AI.run');
  }

  aiSearch(): never {
    unsupported('aiSearch', 'search with your own index and rank its results by env.AI.run');
  }

  /** Closes the Reranker if this object loaded it; not a member of the real binding. */
  async close(): Promise<void> {
    const owned = this.#owned;
    this.#owned = undefined;
    await owned?.close();
  }

  #errorOf({ body }: BindingReply): InferenceUpstreamError {
    const { internalCode, description } = body as { internalCode: number; description: string };
    this.lastRequestInternalStatusCode = internalCode;
    return new InferenceUpstreamError(`${internalCode}: ${description}`);
  }

  /** One load for all; a failed one is forgotten, so that the next call tries again. */
  #loaded(): Promise<LoadedAi> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #load(): Promise<LoadedAi> {
    const { model, ...options } = this.#options;
    if (typeof model !== 'string') return loadedAi(model);
    this.#owned = await Reranker.load(model, options);
    return loadedAi(this.#owned);
  }
}

/** A twin of Workers AI's binding for one reranker: `createAi({ model }).run('@cf/baai/bge-reranker-base', inputs)`. */
export function createAi(options: CreateAiOptions): Ai {
  return new Ai(options);
}

export { WORKERS_AI_MODEL };
