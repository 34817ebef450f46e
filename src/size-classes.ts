/** A call that is larger than the bound may wait for so many times its own work: large ones give way to small ones. */
const MOST_STRETCH = 3;

/** Calls of about one size. */
interface SizeClass {
  tokens: number;
  /** When each came, in the order in which they came. */
  calls: Map<object, number>;
  newestAt: number;
}

/** Two classes for each doubling. */
const classOf = (tokens: number) => Math.floor(2 * Math.log2(tokens + 1));

/** Admitted calls that one more would keep waiting for too long. */
export interface Starved {
  /** Tokens until the largest of them is through. */
  before: number;
  /** The size up to which calls would overtake them. */
  largest: number;
}

/**
 * The calls in the engine by classes of size, as the scheduler takes the smallest first: what is asked costs the same
 * however many there are.
 */
export class SizeClasses {
  readonly #sizes = new Map<object, number>();
  readonly #classes: SizeClass[] = [];
  /** Of all. */
  tokens = 0;

  get count(): number {
    return this.#sizes.size;
  }

  add(call: object, tokens: number, now: number): void {
    while (this.#classes.length <= classOf(tokens)) {
      this.#classes.push({ tokens: 0, calls: new Map(), newestAt: 0 });
    }
    const own = this.#classes[classOf(tokens)]!;
    own.calls.set(call, now);
    own.tokens += tokens;
    own.newestAt = now;
    this.#sizes.set(call, tokens);
    this.tokens += tokens;
  }

  /** Nothing where it was not added. */
  remove(call: object): void {
    const tokens = this.#sizes.get(call);
    if (tokens === undefined) return;
    const own = this.#classes[classOf(tokens)]!;
    own.calls.delete(call);
    own.tokens -= tokens;
    this.#sizes.delete(call);
    this.tokens -= tokens;
  }

  /** Tokens that run before a call of this size: a larger one has the fewest left at some time. */
  before(tokens: number): number {
    const own = classOf(tokens);
    return this.#classes.reduce((sum, each, at) => sum + (at <= own ? each.tokens : each.calls.size * tokens), 0);
  }

  /** What one more call of this size would keep waiting for longer than `most` milliseconds; undefined for nothing. */
  starved(tokens: number, limits: { now: number; msPerToken: number; most: number }): Starved | undefined {
    const { now, msPerToken } = limits;
    let before = 0;
    let found: Starved | undefined;
    for (const [at, { tokens: held, calls, newestAt }] of this.#classes.entries()) {
      if (calls.size > 0 && at >= classOf(tokens)) {
        const mean = held / calls.size;
        const most = Math.max(limits.most, MOST_STRETCH * mean * msPerToken);
        const tooLong = (since: number, work: number) => now - since + (work + tokens) * msPerToken > most;
        const [oldestAt = now] = calls.values();
        const largest = 2 ** ((at + 1) / 2);
        if (tooLong(newestAt, before + held - mean)) found = { before: before + held, largest };
        else if (tooLong(oldestAt, before)) found = { before: before + mean, largest };
      }
      before += held;
    }
    return found;
  }
}
