import { Reranker } from '../reranker';
import { createScorer, type Scorer, type ServedReranker } from '../serving/scorer';
import { servedName } from '../serving/served-name';
import { modelNames } from '../serving/workers-ai-models';
import type { RerankerOptions } from '../types';

/** Which model to run, and how to load it. */
export interface ModelOptions extends RerankerOptions {
  /** What `Reranker.load` takes, loaded by the first call; or a loaded Reranker, which stays the caller's. */
  model: string | ServedReranker;
}

export interface LoadedModel {
  scorer: Scorer;
  /** The ids it answers to. */
  models: ReadonlySet<string>;
}

function served(reranker: ServedReranker): LoadedModel {
  const scorer = createScorer(reranker, { maxContexts: Infinity });
  return { scorer, models: modelNames(servedName(reranker.info.model)) };
}

/** A model that the first call loads. One load for all concurrent calls; a failed one is forgotten, the next call tries again. */
export class LazyModel {
  readonly #options: ModelOptions;
  #loading: Promise<LoadedModel> | undefined;
  #owned: Reranker | undefined;

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  get(): Promise<LoadedModel> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  /** Closes what was loaded here; the next call loads again. */
  async close(): Promise<void> {
    await this.#loading?.catch(() => undefined);
    const owned = this.#owned;
    this.#owned = undefined;
    this.#loading = undefined;
    await owned?.close();
  }

  async #load(): Promise<LoadedModel> {
    const { model, ...options } = this.#options;
    if (typeof model !== 'string') return served(model);
    this.#owned = await Reranker.load(model, options);
    return served(this.#owned);
  }
}
