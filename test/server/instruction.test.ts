import type { ModelInfo } from '../../src';
import { served } from './http';

const BODY = { model: 'qwen3', query: 'tea?', documents: ['yes', 'no'], instruction: 'Find answers' };

function servedDecoder(takesInstruction: boolean) {
  const { post, reranker } = served();
  const prompt: ModelInfo['prompt'] = { template: 'qwen3-reranker', takesInstruction };
  Object.assign(reranker, { info: { ...reranker.info, prompt } });
  return { post, reranker };
}

it("Jina's route hands an instruction on, where there is one", async () => {
  const { post, reranker } = servedDecoder(true);
  expect((await post('/v1/rerank', BODY)).status).toBe(200);
  expect((await post('/v1/rerank', { ...BODY, instruction: null })).status).toBe(200);
  expect(reranker.calls.map(({ options }) => options.instruction)).toEqual(['Find answers', undefined]);
});

it.each([
  ['another model', () => served()],
  ['a template without a place for it', () => servedDecoder(false)],
])('an instruction for %s is refused', async (_, make) => {
  const { post, reranker } = make();
  const { status, body } = await post('/v1/rerank', BODY);
  expect(status).toBe(400);
  expect(body).toMatchObject({ detail: expect.stringContaining('instruction') as string });
  expect(reranker.calls).toEqual([]);
});
