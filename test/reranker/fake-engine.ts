import type { NativeEngine, NativeFailure, NativeRequestOptions, NativeResult } from '../../src/addon/native-api';
import type { EncodedPair, ModelInfo, RerankerStats, Truncation } from '../../src/types';

interface Pending extends NativeRequestOptions {
  details: boolean;
  query: string;
  texts: string[];
  resolve: (result: NativeResult) => void;
  reject: (failure: NativeFailure) => void;
}

/** Scores are 1, 1/2, 1/3, ... in the order of the texts. */
export function resultFor({ texts, topK }: Pick<Pending, 'texts' | 'topK'>): NativeResult {
  const count = topK || texts.length;
  return {
    ids: Int32Array.from({ length: count }, (_, i) => i),
    scores: Float64Array.from({ length: count }, (_, i) => 1 / (i + 1)),
    tokens: Int32Array.from({ length: count }, (_, i) => texts[i]!.length),
    truncatedTokens: new Int32Array(count),
    skipped: [],
    queueMs: 1,
    tokenizeMs: 2,
    runMs: 3,
  };
}

/** A NativeEngine under the test's control: a request stays pending until the test (or `cancel`) settles it. */
export class FakeEngine implements NativeEngine {
  readonly info: NativeEngine['info'] = {
    provider: 'cpu',
    providerReason: 'asked for',
    runtimeVersion: '1.2.3',
    instructionSet: '',
    vocabulary: 1,
    deviceIds: [],
    weightCache: '',
    weightCacheReason: '',
  };
  readonly pending = new Map<number, Pending>();
  readonly submitted: number[] = [];
  readonly cancelled: [id: number, code: string][] = [];
  readonly encoded: [query: string, text: string, maxLength: number, truncation: Truncation][] = [];
  closes = 0;
  closeResult: Promise<void> = Promise.resolve();
  /** Settle each request in the next turn of the event loop. */
  answers = true;

  submit(...[id, query, texts, options]: Parameters<NativeEngine['submit']>): Promise<NativeResult> {
    this.submitted.push(id);
    return new Promise((resolve, reject) => {
      this.pending.set(id, { query, texts, ...options, details: options.exactCounts, resolve, reject });
      if (this.answers) setImmediate(() => this.finish(id));
    });
  }

  finish(id: number): void {
    const request = this.pending.get(id);
    if (request) request.resolve(resultFor(request));
    this.pending.delete(id);
  }

  fail(id: number, failure: NativeFailure): void {
    this.pending.get(id)?.reject(failure);
    this.pending.delete(id);
  }

  cancel(id: number, code: 'ABORTED' | 'TIMEOUT'): boolean {
    this.cancelled.push([id, code]);
    const known = this.pending.has(id);
    this.fail(id, { code, message: 'cancelled' });
    return known;
  }

  encode(query: string, text: string, maxLength: number, truncation: Truncation): EncodedPair {
    this.encoded.push([query, text, maxLength, truncation]);
    return { ids: [1, 2], typeIds: [0, 1], truncatedTokens: 0 };
  }

  countTokens(text: string): Promise<number> {
    return Promise.resolve(text.length);
  }

  stats(): RerankerStats {
    return { activeRequests: this.pending.size } as RerankerStats;
  }

  close(): Promise<void> {
    this.closes++;
    return this.closeResult;
  }
}

export const INFO = { model: 'fake', maxLength: 512, truncation: 'longest_first' } as ModelInfo;
