import { getEventListeners } from 'node:events';
import { RerankError } from '../../src/errors';
import { Reranker } from '../../src/reranker';
import type { RerankInput } from '../../src/types';
import { FakeEngine, INFO } from './fake-engine';

const INPUT: RerankInput = { query: 'q', contexts: [{ text: 'a' }, { text: 'bb' }, { text: 'ccc' }] };

function setUp(answers = true): { engine: FakeEngine; reranker: Reranker } {
  const engine = new FakeEngine();
  engine.answers = answers;
  return { engine, reranker: Reranker.fromEngine(engine, INFO) };
}

describe('rerank', () => {
  it('passes the request on and answers rows, best first', async () => {
    const { engine, reranker } = setUp(false);
    const answer = reranker.rerank({ ...INPUT, top_k: 2 }, { rawScores: true });
    expect(engine.pending.get(1)).toMatchObject({
      query: 'q',
      texts: ['a', 'bb', 'ccc'],
      topK: 2,
      rawScores: true,
      details: false,
    });
    engine.finish(1);
    expect(await answer).toEqual({
      response: [
        { id: 0, score: 1 },
        { id: 1, score: 0.5 },
      ],
    });
  });

  it.each([undefined, null])('top_k %p means all, beyond n clamps', async (topK) => {
    const { engine, reranker } = setUp();
    expect((await reranker.rerank({ ...INPUT, top_k: topK })).response).toHaveLength(3);
    const clamped = reranker.rerank({ ...INPUT, top_k: 1e20 });
    expect(engine.pending.get(2)).toMatchObject({ topK: 3 });
    expect((await clamped).response).toHaveLength(3);
  });

  it('adds token counts with `details` only', async () => {
    const { engine, reranker } = setUp();
    const answer = reranker.rerank({ ...INPUT, top_k: 1 }, { details: true });
    expect(engine.pending.get(1)).toMatchObject({ details: true });
    expect((await answer).response).toEqual([{ id: 0, score: 1, tokens: 1, truncatedTokens: 0 }]);
  });

  it('answers an empty list without the engine', async () => {
    const { engine, reranker } = setUp();
    expect(await reranker.rerank({ query: 'q', contexts: [] })).toEqual({ response: [] });
    expect(engine.submitted).toEqual([]);
  });

  it('rejects, never throws, on bad input and options, and enqueues nothing', async () => {
    const { engine, reranker } = setUp();
    const badInput = reranker.rerank({ query: '', contexts: [] });
    await expect(badInput).rejects.toMatchObject({ name: 'RerankError', code: 'INVALID_INPUT', path: '/query' });
    const badOption = reranker.rerank(INPUT, { timeoutMs: 0 });
    await expect(badOption).rejects.toMatchObject({ code: 'INVALID_OPTION', path: 'timeoutMs' });
    expect(engine.submitted).toEqual([]);
  });

  it('reads the caller’s objects once, at the call', async () => {
    const { engine, reranker } = setUp(false);
    let reads = 0;
    const context = {
      get text() {
        return `text ${++reads}`;
      },
    };
    const contexts = [context, { text: 'b' }];
    const answer = reranker.rerank({ query: 'q', contexts });
    contexts.length = 0;
    expect(reads).toBe(1);
    expect(engine.pending.get(1)?.texts).toEqual(['text 1', 'b']);
    engine.finish(1);
    expect((await answer).response).toHaveLength(2);
  });

  it('gives concurrent requests ids of their own and settles each with its own result', async () => {
    const { engine, reranker } = setUp(false);
    const first = reranker.rerank(INPUT);
    const second = reranker.rerank({ ...INPUT, top_k: 1 });
    engine.finish(2);
    expect((await second).response).toHaveLength(1);
    engine.finish(1);
    expect((await first).response).toHaveLength(3);
  });
});

describe('failures of the engine', () => {
  it('become RerankErrors with code, path and the caller’s stack', async () => {
    const { engine, reranker } = setUp(false);
    async function nameOfTheCaller(): Promise<unknown> {
      return await reranker.rerank(INPUT);
    }
    const answer = nameOfTheCaller().catch((error: unknown) => error as RerankError);
    engine.fail(1, { code: 'TOO_LONG', message: 'Context 1 is too long', path: '/contexts/1/text' });
    const error = (await answer) as RerankError;
    expect(error).toBeInstanceOf(RerankError);
    expect(error).toMatchObject({ code: 'TOO_LONG', message: 'Context 1 is too long', path: '/contexts/1/text' });
    expect(error.stack).toContain('nameOfTheCaller');
  });

  it('leave no path where there is none', async () => {
    const { engine, reranker } = setUp(false);
    const answer = reranker.rerank(INPUT);
    engine.fail(1, { code: 'OVERLOADED', message: 'Full', path: '' });
    await expect(answer).rejects.toMatchObject({ code: 'OVERLOADED', path: undefined });
  });

  it.each([new Error('boom'), { code: 'NO_SUCH_CODE', message: 'boom' }, null])(
    'of another kind (%p) are INTERNAL and keep the cause',
    async (cause) => {
      const { engine, reranker } = setUp(false);
      const answer = reranker.rerank(INPUT);
      engine.fail(1, cause as any);
      await expect(answer).rejects.toMatchObject({ code: 'INTERNAL', cause });
    },
  );
});

describe('signal', () => {
  it('aborted already: rejects with its reason, nothing enqueued', async () => {
    const { engine, reranker } = setUp();
    const reason = new Error('changed my mind');
    await expect(reranker.rerank(INPUT, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(engine.submitted).toEqual([]);
  });

  it('aborts: cancels in the engine, rejects with its reason, drops its listener', async () => {
    const { engine, reranker } = setUp(false);
    const controller = new AbortController();
    const answer = reranker.rerank(INPUT, { signal: controller.signal });
    controller.abort();
    await expect(answer).rejects.toBe(controller.signal.reason);
    expect(controller.signal.reason).toMatchObject({ name: 'AbortError' });
    expect(engine.cancelled).toEqual([[1, 'ABORTED']]);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('takes any reason, even undefined-like ones, as it is', async () => {
    const { reranker } = setUp(false);
    const controller = new AbortController();
    const answer = reranker.rerank(INPUT, { signal: controller.signal });
    controller.abort('a string');
    await expect(answer).rejects.toBe('a string');
  });

  it('drops its listener when the call succeeds or fails, and later aborts do nothing', async () => {
    const { engine, reranker } = setUp(false);
    const controller = new AbortController();
    const good = reranker.rerank(INPUT, { signal: controller.signal });
    const bad = reranker.rerank(INPUT, { signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    engine.finish(1);
    engine.fail(2, { code: 'INFERENCE_FAILED', message: 'no' });
    await good;
    await expect(bad).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    controller.abort();
    expect(engine.cancelled).toEqual([]);
  });
});

describe('timeoutMs', () => {
  it('cancels in the engine and rejects with TIMEOUT', async () => {
    const { engine, reranker } = setUp(false);
    await expect(reranker.rerank(INPUT, { timeoutMs: 5 })).rejects.toMatchObject({
      name: 'RerankError',
      code: 'TIMEOUT',
    });
    expect(engine.cancelled).toEqual([[1, 'TIMEOUT']]);
  });

  it('leaves no timer behind', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
    try {
      const { reranker } = setUp();
      const answer = reranker.rerank(INPUT, { timeoutMs: 60_000 });
      expect(jest.getTimerCount()).toBe(1);
      await answer;
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('is disarmed by the result and by an abort', async () => {
    const { engine, reranker } = setUp(false);
    const controller = new AbortController();
    const aborted = reranker.rerank(INPUT, { timeoutMs: 5, signal: controller.signal });
    const done = reranker.rerank(INPUT, { timeoutMs: 5 });
    controller.abort();
    engine.finish(2);
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    await done;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(engine.cancelled).toEqual([[1, 'ABORTED']]);
  });
});

describe('encode', () => {
  it('uses the Reranker’s defaults, or the options', () => {
    const { engine, reranker } = setUp();
    reranker.encode('q', '');
    reranker.encode('q', 't', { maxLength: 2 ** 20, truncation: 'only_second' });
    expect(engine.encoded).toEqual([
      ['q', '', 512, 'longest_first'],
      ['q', 't', 2 ** 20, 'only_second'],
    ]);
  });

  it('refuses what is not a string, and wrong options', () => {
    const { engine, reranker } = setUp();
    expect(() => reranker.encode('q', 5 as any)).toThrow(
      "Type mismatch of '/text', 'string' not in 'number','integer'",
    );
    expect(() => reranker.encode('q', 't', { maxLength: 2 ** 20 + 1 })).toThrow(
      "Expected an integer from 1 to 1048576 for 'maxLength', received 1048577",
    );
    expect(engine.encoded).toEqual([]);
  });

  it('turns failures into RerankErrors', () => {
    const { engine, reranker } = setUp();
    engine.encode = () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- as the addon does
      throw { code: 'TOO_LONG', message: 'too long' };
    };
    expect(() => reranker.encode('q', 't')).toThrow(RerankError);
  });
});

describe('close', () => {
  it('is idempotent: one close of the engine, one promise', async () => {
    const { engine, reranker } = setUp();
    expect(reranker.close()).toBe(reranker.close());
    await reranker.close();
    expect(engine.closes).toBe(1);
  });

  it('refuses new work with CLOSED at once, while accepted work finishes', async () => {
    const { engine, reranker } = setUp(false);
    const accepted = reranker.rerank(INPUT);
    const closed = reranker.close();
    await expect(reranker.rerank(INPUT)).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(reranker.rerank({ query: 'q', contexts: [] })).rejects.toMatchObject({ code: 'CLOSED' });
    expect(() => reranker.encode('q', 't')).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    engine.finish(1);
    expect((await accepted).response).toHaveLength(3);
    await closed;
    expect(reranker.stats()).toMatchObject({ activeRequests: 0 });
  });

  it('reports a failing close as a RerankError', async () => {
    const { engine, reranker } = setUp();
    engine.closeResult = Promise.reject({ code: 'INTERNAL', message: 'stuck' });
    await expect(reranker.close()).rejects.toMatchObject({ name: 'RerankError', code: 'INTERNAL', message: 'stuck' });
  });

  it('is what `await using` calls', async () => {
    const { engine, reranker } = setUp();
    const key = (Symbol as { asyncDispose?: symbol }).asyncDispose ?? Symbol.for('Symbol.asyncDispose');
    await (reranker as any)[key]();
    expect(engine.closes).toBe(1);
  });
});
