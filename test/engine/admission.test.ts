import { setTimeout as sleep } from 'node:timers/promises';
import { Reranker, type RerankError } from '../../src';
import { minilmFolder } from '../support/models';

const query = 'how do rerankers order passages?';
const request = (count: number, i: number) => ({
  query,
  contexts: Array.from({ length: count }, (_, j) => ({ text: `Passage ${i} ${j} ${'orders words '.repeat(20)}` })),
});

/** Resolves to nothing for an answer, to the error for a refusal. */
const ask = (reranker: Reranker, count: number, i = 0): Promise<RerankError | undefined> =>
  reranker.rerank(request(count, i)).then(
    () => undefined,
    (error: unknown) => error as RerankError,
  );

it('offered more than it can score, it refuses at once with a time, and answers what it took', async () => {
  await using reranker = await Reranker.load(minilmFolder(), { threads: 1, maxQueueSeconds: 0.5 });
  // What it can do, on whatever machine this is.
  const started = performance.now();
  for (let i = 0; performance.now() - started < 1500; i++) await ask(reranker, 10, i);
  const asked = Array.from({ length: 500 }, (_, i) => ask(reranker, 5 + (i % 4) * 5, i));
  // Refused within the same turn of the event loop, before anything could be scored.
  const settled = await Promise.race([Promise.all(asked.slice(-20)), sleep(0)]);
  expect(settled).toHaveLength(20);
  const errors = (await Promise.all(asked)).filter((error) => error !== undefined);
  expect(errors.length).toBeGreaterThan(100);
  expect(errors.length).toBeLessThan(500);
  for (const { code, retryAfterMs } of errors) {
    expect(code).toBe('OVERLOADED');
    expect(retryAfterMs).toBeGreaterThanOrEqual(100);
  }
  const { requests, ...stats } = reranker.stats();
  expect(stats).toMatchObject({ activeRequests: 0, queuedTokens: 0 });
  // Metrics count them as those that the bound of tokens refuses.
  expect(requests.refused).toBe(errors.length);
});

it('a full queue of tokens says when there is room, unless the call never fits', async () => {
  await using reranker = await Reranker.load(minilmFolder(), {
    threads: 1,
    maxQueuedTokens: 20_000,
    maxQueueSeconds: Infinity,
  });
  const answered: Promise<unknown>[] = [];
  let refused: RerankError | undefined;
  // Kept full until the rate is known, which takes tokens and time.
  for (let i = 0; refused?.retryAfterMs === undefined; i++) {
    const call = ask(reranker, 20, i);
    const error = await Promise.race([call, sleep(5)]);
    if (error) refused = error;
    else answered.push(call);
  }
  expect(refused).toMatchObject({ code: 'OVERLOADED', retryAfterMs: expect.any(Number) });
  expect(refused.message).toMatch(/over maxQueuedTokens 20000/);
  const tooLarge = await ask(reranker, 1000);
  expect(tooLarge).toMatchObject({ code: 'OVERLOADED', retryAfterMs: undefined });
  expect(new Set(await Promise.all(answered))).toEqual(new Set([undefined]));
});
