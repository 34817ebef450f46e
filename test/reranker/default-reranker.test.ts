import type { rerank as Rerank } from '../../src/default-reranker';
import type { loadModel as LoadModel } from '../../src/load-model';
import { FakeEngine, INFO } from './fake-engine';

jest.mock('../../src/load-model');

const INPUT = { query: 'q', contexts: [{ text: 'a' }, { text: 'b' }] };
const before = process.env['BGE_RERANKER_MODEL'];

let rerank: typeof Rerank;
let loadModel: jest.MockedFunction<typeof LoadModel>;
beforeEach(() => {
  jest.resetModules();
  delete process.env['BGE_RERANKER_MODEL'];
  /* eslint-disable @typescript-eslint/no-require-imports -- a fresh shared Reranker for each test */
  loadModel = (require('../../src/load-model') as { loadModel: typeof loadModel }).loadModel;
  rerank = (require('../../src/default-reranker') as { rerank: typeof Rerank }).rerank;
  /* eslint-enable @typescript-eslint/no-require-imports */
  loadModel.mockReset();
  loadModel.mockResolvedValue({ engine: new FakeEngine(), info: INFO });
});
afterAll(() => {
  if (before !== undefined) process.env['BGE_RERANKER_MODEL'] = before;
});

it('loads once for concurrent first calls and for later ones', async () => {
  const [first, second] = await Promise.all([rerank(INPUT), rerank({ ...INPUT, top_k: 1 })]);
  await rerank(INPUT);
  expect([first.response.length, second.response.length]).toEqual([2, 1]);
  expect(loadModel.mock.calls).toEqual([['@cf/baai/bge-reranker-base', undefined]]);
});

it('takes the model from the environment', async () => {
  process.env['BGE_RERANKER_MODEL'] = '/models/mine';
  await rerank(INPUT);
  expect(loadModel.mock.calls).toEqual([['/models/mine', undefined]]);
});

it('tries a failed load again at the next call', async () => {
  loadModel.mockRejectedValueOnce(new Error('no network share'));
  const [first, second] = await Promise.allSettled([rerank(INPUT), rerank(INPUT)]);
  expect([first.status, second.status]).toEqual(['rejected', 'rejected']);
  expect((await rerank(INPUT)).response).toHaveLength(2);
  expect(loadModel).toHaveBeenCalledTimes(2);
});

it('refuses bad input, answers an empty list and heeds an aborted signal without a load', async () => {
  await expect(rerank({ query: 'q' } as any)).rejects.toMatchObject({ code: 'INVALID_INPUT', path: '' });
  await expect(rerank(INPUT, { signal: AbortSignal.abort('stop') })).rejects.toBe('stop');
  expect(await rerank({ query: 'q', contexts: [] })).toEqual({ response: [] });
  expect(loadModel).not.toHaveBeenCalled();
});

it('abort and timeout cover the load, which goes on for later calls', async () => {
  let finish = () => {};
  loadModel.mockImplementation(
    () => new Promise((resolve) => (finish = () => resolve({ engine: new FakeEngine(), info: INFO }))),
  );
  const controller = new AbortController();
  const aborted = rerank(INPUT, { signal: controller.signal });
  const late = rerank(INPUT, { timeoutMs: 5 });
  const patient = rerank(INPUT);
  controller.abort('stop');
  await expect(aborted).rejects.toBe('stop');
  await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
  finish();
  expect((await patient).response).toHaveLength(2);
  expect(loadModel).toHaveBeenCalledTimes(1);
});
