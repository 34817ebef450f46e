import { RerankError } from './errors';
import type { RerankerStats } from './types';

/** What the estimate rests on. */
export type QueueCounts = Pick<RerankerStats, 'scoredTokens' | 'queuedTokens'>;

/** Busy time before the first rate, and between two looks at it, milliseconds. */
const FIRST_LOOK_MS = 1000;
const LOOK_MS = 250;
/** Busy time in which a rate that has changed is followed. */
const MEMORY_MS = 5000;
/** No client need come back sooner. */
const LEAST_RETRY_MS = 100;

/**
 * How long a call would wait for those that run before it, by the tokens a second that the engine was seen to score while
 * it had work. The scheduler takes the call with the fewest tokens left first, so a call waits for no more of another one
 * than it has itself.
 */
export class QueueEstimate {
  /** Sizes of the calls in the engine, in characters. */
  readonly #calls = new Map<object, number>();
  #characters = 0;
  #tokensPerMs: number | undefined;
  /** The last look since which the engine has always had work. */
  #look: { at: number; scoredTokens: number } | undefined;

  constructor(
    private readonly maxSeconds: number,
    private readonly counts: () => QueueCounts,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Throws OVERLOADED where the wait would be longer than the bound; else `leave` must follow. */
  enter(call: object, characters: number): void {
    if (this.maxSeconds === Infinity) return;
    if (this.#calls.size === 0) {
      // Later on the next call that finds work looks: the counts cost more than a call that is alone need pay.
      const first = this.#tokensPerMs === undefined;
      this.#look = first ? { at: this.now(), scoredTokens: this.counts().scoredTokens } : undefined;
    } else {
      const waitMs = this.waitMs(characters);
      if (waitMs !== undefined && waitMs > this.maxSeconds * 1000) throw this.#refusal(waitMs);
    }
    this.#calls.set(call, characters);
    this.#characters += characters;
  }

  leave(call: object): void {
    this.#characters -= this.#calls.get(call) ?? 0;
    this.#calls.delete(call);
  }

  /** Undefined until a rate is known. */
  waitMs(characters: number): number | undefined {
    const { scoredTokens, queuedTokens } = this.counts();
    this.#observe(scoredTokens);
    if (!this.#tokensPerMs) return undefined;
    let before = 0;
    for (const size of this.#calls.values()) before += Math.min(size, characters);
    return (queuedTokens * before) / Math.max(1, this.#characters) / this.#tokensPerMs;
  }

  #observe(scoredTokens: number): void {
    const at = this.now();
    this.#look ??= { at, scoredTokens };
    const elapsed = at - this.#look.at;
    if (elapsed < (this.#tokensPerMs === undefined ? FIRST_LOOK_MS : LOOK_MS)) return;
    const seen = (scoredTokens - this.#look.scoredTokens) / elapsed;
    const known = this.#tokensPerMs ?? seen;
    this.#tokensPerMs = known + (1 - Math.exp(-elapsed / MEMORY_MS)) * (seen - known);
    this.#look = { at, scoredTokens };
  }

  #refusal(waitMs: number): RerankError {
    const retryAfterMs = Math.max(LEAST_RETRY_MS, Math.ceil(waitMs - this.maxSeconds * 1000));
    return new RerankError(
      'OVERLOADED',
      `The calls before this one take about ${Math.ceil(waitMs / 1000)} s, more than maxQueueSeconds (${this.maxSeconds}); retry in ${(retryAfterMs / 1000).toFixed(1)} s, or raise it`,
      { retryAfterMs },
    );
  }
}
