import { setTimeout as sleep } from 'node:timers/promises';
import { Reranker, type RerankInput } from '../../src';
import { temporaryModel, type TemporaryModel } from '../support/models';
import { modelForAnyTokenizer } from '../support/onnx-model';
import { FakeEngine, INFO } from './fake-engine';

const request = (i: number, contexts = 3): RerankInput => ({
  query: `query ${i}`,
  contexts: Array.from({ length: contexts }, (_, j) => ({ text: `passage ${i * 7919 + j * 104_729}` })),
});

describe('on a real engine', () => {
  let model: TemporaryModel;
  let reranker: Reranker;
  beforeAll(async () => {
    model = temporaryModel({ 'model.onnx': modelForAnyTokenizer() });
    reranker = await Reranker.load(model.folder, { threads: 2 });
  });
  afterAll(async () => {
    await reranker.close();
    model.remove();
  });

  it('answers 64 requests as 64 calls do, in their order', async () => {
    const requests = Array.from({ length: 64 }, (_, i) => request(i, 1 + (i % 20)));
    const alone = await Promise.all(requests.map((each) => reranker.rerank(each, { rawScores: true })));
    const together = await reranker.rerankMany(requests, { rawScores: true });
    expect(together).toEqual(alone.map((value) => ({ status: 'fulfilled', value })));
  });

  it('one failure does not lose the others', async () => {
    const requests = [request(0), { query: '', contexts: [] }, request(2), null as unknown as RerankInput];
    const [first, second, third, fourth] = await reranker.rerankMany(requests);
    expect([first, third]).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }]);
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'INVALID_INPUT', path: '/query' } });
    expect(fourth).toMatchObject({ status: 'rejected', reason: { code: 'INVALID_INPUT', path: '' } });
  });

  it('of nothing gives nothing', async () => {
    expect(await reranker.rerankMany([])).toEqual([]);
  });

  it('options are checked once, before anything is scored', async () => {
    const bad = { minScore: NaN };
    await expect(reranker.rerankMany([request(0)], bad)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      path: 'minScore',
    });
    const none = {} as unknown as RerankInput[];
    await expect(reranker.rerankMany(none)).rejects.toMatchObject({ code: 'INVALID_INPUT', path: '' });
  });

  it('minScore leaves out what is below it, in the scale of the answer', async () => {
    const all = await reranker.rerank(request(1, 8), { rawScores: true });
    const bound = all.response[4]!.score;
    const kept = await reranker.rerank(request(1, 8), { rawScores: true, minScore: bound });
    expect(kept.response).toEqual(all.response.slice(0, 5));
    expect((await reranker.rerank(request(1, 8), { minScore: 1.1 })).response).toEqual([]);
  });
});

describe('with a queue', () => {
  it('keeps a bounded number of pairs ahead', async () => {
    const engine = new FakeEngine();
    engine.answers = false;
    const reranker = Reranker.fromEngine(engine, { ...INFO, threads: 2 });
    const all = reranker.rerankMany(Array.from({ length: 40 }, (_, i) => request(i, 10)));
    await sleep(20);
    // 256 pairs, and the request that reaches them.
    expect(engine.pending.size).toBe(26);
    engine.finish(1);
    await sleep(20);
    expect(engine.submitted.at(-1)).toBe(27);
    engine.answers = true;
    for (const id of [...engine.pending.keys()]) engine.finish(id);
    expect(await all).toHaveLength(40);
  });

  it('what the queue has no room for is tried again when one of the others is done', async () => {
    const engine = new FakeEngine();
    const submit = engine.submit.bind(engine);
    let most = 0;
    engine.submit = (id, query, texts, options) => {
      if (engine.pending.size >= 3) return Promise.reject({ code: 'OVERLOADED', message: 'full' });
      most = Math.max(most, engine.pending.size + 1);
      return submit(id, query, texts, options);
    };
    const reranker = Reranker.fromEngine(engine, { ...INFO, threads: 1 });
    const outcomes = await reranker.rerankMany(Array.from({ length: 40 }, (_, i) => request(i, 10)));
    expect(outcomes.map(({ status }) => status)).toEqual(new Array(40).fill('fulfilled'));
    expect(most).toBe(3);
  });

  it('where others fill it, that is told', async () => {
    const engine = new FakeEngine();
    engine.submit = () => Promise.reject({ code: 'OVERLOADED', message: 'full' });
    const reranker = Reranker.fromEngine(engine, { ...INFO, threads: 1 });
    const outcomes = await reranker.rerankMany([request(0), request(1)]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'OVERLOADED' } });
  });

  it('an abort rejects the call with the signal’s reason, and no further request is begun', async () => {
    const engine = new FakeEngine();
    engine.answers = false;
    const reranker = Reranker.fromEngine(engine, { ...INFO, threads: 1 });
    const controller = new AbortController();
    const all = reranker.rerankMany(
      Array.from({ length: 40 }, (_, i) => request(i, 10)),
      { signal: controller.signal },
    );
    await sleep(20);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(all).rejects.toBe(reason);
    expect(engine.submitted).toHaveLength(26);
  });

  it('timeoutMs is for all together', async () => {
    const engine = new FakeEngine();
    engine.answers = false;
    const reranker = Reranker.fromEngine(engine, { ...INFO, threads: 1 });
    const outcomes = await reranker.rerankMany(
      Array.from({ length: 40 }, (_, i) => request(i, 10)),
      { timeoutMs: 30 },
    );
    expect(outcomes).toHaveLength(40);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'TIMEOUT' } });
  });

  it('close finishes what was accepted, also what was not begun', async () => {
    const engine = new FakeEngine();
    const reranker = Reranker.fromEngine(engine, { ...INFO, threads: 1 });
    const all = reranker.rerankMany(Array.from({ length: 40 }, (_, i) => request(i, 10)));
    const closed = reranker.close();
    const outcomes = await all;
    expect(outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
    await closed;
    await expect(reranker.rerankMany([request(0)])).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
