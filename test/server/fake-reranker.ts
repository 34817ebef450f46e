import type { ServedReranker } from '../../src/serving/scorer';
import type {
  LatencyHistogram,
  ModelInfo,
  RerankerStats,
  RerankInput,
  RerankOptions,
  RerankOutput,
} from '../../src/types';
import { checkInput } from '../../src/validate';

const histogram = (): LatencyHistogram => ({ bounds: [1, 10], counts: [2, 1, 1], count: 4, sum: 25 });

export const INFO = {
  model: '/models/secret-folder/my-model',
  dtype: 'int8',
  maxLength: 512,
  threads: 2,
  truncation: 'longest_first',
  specialTokens: 'parse',
  engine: { name: 'builtin', instructionSet: 'avx2', reason: 'it is' },
  provider: { asked: ['cpu'], got: 'cpu', reason: 'asked for' },
} as unknown as ModelInfo;

/** The logit of a text is its length, so the longest is best; a token is a character of query and text. */
export class FakeReranker implements ServedReranker {
  readonly info = INFO;
  readonly calls: { input: RerankInput; options: RerankOptions }[] = [];
  /** Calls that wait for `release` or their signal. */
  readonly waiting = new Set<() => void>();
  held = false;
  queuedPairs = 0;
  failure: unknown;
  truncatedTokens = 0;

  async rerank(input: RerankInput, options: RerankOptions = {}): Promise<RerankOutput> {
    const { query, texts, topK } = checkInput(input);
    this.calls.push({ input, options });
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- whatever the test sets
    if (this.failure !== undefined) throw this.failure;
    if (this.held) await this.#wait(options.signal);
    const response = texts.map((text, id) => ({
      id,
      score: options.rawScores ? text.length : 1 / (1 + Math.exp(-text.length)),
      ...(options.details ? { tokens: query.length + text.length, truncatedTokens: this.truncatedTokens } : undefined),
    }));
    response.sort((a, b) => b.score - a.score || a.id - b.id);
    return { response: response.slice(0, topK || undefined) };
  }

  release(): void {
    for (const go of this.waiting) go();
  }

  stats(): RerankerStats {
    const latency = { tokenize: histogram(), queue: histogram(), run: histogram(), total: histogram() };
    const requests = { admitted: 7, completed: 3, failed: 1, aborted: 1, timedOut: 1, refused: 1 };
    return {
      activeRequests: this.waiting.size,
      queuedPairs: this.queuedPairs,
      queuedTokens: 0,
      requests,
      scoredPairs: 11,
      scoredTokens: 222,
      batches: 5,
      latency,
      memory: { engineBytes: 1 },
    };
  }

  async #wait(signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const done = () => {
        this.waiting.delete(done);
        resolve();
      };
      this.waiting.add(done);
      signal?.addEventListener('abort', () => {
        this.waiting.delete(done);
        reject(signal.reason as Error);
      });
    });
  }
}
