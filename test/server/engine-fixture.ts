import type { NativeEngine, NativeResult } from '../../src/addon/native-api';
import { Reranker } from '../../src/reranker';
import { INFO } from './fake-reranker';

/** A Reranker whose engine scores by the length of the text; what it was asked for stands in `texts`. */
export function rerankerOfLengths(): { reranker: Reranker; texts: string[][] } {
  const asked: string[][] = [];
  const submit = (_id: number, _query: string, texts: string[]): Promise<NativeResult> => {
    asked.push(texts);
    const order = texts.map((_, i) => i).sort((a, b) => texts[b]!.length - texts[a]!.length || a - b);
    return Promise.resolve({
      ids: Int32Array.from(order),
      scores: Float64Array.from(order, (i) => texts[i]!.length / 1000),
      tokens: Int32Array.from(order, (i) => texts[i]!.length + 3),
      truncatedTokens: new Int32Array(order.length),
      skipped: [],
      queueMs: 0,
      tokenizeMs: 0,
      runMs: 0,
    });
  };
  const stats = () => ({ activeRequests: 0 });
  return { reranker: Reranker.fromEngine({ submit, stats } as unknown as NativeEngine, INFO), texts: asked };
}
