import { getEventListeners } from 'node:events';
import { onAbort } from '../../src/base/on-abort';
import { Reranker } from '../../src';
import { FakeEngine, INFO } from '../reranker/fake-engine';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

it('calls all that wait, once, and those no more that have gone', () => {
  const controller = new AbortController();
  const called: number[] = [];
  const leave = Array.from({ length: 20 }, (_, i) => onAbort(controller.signal, () => called.push(i)));
  expect(listeners(controller.signal)).toBe(1);
  for (const i of [0, 7, 19]) leave[i]!();
  controller.abort();
  expect(called).toEqual(Array.from({ length: 20 }, (_, i) => i).filter((i) => ![0, 7, 19].includes(i)));
});

it('one that leaves while others are called does not keep them from it', () => {
  const controller = new AbortController();
  const called: string[] = [];
  const leave = onAbort(controller.signal, () => {
    called.push('first');
    leave();
  });
  onAbort(controller.signal, () => called.push('second'));
  controller.abort();
  expect(called).toEqual(['first', 'second']);
});

it('calls that share a signal have one listener, and none when they are done', async () => {
  const engine = new FakeEngine();
  const reranker = Reranker.fromEngine(engine, { ...INFO, threads: 1 });
  const { signal } = new AbortController();
  const calls = Array.from({ length: 40 }, () =>
    reranker.rerank({ query: 'q', contexts: [{ text: 'a' }] }, { signal }),
  );
  expect(listeners(signal)).toBe(1);
  await Promise.all(calls);
  expect(listeners(signal)).toBe(0);
});
