import path from 'node:path';
import { Reranker } from '../../src';
import pairs from '../fixtures/pairs.json';
import { minilmOnOnnxRuntime } from '../support/models';
import { referenceLogits } from '../support/reference-logits';

describe('logits of onnxruntime-node, one pair a run', () => {
  test('differ by 1e-5 at most, in one request of all passages', async () => {
    const texts = (pairs as [string, string][]).map(([, text]) => text).filter((text) => text !== '');
    const query = 'how do rerankers order passages?';
    const reranker = await Reranker.load(minilmOnOnnxRuntime());
    const { response } = await reranker.rerank(
      { query, contexts: texts.map((text) => ({ text })) },
      { rawScores: true },
    );
    const reference = referenceLogits(
      path.join(minilmOnOnnxRuntime(), 'model.onnx'),
      texts.map((text) => reranker.encode(query, text)),
    );
    await reranker.close();
    const logits = new Map(response.map(({ id, score }) => [id, score]));
    const largest = Math.max(...reference.map((logit, id) => Math.abs(logit - (logits.get(id) ?? NaN))));
    expect(largest).toBeLessThanOrEqual(1e-5);
    expect(reference).toHaveLength(texts.length);
  });
});
