import { RerankError } from './errors';
import { SizeClasses } from './size-classes';
import type { RerankerStats } from './types';

/** What the estimate rests on. */
export type QueueCounts = Pick<RerankerStats, 'scoredTokens' | 'queuedTokens'>;

/** Busy time between two looks at the rate, milliseconds. The first takes longer where fewer tokens were scored. */
const LOOK_MS = 250;
const FIRST_LOOK_MS = 1000;
const FIRST_TOKENS = 4096;
/** Busy time in which a rate that has changed is followed. */
const MEMORY_MS = 5000;
/** No client need come back sooner. */
const LEAST_RETRY_MS = 100;
/** The share of the bound that is aimed at: estimates err. */
const AIM = 0.9;

/** A moment since which the engine has always had work. */
interface Look {
  at: number;
  scoredTokens: number;
  /** Tokens of what was done, as they were taken for at admission. */
  doneTokens: number;
}

/** No call of these sizes is taken before this time: larger ones would wait for too long. */
interface Closed {
  until: number;
  upTo: number;
}

/**
 * How long a call would wait for those that run before it, by the tokens a second that the engine was seen to score while
 * it had work. The scheduler takes the call with the fewest tokens left first, so a call waits for no more of another one
 * than it has itself, and is overtaken by every smaller one that comes later. So a call is refused that would itself wait
 * for too long, or by overtaking would keep one waiting that was admitted.
 *
 * The size of a call is what the scheduler takes it for when it admits it; `#realShare` is what it turns out to have.
 */
export class QueueEstimate {
  readonly #waiting = new SizeClasses();
  #admittedTokens = 0;
  #tokensPerMs: number | undefined;
  #realShare = 1;
  #look: Look | undefined;
  #idleSince = 0;
  #closed: Closed | undefined;
  /** Milliseconds. */
  readonly #most: number;
  /** Calls that were refused. */
  refused = 0;

  constructor(
    private readonly maxSeconds: number,
    private readonly counts: () => QueueCounts,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#most = AIM * maxSeconds * 1000;
  }

  /** Throws OVERLOADED where the wait would be longer than the bound; else `leave` must follow. */
  enter(call: object, tokens: number): void {
    if (this.#waiting.count === 0) this.#resume();
    else if (this.maxSeconds !== Infinity) this.#refuseTooMuch(tokens);
    this.#waiting.add(call, tokens, this.now());
    this.#admittedTokens += tokens;
  }

  leave(call: object): void {
    this.#waiting.remove(call);
    if (this.#waiting.count === 0) this.#idleSince = this.now();
  }

  /** Until the engine has scored so many tokens, milliseconds; undefined where no rate is known. */
  timeToScore(tokens: number): number | undefined {
    this.#observe(this.counts());
    if (!this.#tokensPerMs) return undefined;
    return Math.max(LEAST_RETRY_MS, Math.ceil((tokens * this.#realShare) / this.#tokensPerMs));
  }

  /** Idle time is no time of work. Once a rate is known, only what is seen of a busy engine changes it. */
  #resume(): void {
    this.#closed = undefined;
    if (this.#tokensPerMs !== undefined) this.#look = undefined;
    else if (this.#look) this.#look.at += this.now() - this.#idleSince;
    // Later on the next call that finds work looks: the counts cost more than a call that is alone need pay.
    else this.#observe(this.counts());
  }

  #refuseTooMuch(tokens: number): void {
    const now = this.now();
    const { until, upTo } = this.#closed ?? { until: 0, upTo: 0 };
    if (until > now && tokens <= upTo) {
      if (this.#look && now - this.#look.at >= LOOK_MS) this.#observe(this.counts());
      throw this.#refusal(until - now);
    }
    const msPerToken = this.#msPerToken();
    if (msPerToken === undefined) return;
    const tooLong = this.#waiting.before(tokens) * msPerToken - this.#most;
    if (tooLong > 0) throw this.#refusal(tooLong);
    const starved = this.#waiting.starved(tokens, { now, msPerToken, most: this.#most });
    this.#closed = starved && { until: now + starved.before * msPerToken, upTo: starved.largest };
    if (this.#closed) throw this.#refusal(this.#closed.until - now);
  }

  /** Of a call's size at admission, part of which may be done; undefined until a rate is known. */
  #msPerToken(): number | undefined {
    const counts = this.counts();
    this.#observe(counts);
    if (!this.#tokensPerMs) return undefined;
    return (this.#realShare * counts.queuedTokens) / Math.max(1, this.#waiting.tokens) / this.#tokensPerMs;
  }

  #observe({ scoredTokens, queuedTokens }: QueueCounts): void {
    const seen: Look = { at: this.now(), scoredTokens, doneTokens: this.#admittedTokens - queuedTokens };
    this.#look ??= seen;
    const elapsed = seen.at - this.#look.at;
    const scored = scoredTokens - this.#look.scoredTokens;
    if (elapsed < this.#leastLook(scored)) return;
    const share = scored / (seen.doneTokens - this.#look.doneTokens);
    const weight = this.#tokensPerMs === undefined ? 1 : 1 - Math.exp(-elapsed / MEMORY_MS);
    const rate = this.#tokensPerMs ?? 0;
    this.#tokensPerMs = rate + weight * (scored / elapsed - rate);
    // Calls that ended without being scored tell nothing of it.
    if (share > 0.25 && share < 4) this.#realShare += weight * (share - this.#realShare);
    this.#look = seen;
  }

  #leastLook(scored: number): number {
    if (this.#tokensPerMs !== undefined || scored >= FIRST_TOKENS) return LOOK_MS;
    return scored === 0 ? Infinity : FIRST_LOOK_MS;
  }

  #refusal(roomMs: number): RerankError {
    this.refused += 1;
    const retryAfterMs = Math.max(LEAST_RETRY_MS, Math.ceil(roomMs));
    return new RerankError(
      'OVERLOADED',
      `With this call one would wait for longer than maxQueueSeconds (${this.maxSeconds}); retry in ${(retryAfterMs / 1000).toFixed(1)} s, or raise it`,
      { retryAfterMs },
    );
  }
}
