import { startLimits, throwIfStopped } from './cancellation';
import { RerankError } from './errors';
import { checkRerankOptions } from './options';
import type { RerankInput, RerankOptions, RerankOutput } from './types';

/** Enough for every worker to find its next pairs, few enough that other calls are not kept waiting behind them. */
const LEAST_PAIRS_AHEAD = 256;
const PAIRS_AHEAD_A_THREAD = 32;

type Outcome = PromiseSettledResult<RerankOutput>;

const pairsOf = (request: RerankInput): number => {
  const contexts: unknown = (request as Partial<RerankInput> | null | undefined)?.contexts;
  return Array.isArray(contexts) ? contexts.length : 0;
};

/** Whether the queue had no room: with requests of one's own in it, there will be. */
const isOverloaded = (outcome: Outcome): boolean =>
  outcome.status === 'rejected' && outcome.reason instanceof RerankError && outcome.reason.code === 'OVERLOADED';

/** Runs one request after the other, some at a time, until all have an outcome. */
class Pump {
  readonly outcomes: Outcome[];
  #next = 0;
  /** Refused for want of room, to be tried again when another of these requests is done. */
  readonly #refused: number[] = [];
  #isFull = false;
  #running = 0;
  #pairsAhead = 0;

  constructor(
    private readonly requests: readonly RerankInput[],
    private readonly mostAhead: number,
    private readonly rerank: (request: RerankInput) => Promise<RerankOutput>,
    private readonly done: () => void,
  ) {
    this.outcomes = new Array<Outcome>(requests.length);
  }

  advance(): void {
    while (!this.#isFull && this.#pairsAhead < this.mostAhead) {
      const at = this.#refused.shift() ?? (this.#next < this.requests.length ? this.#next++ : undefined);
      if (at === undefined) break;
      this.#start(at, this.requests[at]!);
    }
    if (this.#running === 0) this.done();
  }

  #start(at: number, request: RerankInput): void {
    const pairs = pairsOf(request);
    this.#pairsAhead += pairs;
    this.#running += 1;
    const settle = (outcome: Outcome) => {
      this.#pairsAhead -= pairs;
      this.#running -= 1;
      this.#isFull = isOverloaded(outcome) && this.#running > 0;
      if (this.#isFull) this.#refused.push(at);
      else this.outcomes[at] = outcome;
      this.advance();
    };
    this.rerank(request).then(
      (value) => settle({ status: 'fulfilled', value }),
      (reason: unknown) => settle({ status: 'rejected', reason }),
    );
  }
}

/**
 * Calls `rerank` for each request, a bounded number of pairs ahead, and settles when all have settled: in the order of
 * the requests, whatever became of the others. `timeoutMs` is for all of them together.
 * @throws {RerankError} INVALID_INPUT, INVALID_OPTION; or the signal's reason.
 */
export async function rerankEach(
  requests: readonly RerankInput[],
  options: RerankOptions | undefined,
  threads: number,
  rerank: (request: RerankInput, options: RerankOptions) => Promise<RerankOutput>,
): Promise<Outcome[]> {
  const { signal, timeoutMs } = checkRerankOptions(options);
  if (!Array.isArray(requests)) throw new RerankError('INVALID_INPUT', 'Expected a list of requests', { path: '' });
  if (signal?.aborted) throw signal.reason;
  const limits = startLimits(signal, timeoutMs);
  const one = async (request: RerankInput): Promise<RerankOutput> => {
    throwIfStopped(limits);
    const { deadline } = limits;
    const left = deadline === undefined ? undefined : deadline - performance.now();
    return await rerank(request, { ...options, timeoutMs: left });
  };
  const most = Math.max(LEAST_PAIRS_AHEAD, threads * PAIRS_AHEAD_A_THREAD);
  const outcomes = await new Promise<Outcome[]>((resolve) => {
    const pump: Pump = new Pump([...(requests as readonly RerankInput[])], most, one, () => resolve(pump.outcomes));
    pump.advance();
  });
  if (signal?.aborted) throw signal.reason;
  return outcomes;
}
