import { join } from 'node:path';
import { Reranker, type Dtype } from '../../src';
import pairs from '../fixtures/pairs.json';
import { fp32MinilmFolder } from '../support/fp32-model';
import { referenceLogits } from '../support/reference-logits';

const QUERY = 'how do rerankers order passages?';
const texts = (pairs as [string, string][]).map(([, text]) => text).filter((text) => text !== '');

async function logitsOf(reranker: Reranker, contexts: string[]): Promise<number[]> {
  const input = { query: QUERY, contexts: contexts.map((text) => ({ text })) };
  const { response } = await reranker.rerank(input, { rawScores: true });
  return [...response].sort((a, b) => a.id - b.id).map(({ score }) => score);
}

describe('our own kernels on real weights', () => {
  let folder: string;
  let truth: number[];

  beforeAll(async () => {
    folder = fp32MinilmFolder();
    const reranker = await Reranker.load(folder, { dtype: 'int8' });
    const encoded = texts.map((text) => reranker.encode(QUERY, text));
    await reranker.close();
    truth = referenceLogits(join(folder, 'onnx', 'model.onnx'), encoded);
  });

  // The bounds stand over what docs/performance.md measured on 3,000 pairs: 0.057 and 0.28.
  it.each<[Dtype, number]>([
    ['fp32', 1e-4],
    ['bf16', 0.1],
    ['int8', 0.4],
  ])('%s logits are within %d of onnxruntime-node’s float32', async (dtype, bound) => {
    const reranker = await Reranker.load(folder, { dtype });
    const logits = await logitsOf(reranker, texts);
    await reranker.close();
    expect(logits).toHaveLength(truth.length);
    expect(Math.max(...logits.map((logit, i) => Math.abs(logit - truth[i]!)))).toBeLessThanOrEqual(bound);
  });

  it.each<Dtype>(['int8', 'bf16'])('%s scores a pair the same alone and among others', async (dtype) => {
    const reranker = await Reranker.load(folder, { dtype });
    expect(reranker.info.engine.name).toBe('builtin');
    const together = await logitsOf(reranker, texts);
    const alone = await Promise.all(texts.map(async (text) => (await logitsOf(reranker, [text]))[0]));
    await reranker.close();
    expect(alone).toEqual(together);
  });
});
