import { runModel } from '../serving/run-model';
import { listModels, type AiModel } from '../serving/workers-ai-models';
import type { RerankInput, RerankOutput } from '../types';
import { bindingReply, ERROR_NAME, toResponse, type BindingReply } from './binding-reply';
import { LazyModel, type ModelOptions } from './lazy-model';

/** Options of `run`. Those of the real binding that mean nothing here (`gateway`, `extraHeaders`, ...) are taken and ignored. */
export interface AiRunOptions {
  /** Resolve with a Response, also for errors. */
  returnRawResponse?: boolean | undefined;
  /** Rejects with its reason; passages that have not been scored are never run. */
  signal?: AbortSignal | undefined;
  /** Refuse with 3040 when other requests are waiting already. */
  rejectIfBusy?: boolean | undefined;
  [other: string]: unknown;
}

/** `RerankInput` as Cloudflare's own types have it, where a text is optional; a context without one is 5006 all the same. */
export interface AiRerankInput extends Omit<RerankInput, 'contexts'> {
  contexts: readonly { text?: string | undefined }[];
}

/** As Workers AI's: the message is `<code>: <description>`. */
export class InferenceUpstreamError extends Error {
  override readonly name = ERROR_NAME;
}

/** For members that only Cloudflare's account can serve. */
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
  readonly #model: LazyModel;

  /** @internal Use createAi. */
  constructor(options: ModelOptions) {
    this.#model = new LazyModel(options);
  }

  /**
   * Runs the reranker.
   * @param model `@cf/baai/bge-reranker-base`, or the loaded model's own name; the loaded model answers to both.
   * @throws {InferenceUpstreamError} `5006: Error: ...` for bad input, `5007: No such model ...`, `3040: ...` when busy.
   * @throws {RerankError} when the model cannot be loaded.
   */
  run(model: string, inputs: AiRerankInput, options: AiRunOptions & { returnRawResponse: true }): Promise<Response>;
  run(model: string, inputs: AiRerankInput, options?: AiRunOptions): Promise<RerankOutput>;
  async run(model: string, inputs: AiRerankInput, options: AiRunOptions = {}): Promise<RerankOutput | Response> {
    this.lastRequestId = '';
    const { scorer, models } = await this.#model.get();
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
    const { scorer, models } = await this.#model.get();
    return listModels(models, scorer.reranker.info.maxLength);
  }

  gateway(): never {
    unsupported('gateway', 'call env.AI.run, which runs the model in this process');
  }

  toMarkdown(): never {
    unsupported('toMarkdown', 'convert documents before you pass their text to env.AI.run');
  }

  websearch(): never {
    unsupported('websearch', 'search with a service of your own and rank its results by env.AI.run');
  }

  autorag(): never {
    unsupported('autorag', 'search with your own index and rank its results by env.AI.run');
  }

  aiSearch(): never {
    unsupported('aiSearch', 'search with your own index and rank its results by env.AI.run');
  }

  /** Closes the Reranker if this object loaded it; not a member of the real binding. */
  close(): Promise<void> {
    return this.#model.close();
  }

  #errorOf({ body }: BindingReply): InferenceUpstreamError {
    const { internalCode, description } = body as { internalCode: number; description: string };
    this.lastRequestInternalStatusCode = internalCode;
    return new InferenceUpstreamError(`${internalCode}: ${description}`);
  }
}

/** A twin of Workers AI's binding for one reranker: `createAi({ model }).run('@cf/baai/bge-reranker-base', inputs)`. */
export function createAi(options: ModelOptions): Ai {
  return new Ai(options);
}
