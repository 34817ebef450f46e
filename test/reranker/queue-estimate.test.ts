import { RerankError } from '../../src/errors';
import { QueueEstimate, type QueueCounts } from '../../src/queue-estimate';

const STEP_MS = 10;

/** An engine that scores `rate` tokens a second of what it has, on a clock of its own; calls have a token a character. */
function engine(maxSeconds: number, rate: number) {
  const state = { now: 0, scored: 0, calls: [] as { call: object; left: number; asked: number; waited?: number }[] };
  const counts = (): QueueCounts => ({
    scoredTokens: Math.round(state.scored),
    queuedTokens: Math.round(state.calls.reduce((sum, { left }) => sum + left, 0)),
  });
  const queue = new QueueEstimate(maxSeconds, counts, () => state.now);
  const finished: number[] = [];
  /** A call leaves when it is done, not when the test looks again. */
  const run = (ms: number) => {
    for (let left = ms; left > 0; left -= STEP_MS) step(Math.min(STEP_MS, left));
  };
  /** Fewest tokens left first, as the scheduler takes them. */
  const step = (ms: number) => {
    state.now += ms;
    let can = (rate * ms) / 1000;
    while (can > 0 && state.calls.length > 0) {
      const next = state.calls.reduce((least, each) => (each.left < least.left ? each : least));
      const done = Math.min(can, next.left);
      next.left -= done;
      can -= done;
      state.scored += done;
      if (next.left > 0) break;
      state.calls.splice(state.calls.indexOf(next), 1);
      queue.leave(next.call);
      finished.push(state.now - next.asked);
    }
  };
  const ask = (tokens: number): RerankError | undefined => {
    const call = {};
    try {
      queue.enter(call, tokens);
    } catch (error) {
      return error as RerankError;
    }
    state.calls.push({ call, left: tokens, asked: state.now });
    return undefined;
  };
  return { queue, run, ask, finished, waiting: () => state.calls.length };
}

it('offered ten times the capacity, the wait of what is taken stays under the bound, and the rest hears when to retry', () => {
  const { run, ask, finished } = engine(10, 1000);
  const refused: RerankError[] = [];
  for (let ms = 0; ms < 120_000; ms += 10) {
    // 100 tokens each 10 ms are 10,000 a second.
    const error = ask(100);
    if (error) refused.push(error);
    run(10);
  }
  finished.sort((a, b) => a - b);
  expect(finished[Math.floor(finished.length * 0.99)]).toBeLessThan(10_000 * 1.2);
  expect(finished.length).toBeGreaterThan(1000);
  expect(refused.length).toBeGreaterThan(8000);
  for (const { code, retryAfterMs } of refused) {
    expect(code).toBe('OVERLOADED');
    expect(retryAfterMs).toBeGreaterThan(0);
  }
});

it('calls of many sizes: the large ones that were admitted are not starved by smaller ones that come later', () => {
  const { run, ask, finished } = engine(10, 1000);
  const sizes = [50, 400, 100, 800];
  let refused = 0;
  ask(3000);
  run(3000);
  for (let ms = 0, i = 0; ms < 120_000; ms += 10, i++) {
    // A thousand tokens each 30 ms, thirty times what it scores.
    if (i % 3 === 0) for (const size of sizes) refused += ask(size) ? 1 : 0;
    run(10);
  }
  run(20_000);
  finished.sort((a, b) => a - b);
  expect(finished[Math.floor(finished.length * 0.99)]).toBeLessThan(10_000 * 1.2);
  // Nothing stood idle for it.
  expect(finished.length * 50).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(10_000);
});

it('what its pairs turn out to have counts, not what they were taken for', () => {
  // Calls are taken for twice the tokens that they have.
  const state = { now: 0, scored: 0, queued: 0 };
  const queue = new QueueEstimate(
    10,
    () => ({ scoredTokens: state.scored, queuedTokens: state.queued }),
    () => state.now,
  );
  const call = (tokens: number) => {
    const one = {};
    queue.enter(one, tokens);
    state.queued += tokens;
    return one;
  };
  const done = (one: object, tokens: number) => {
    state.now += tokens / 2;
    state.scored += tokens / 2;
    state.queued -= tokens;
    queue.leave(one);
  };
  // 1,000 real tokens a second; two calls at a time, so that it is never idle.
  let before = call(1000);
  for (let i = 0; i < 100; i++) {
    const next = call(1000);
    done(before, 1000);
    before = next;
  }
  // 16,000 tokens at admission are 8 s of work.
  for (let i = 0; i < 15; i++) call(1000);
  expect(() => call(1000)).not.toThrow();
  for (let i = 0; i < 4; i++) call(400);
  expect(() => Array.from({ length: 10 }, () => call(1000))).toThrow('maxQueueSeconds');
});

it('tells when tokens will have been scored, once a rate is known', () => {
  const { queue, ask, run } = engine(Infinity, 1000);
  expect(queue.timeToScore(1000)).toBeUndefined();
  ask(20_000);
  run(2000);
  expect(queue.timeToScore(1000)).toBeCloseTo(1000, -1);
  expect(queue.timeToScore(1)).toBe(100);
});

it('the time to retry is right within a factor of two, where nobody else asks', () => {
  for (const tokens of [20_000, 40_000, 80_000]) {
    const { run, ask } = engine(10, 1000);
    ask(tokens / 2);
    run(500);
    ask(tokens / 2);
    run(1500);
    const refusal = ask(tokens);
    if (tokens === 20_000 && refusal === undefined) continue;
    const told = refusal!.retryAfterMs!;
    let real = 0;
    while (ask(tokens) !== undefined) {
      run(50);
      real += 50;
    }
    expect(told).toBeGreaterThan(real / 2);
    expect(told).toBeLessThan(real * 2);
  }
});

it('a small call is not kept waiting by a large one, as it goes first', () => {
  const { run, ask } = engine(10, 1000);
  ask(1_000_000);
  run(3000);
  ask(100);
  run(100);
  expect(ask(100)).toBeUndefined();
  expect(ask(900_000)).toMatchObject({ code: 'OVERLOADED' });
});

it('idle time says nothing about the rate: calls far apart are never refused', () => {
  const { run, ask } = engine(1, 1000);
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 4; j++) expect(ask(200)).toBeUndefined();
    run(60_000);
  }
});

it('no rate is known before a second of work: what comes at once is taken', () => {
  const { ask, waiting } = engine(1, 1000);
  for (let i = 0; i < 1000; i++) expect(ask(1000)).toBeUndefined();
  expect(waiting()).toBe(1000);
});
