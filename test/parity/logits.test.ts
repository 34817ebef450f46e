import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Reranker, type EncodedPair } from '../../src';
import pairs from '../fixtures/pairs.json';
import { minilmFolder } from '../support/models';

function referenceLogits(model: string, encoded: EncodedPair[]): number[] {
  const script = path.join(__dirname, '..', 'support', 'reference-logits.cjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    input: JSON.stringify({ model, pairs: encoded }),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as number[];
}

describe('logits of onnxruntime-node, one pair a run', () => {
  test('differ by 1e-5 at most, in one request of all passages', async () => {
    const texts = (pairs as [string, string][]).map(([, text]) => text).filter((text) => text !== '');
    const query = 'how do rerankers order passages?';
    const reranker = await Reranker.load(minilmFolder());
    const { response } = await reranker.rerank(
      { query, contexts: texts.map((text) => ({ text })) },
      { rawScores: true },
    );
    const reference = referenceLogits(
      path.join(minilmFolder(), 'model.onnx'),
      texts.map((text) => reranker.encode(query, text)),
    );
    await reranker.close();
    const logits = new Map(response.map(({ id, score }) => [id, score]));
    const largest = Math.max(...reference.map((logit, id) => Math.abs(logit - (logits.get(id) ?? NaN))));
    expect(largest).toBeLessThanOrEqual(1e-5);
    expect(reference).toHaveLength(texts.length);
  }, 120_000);
});
