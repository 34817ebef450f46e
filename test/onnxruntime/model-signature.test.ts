import { Reranker } from '../../src';
import { sumModel, type SumModel } from '../support/onnx-model';
import { temporaryModel } from '../support/models';

async function withModel<T>(model: SumModel, use: (reranker: Reranker) => Promise<T>): Promise<T> {
  const { folder, remove } = temporaryModel({ 'model.onnx': sumModel(model) });
  try {
    await using reranker = await Reranker.load(folder, { threads: 1 });
    return await use(reranker);
  } finally {
    remove();
  }
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

/** What each input adds to the logit of a model that sums them. */
const SHARE: Record<string, (encoded: { ids: number[]; typeIds: number[] }) => number> = {
  input_ids: ({ ids }) => sum(ids),
  attention_mask: ({ ids }) => ids.length,
  token_type_ids: ({ typeIds }) => sum(typeIds),
};

describe('inputs and outputs are taken from the model', () => {
  test.each<[string, SumModel]>([
    ['ids alone, int64, [n, 1]', { inputs: { input_ids: 'int64' }, output: 'column' }],
    ['ids alone, int32, [n]', { inputs: { input_ids: 'int32' }, output: 'flat' }],
    ['ids and mask', { inputs: { input_ids: 'int64', attention_mask: 'int64' }, output: 'column' }],
    [
      'all three, mixed types, another order, [n, 2]',
      { inputs: { token_type_ids: 'int32', attention_mask: 'int64', input_ids: 'int32' }, output: 'pair' },
    ],
    ['an only output of another name', { inputs: { input_ids: 'int64' }, output: 'column', outputName: 'score' }],
  ])('%s', async (_, model) => {
    await withModel(model, async (reranker) => {
      const query = 'a query';
      const contexts = [{ text: 'first passage' }, { text: 'the second passage is longer' }];
      const { response } = await reranker.rerank({ query, contexts }, { rawScores: true });
      for (const { id, score } of response) {
        const encoded = reranker.encode(query, contexts[id]?.text ?? '');
        const shares = Object.keys(model.inputs).map((name) => SHARE[name]?.(encoded) ?? NaN);
        expect(score).toBe(sum(shares));
      }
      expect(response).toHaveLength(2);
    });
  });
});

test.each(['column', 'pair'] as const)(
  'float16 logits (%s) are read as ONNX Runtime itself converts them',
  async (output) => {
    // 1/3 of the sum: not a float16 value, and large and small logits.
    const model: SumModel = { inputs: { input_ids: 'int64' }, output, divisor: 3000 };
    const input = {
      query: 'q',
      contexts: ['a', 'some words', 'many more words '.repeat(40)].map((text) => ({ text })),
    };
    const answer = (precision: 'float' | 'float16' | 'rounded') =>
      withModel({ ...model, precision }, (reranker) => reranker.rerank(input, { rawScores: true }));
    const half = await answer('float16');
    expect(half).toEqual(await answer('rounded'));
    expect(half).not.toEqual(await answer('float'));
  },
);

describe('models that cannot be used are refused with a sentence', () => {
  test.each<[string, SumModel, string]>([
    ['an unknown input', { inputs: { input_ids: 'int64', pixel_values: 'int64' }, output: 'column' }, "'pixel_values'"],
    ['no input_ids', { inputs: { attention_mask: 'int64' }, output: 'column' }, "'input_ids'"],
    [
      'a fixed number of tokens',
      { inputs: { input_ids: 'int64' }, output: 'column', inputShape: [1, 128] },
      'fixed shape 1 x 128',
    ],
    [
      'a fixed number of rows',
      { inputs: { input_ids: 'int64' }, output: 'column', inputShape: [2, 128] },
      'fixed shape 2 x 128',
    ],
    ['float ids', { inputs: { input_ids: 'float' }, output: 'column' }, 'neither int64 nor int32'],
  ])('%s', async (_, model, words) => {
    await expect(withModel(model, () => Promise.resolve())).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining(words) as string,
      path: expect.stringContaining('model.onnx') as string,
    });
  });

  test('a logit that is not finite fails the request, and the next request works', async () => {
    const model: SumModel = { inputs: { input_ids: 'int64' }, output: 'column', divisor: 0 };
    await withModel(model, async (reranker) => {
      const input = { query: 'q', contexts: [{ text: 'a' }] };
      await expect(reranker.rerank(input)).rejects.toMatchObject({
        code: 'INFERENCE_FAILED',
        path: '/contexts/0/text',
      });
      await expect(reranker.rerank(input)).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
      expect(reranker.stats().requests).toMatchObject({ failed: 2, completed: 0 });
    });
  });
});
