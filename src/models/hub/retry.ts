import { setTimeout as sleep } from 'node:timers/promises';
import { RerankError } from '../../errors';

/** A failure that may pass by itself: a cut connection, 429, 5xx. */
export class TransientError extends Error {
  constructor(
    message: string,
    /** As the server asked (Retry-After); undefined where it did not. */
    readonly retryAfterMs?: number,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

export interface DownloadPolicy {
  /** Failures in a row, without a byte of progress between them, before giving up. */
  attempts: number;
  /** The first pause; it doubles with each failure in a row. */
  pauseMs: number;
  longestPauseMs: number;
  /** A server that asks for a longer wait than this is given up on. */
  longestRetryAfterMs: number;
  /** A process that does not touch its lock for this long (2000 or more) is taken for dead. */
  lockStaleMs: number;
  /** Hears of each wait before another attempt, in a sentence. */
  onWait?: (note: string) => void;
}

export const DEFAULT_POLICY: DownloadPolicy = {
  attempts: 6,
  pauseMs: 500,
  longestPauseMs: 10_000,
  longestRetryAfterMs: 120_000,
  lockStaleMs: 5_000,
};

/** Counts failures in a row and waits between them. */
export class Retry {
  #failures = 0;

  constructor(
    private readonly what: string,
    private readonly policy: DownloadPolicy,
  ) {}

  /** What came so far shows that the way is open. */
  progressed(): void {
    this.#failures = 0;
  }

  /** Waits before the next attempt, or throws DOWNLOAD_FAILED when there is none; other errors than transient pass on. */
  async after(error: unknown): Promise<void> {
    if (!(error instanceof TransientError)) throw error;
    this.#failures += 1;
    const { attempts, pauseMs, longestPauseMs, longestRetryAfterMs } = this.policy;
    const asked = error.retryAfterMs ?? 0;
    if (this.#failures >= attempts || asked > longestRetryAfterMs) {
      const wait =
        asked > 0 ? `wait ${Math.ceil(asked / 1000)} s and` : 'check the network, HF_ENDPOINT and the proxy, then';
      throw new RerankError(
        'DOWNLOAD_FAILED',
        `${this.what} could not be fetched: ${error.message}; ${wait} try again, what came so far is kept`,
        { path: this.what, cause: error },
      );
    }
    const pause = Math.min(longestPauseMs, pauseMs * 2 ** (this.#failures - 1));
    // Spread, so that many processes do not come back at the same moment.
    const wait = Math.max(asked, pause * (0.5 + Math.random() / 2));
    const seconds = (wait / 1000).toFixed(1);
    this.policy.onWait?.(`${error.message}; attempt ${this.#failures + 1} of ${attempts} in ${seconds} s`);
    await sleep(wait);
  }
}

/** Runs `attempt` until it succeeds, fails for good or the policy ends. */
export async function withRetry<T>(what: string, policy: DownloadPolicy, attempt: () => Promise<T>): Promise<T> {
  const retry = new Retry(what, policy);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await retry.after(error);
    }
  }
}

/** Retry-After in milliseconds: seconds or a date; undefined for neither. */
export function retryAfterMs(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(wait) && wait >= 0 ? wait : undefined;
}
