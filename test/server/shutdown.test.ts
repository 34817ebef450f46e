import { once } from 'node:events';
import { connect } from 'node:net';
import { killRunning } from '../support/processes';
import { startServer, type ServerProcess } from './server-process';

afterEach(killRunning);

/** A request that was seen at work: one that was answered before anyone looked is made again, larger. */
async function requestAtWork(server: ServerProcess): Promise<{ count: number; answer: Promise<Response> }> {
  for (const count of [500, 1000, 2000, 4000]) {
    const texts = Array.from({ length: count }, (_, i) => `Passage ${i} ${'about the weather '.repeat(20)}`);
    let answered = false as boolean;
    const answer = fetch(`${server.url}/rerank`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'weather', texts }),
    }).finally(() => (answered = true));
    while (!answered) {
      if ((await server.metric('bge_reranker_active_requests')) > 0) return { count, answer };
    }
    expect((await answer).status).toBe(200);
  }
  throw new Error('no request was seen at work');
}

it('SIGTERM: stops accepting, finishes what it has, closes idle connections, exits 0', async () => {
  const server = await startServer();
  const idle = connect(server.port, '127.0.0.1');
  await once(idle, 'connect');
  idle.write('GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await once(idle, 'data');
  const idleClosed = once(idle.resume(), 'close');
  const { count, answer } = await requestAtWork(server);
  const stopped = server.stop();
  const ranked = (await (await answer).json()) as unknown[];
  expect(ranked).toHaveLength(count);
  await idleClosed;
  expect(await stopped).toBe(0);
  await expect(fetch(`${server.url}/health`)).rejects.toThrow();
});

it('answers with the token only, over a real connection', async () => {
  const server = await startServer({ tokens: ['right'] });
  const status = async (headers: Record<string, string>) => (await fetch(`${server.url}/metrics`, { headers })).status;
  expect(await status({})).toBe(401);
  expect(await status({ authorization: 'Bearer wrong' })).toBe(401);
  expect(await status({ authorization: 'Bearer right' })).toBe(200);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  expect(await server.stop()).toBe(0);
});
