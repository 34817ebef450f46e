import { tracingChannel } from 'node:diagnostics_channel';
import { RERANK_CHANNEL, type RerankTrace } from '../../src/diagnostics';
import { Reranker } from '../../src/reranker';
import { FakeEngine, INFO } from './fake-engine';

it('input and options that are refused are published as failed calls', async () => {
  const events: [string, RerankTrace][] = [];
  const note = (name: string) => (trace: unknown) => void events.push([name, { ...(trace as RerankTrace) }]);
  const subscribers = {
    start: note('start'),
    end: note('end'),
    asyncStart: note('asyncStart'),
    asyncEnd: note('asyncEnd'),
    error: note('error'),
  };
  const channel = tracingChannel<RerankTrace>(RERANK_CHANNEL);
  channel.subscribe(subscribers);
  try {
    const reranker = Reranker.fromEngine(new FakeEngine(), INFO);
    const good = { query: 'q', contexts: [{ text: 'a' }] };
    await expect(reranker.rerank({ query: '', contexts: good.contexts })).rejects.toThrow();
    await expect(reranker.rerank(undefined as never)).rejects.toThrow();
    await expect(reranker.rerank(good, { timeoutMs: -1 })).rejects.toThrow();
    await reranker.rerank(good);
  } finally {
    channel.unsubscribe(subscribers);
  }
  const failed = events
    .filter(([name]) => name === 'error')
    .map(([, { error, ...trace }]) => [(error as { code: string }).code, trace]);
  expect(failed).toEqual([
    ['INVALID_INPUT', { model: 'fake', contexts: 1 }],
    ['INVALID_INPUT', { model: 'fake', contexts: 0 }],
    ['INVALID_OPTION', { model: 'fake', contexts: 1 }],
  ]);
  expect(events.filter(([name]) => name === 'start')).toHaveLength(4);
  expect(events.filter(([name]) => name === 'asyncEnd')).toHaveLength(4);
});
