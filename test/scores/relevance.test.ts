import { Reranker } from '../../src';
import { minilmOnOnnxRuntime } from '../support/models';
import { describeWithShared, sharedLines } from '../support/shared';

interface RelevanceQuery {
  id: string;
  query: string;
  /** The grades of an ideal ranking, best first. */
  ideal: number[];
  contexts: { id: string; text: string; grade: number }[];
}

/** Σ (2^grade − 1) / log2(rank + 1) over the first ten (Järvelin and Kekäläinen 2002, with exponential gain). */
const dcg = (grades: number[]): number =>
  grades.slice(0, 10).reduce((sum, grade, i) => sum + (2 ** grade - 1) / Math.log2(i + 2), 0);

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describeWithShared('relevance on Cranfield, MiniLM int8', 'relevance/cranfield.jsonl.gz', () => {
  test('NDCG@10 rises from BM25 0.334 to the reference 0.398', async () => {
    const reranker = await Reranker.load(minilmOnOnnxRuntime());
    const before: number[] = [];
    const after: number[] = [];
    for (const { query, ideal, contexts } of sharedLines<RelevanceQuery>('relevance/cranfield.jsonl.gz')) {
      const { response } = await reranker.rerank({ query, contexts });
      before.push(dcg(contexts.map(({ grade }) => grade)) / dcg(ideal));
      after.push(dcg(response.map(({ id }) => contexts[id]?.grade ?? NaN)) / dcg(ideal));
    }
    await reranker.close();
    expect(before).toHaveLength(100);
    expect(Math.abs(mean(before) - 0.3337)).toBeLessThanOrEqual(0.001);
    expect(Math.abs(mean(after) - 0.398)).toBeLessThanOrEqual(0.001);
  }, 1_200_000);
});
