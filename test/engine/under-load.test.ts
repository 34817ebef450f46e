import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RERANK_CHANNEL, Reranker, type RerankTrace } from '../../src';
import { minilmFolder, temporaryModel } from '../support/models';
import { sumModel } from '../support/onnx-model';
import { until } from '../support/until';

const query = 'how do rerankers order passages?';
const passage = (i: number, words: number) => ({
  text: `Passage ${i} ${'orders words by relevance '.repeat(words / 4)}`,
});
const passages = (count: number, words: number) => Array.from({ length: count }, (_, i) => passage(i, words));
/** Of a request that is not to end before the test has done with it: many seconds of work on any machine. */
const MANY = 5_000;

/** The logit of every context, by its index. */
async function logits(reranker: Reranker, contexts: { text: string }[]): Promise<number[]> {
  const { response } = await reranker.rerank({ query, contexts }, { rawScores: true });
  const byIndex: number[] = [];
  for (const { id, score } of response) byIndex[id] = score;
  return byIndex;
}

describe('one engine under many callers', () => {
  let reranker: Reranker;
  beforeAll(async () => {
    reranker = await Reranker.load(minilmFolder());
  });
  afterEach(() => {
    expect(reranker.stats()).toMatchObject({ activeRequests: 0, queuedPairs: 0 });
  });
  afterAll(() => reranker.close());

  test('a pair scores bit-equal alone, in any request, under load, on any number of threads', async () => {
    const contexts = [...passages(6, 40), ...passages(6, 8), { text: 'x' }, passage(0, 300)];
    const alone: number[] = [];
    for (const context of contexts) alone.push(...(await logits(reranker, [context])));
    const together = await Promise.all(Array.from({ length: 8 }, () => logits(reranker, contexts)));
    for (const result of together) expect(result).toEqual(alone);
    for (const threads of [1, 3]) {
      await using other = await Reranker.load(minilmFolder(), { threads });
      const [forward, backward] = await Promise.all([logits(other, contexts), logits(other, contexts.toReversed())]);
      expect(forward).toEqual(alone);
      expect(backward.toReversed()).toEqual(alone);
    }
  });

  test('300 calls at once are all answered', async () => {
    const calls = Array.from({ length: 300 }, (_, i) => reranker.rerank({ query: `q${i}`, contexts: passages(3, 4) }));
    for (const { response } of await Promise.all(calls)) expect(response).toHaveLength(3);
  });

  test('a small request overtakes a large one that came first', async () => {
    const controller = new AbortController();
    const large = reranker.rerank({ query, contexts: passages(MANY, 40) }, { signal: controller.signal });
    const aborted = expect(large).rejects.toMatchObject({ name: 'AbortError' });
    const { response } = await reranker.rerank({ query, contexts: passages(5, 4) });
    expect(response).toHaveLength(5);
    // Most of the large request is still to do.
    expect(reranker.stats().queuedPairs).toBeGreaterThan(MANY / 2);
    controller.abort();
    await aborted;
  });

  test('aborting frees every pair that has not started, and none of it runs afterwards', async () => {
    const runsThrough = () => until('the runs are through', () => reranker.stats().queuedTokens === 0);
    const controller = new AbortController();
    await runsThrough();
    const before = reranker.stats();
    const call = reranker.rerank({ query, contexts: passages(MANY, 40) }, { signal: controller.signal });
    await until('the request is at work', () => reranker.stats().scoredPairs > before.scoredPairs);
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    const aborted = reranker.stats();
    expect(aborted).toMatchObject({ queuedPairs: 0, activeRequests: 0 });
    await reranker.rerank({ query, contexts: passages(4, 40) });
    // The pairs inside runs finish.
    await runsThrough();
    const settled = reranker.stats();
    expect(settled.scoredPairs - aborted.scoredPairs).toBeLessThan(50);
    expect(settled.requests.aborted).toBe(before.requests.aborted + 1);
    await sleep(100);
    expect(reranker.stats()).toMatchObject({ scoredPairs: settled.scoredPairs, queuedTokens: 0 });
  });

  test('timeoutMs rejects with TIMEOUT and frees the queue', async () => {
    const call = reranker.rerank({ query, contexts: passages(MANY, 40) }, { timeoutMs: 30 });
    await expect(call).rejects.toMatchObject({ name: 'RerankError', code: 'TIMEOUT' });
    expect(reranker.stats()).toMatchObject({ queuedPairs: 0, activeRequests: 0 });
    await reranker.rerank({ query, contexts: passages(2, 4) });
  });

  test('subscribers of the tracing channel see each call and where its time went', async () => {
    const seen: [string, RerankTrace][] = [];
    const names = ['start', 'asyncEnd', 'error'];
    const listeners = names.map((name) => {
      const listener = (trace: unknown) => seen.push([name, { ...(trace as RerankTrace) }]);
      subscribe(`tracing:${RERANK_CHANNEL}:${name}`, listener);
      return () => unsubscribe(`tracing:${RERANK_CHANNEL}:${name}`, listener);
    });
    await reranker.rerank({ query, contexts: passages(3, 8) });
    await reranker.rerank({ query, contexts: passages(MANY, 40) }, { timeoutMs: 5 }).catch(() => {});
    listeners.forEach((unsubscribe) => unsubscribe());
    expect(seen.map(([name]) => name)).toEqual(['start', 'asyncEnd', 'start', 'error', 'asyncEnd']);
    expect(seen[0]?.[1]).toEqual({ model: minilmFolder(), contexts: 3 });
    const { tokenizeMs, queueMs, runMs } = seen[1]?.[1] ?? {};
    for (const ms of [tokenizeMs, queueMs, runMs]) expect(ms).toBeGreaterThan(0);
    expect(seen[3]?.[1].error).toMatchObject({ code: 'TIMEOUT' });
  });

  test('stats count what was done', async () => {
    await using idle = await Reranker.load(minilmFolder());
    const before = idle.stats();
    await idle.rerank({ query, contexts: [...passages(3, 8), passage(0, 8)] }, { details: true });
    const after = idle.stats();
    expect(after.scoredPairs - before.scoredPairs).toBe(3);
    expect(after.batches - before.batches).toBe(3);
    expect(after.requests.completed - before.requests.completed).toBe(1);
    for (const stage of ['tokenize', 'queue', 'total'] as const) {
      expect(after.latency[stage].count - before.latency[stage].count).toBe(1);
    }
    const { bounds, counts, count } = after.latency.run;
    expect(counts).toHaveLength(bounds.length + 1);
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(count);
  });
});

test('beyond maxQueuedTokens: refused at once, with the queue’s depth; what was accepted is answered', async () => {
  await using reranker = await Reranker.load(minilmFolder(), { maxQueuedTokens: 3_000 });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 300 }, () => reranker.rerank({ query, contexts: passages(10, 16) })),
  );
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(300);
  for (const { reason } of refused) {
    expect(reason).toMatchObject({
      code: 'OVERLOADED',
      message: expect.stringMatching(/^\d+ tokens are queued/) as string,
    });
  }
  expect(reranker.stats().requests).toMatchObject({ refused: refused.length, completed: 300 - refused.length });
});

test('close() finishes accepted work, refuses new work, and every close() awaits the same end', async () => {
  const reranker = await Reranker.load(minilmFolder());
  const accepted = reranker.rerank({ query, contexts: passages(40, 16) });
  const closings = [reranker.close(), reranker.close()];
  await expect(reranker.rerank({ query, contexts: passages(1, 4) })).rejects.toMatchObject({ code: 'CLOSED' });
  let closed = false;
  void Promise.all(closings).then(() => (closed = true));
  expect((await accepted).response).toHaveLength(40);
  expect(closed).toBe(false);
  await Promise.all([...closings, reranker.close()]);
  expect(reranker.stats().memory.engineBytes).toBe(0);
});

test('engineBytes counts the external data of an ONNX file', async () => {
  const bytes = 1 << 20;
  const entries = { location: 'model.onnx_data', offset: '0', length: String(bytes) };
  const outside = {
    name: 'outside',
    dims: [bytes / 4],
    dataType: 1,
    dataLocation: 1,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  };
  const onnx = sumModel({ inputs: { input_ids: 'int64' }, output: 'column', initializers: [outside] });
  const { folder } = temporaryModel({ 'model.onnx': onnx });
  writeFileSync(path.join(folder, 'model.onnx_data'), Buffer.alloc(bytes));
  await using reranker = await Reranker.load(folder, { threads: 1 });
  const tokenizer = statSync(path.join(folder, 'tokenizer.json')).size;
  expect(reranker.stats().memory.engineBytes).toBe(onnx.length + bytes + tokenizer);
});
