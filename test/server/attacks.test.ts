import { execSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { startServer, type ServerProcess } from './server-process';

jest.setTimeout(120_000);

const MIB = 2 ** 20;
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer({ bodyTimeoutMs: 1500, headersTimeoutMs: 8000, maxBodyBytes: 8 * MIB });
  await expectOthersServed();
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
});

async function open(): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Not events.once(), which rejects when a reset comes before the end. */
const closing = (socket: Socket) => new Promise<void>((resolve) => void socket.once('close', () => resolve()));

/** All that comes until the server closes the connection. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  await closing(socket);
  return text;
}

/** Who still sends while the server closes may get a reset in place of the answer. */
const answerOrReset = (status: number) => new RegExp(`^(HTTP/1\\.1 ${status} |$)`);

async function closedBy(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await closing(socket);
}

function head(headers: Record<string, string | number>): string {
  const lines = Object.entries({ host: 'x', 'content-type': 'application/json', ...headers });
  return `POST /v2/rerank HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

async function expectOthersServed(): Promise<void> {
  const answer = await fetch(`${server.url}/rerank`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'tea', texts: ['a cup of tea', 'a bus'] }),
  });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject([{ index: 0 }, { index: 1 }]);
}

/** Runs an attack and checks that the server's memory did not grow by more than `bound`, where the system tells. */
async function withFlatMemory(bound: number, attack: () => Promise<unknown>): Promise<void> {
  const before = server.residentBytes();
  await attack();
  await expectOthersServed();
  const after = server.residentBytes();
  if (before !== undefined && after !== undefined) expect(after - before).toBeLessThan(bound);
}

it('a body of one byte a second gets 408 and a closed connection, while others are served', async () => {
  const socket = await open();
  const closed = untilClosed(socket);
  socket.write(head({ 'content-length': 1000 }));
  const drip = setInterval(() => socket.write('['), 1000);
  await expectOthersServed();
  expect(await closed).toMatch(/^HTTP\/1\.1 408 /);
  clearInterval(drip);
});

it('a chunked body of one byte a second too', async () => {
  const socket = await open();
  const closed = untilClosed(socket);
  socket.write(head({ 'transfer-encoding': 'chunked' }));
  const drip = setInterval(() => socket.write('1\r\n[\r\n'), 1000);
  expect(await closed).toMatch(/^HTTP\/1\.1 408 /);
  clearInterval(drip);
});

it('a head that does not end is closed', async () => {
  const socket = await open();
  const closed = untilClosed(socket);
  socket.write('POST /rerank HTTP/1.1\r\nhost: x\r\n');
  expect(await closed).toMatch(/^(HTTP\/1\.1 408 |$)/);
});

it('a head that is no HTTP is 400, and one that is too large 431', async () => {
  const noHttp = await open();
  const refused = untilClosed(noHttp);
  noHttp.write('\u0016\u0003\u0001 hello\r\n\r\n');
  expect(await refused).toMatch(/^HTTP\/1\.1 400 /);
  const large = await open();
  const tooLarge = untilClosed(large);
  large.write(head({ x: 'y'.repeat(64 * 1024) }));
  expect(await tooLarge).toMatch(answerOrReset(431));
});

/** Ten thousand, or what this system's limit of open files leaves; Node raises its own to the hard one. */
function idleConnections(): number {
  const limit = Number(execSync('ulimit -Hn', { encoding: 'utf8' }));
  return Number.isNaN(limit) ? 10_000 : Math.min(10_000, limit - 500);
}

it('ten thousand idle connections: others served, memory bounded, all closed in time', async () => {
  const sockets: Socket[] = [];
  await withFlatMemory(160 * MIB, async () => {
    const wanted = idleConnections();
    for (let opened = 0; opened < wanted; opened += 500) {
      sockets.push(...(await Promise.all(Array.from({ length: 500 }, open))));
    }
    await expectOthersServed();
  });
  expect(sockets.filter((socket) => !socket.closed).length).toBeGreaterThan(sockets.length / 2);
  await Promise.all(sockets.map(closedBy));
  await expectOthersServed();
});

it('a body that says it is over the limit is refused unread', async () => {
  await withFlatMemory(32 * MIB, async () => {
    const socket = await open();
    const closed = untilClosed(socket);
    socket.write(head({ 'content-length': 100 * 1024 * MIB }));
    expect(await closed).toMatch(/^HTTP\/1\.1 413 [^]*connection: close/i);
  });
});

it('a chunked body without end is cut at the limit', async () => {
  await withFlatMemory(64 * MIB, async () => {
    const socket = await open();
    const closed = untilClosed(socket);
    socket.write(head({ 'transfer-encoding': 'chunked' }));
    const chunk = `10000\r\n${' '.repeat(65536)}\r\n`;
    const ended = once(socket, 'close');
    while (!socket.closed) {
      const full = !socket.write(chunk);
      await Promise.race([full ? once(socket, 'drain') : wait(0), ended]);
    }
    expect(await closed).toMatch(answerOrReset(413));
  });
});

it.each([
  ['a gzip bomb', gzipSync(Buffer.alloc(256 * MIB, 0x20)), { 'content-encoding': 'gzip' }, 415],
  ['JSON nested four million deep', Buffer.alloc(8 * MIB, '['), {}, 400],
  [
    'two million empty objects in the wrong place',
    Buffer.from(`{"model":"m","x":[${'{},'.repeat(2_000_000)}{}]}`),
    {},
    413,
  ],
  ['a key a million times', Buffer.from(`{${'"a":1,'.repeat(1_000_000)}"a":1}`), {}, 400],
  ['invalid UTF-8', Buffer.alloc(MIB, 0xff), {}, 400],
  ['a form', Buffer.from('a=b'), { 'content-type': 'application/x-www-form-urlencoded' }, 415],
] as [string, Buffer, Record<string, string>, number][])('%s, twenty times', async (_, body, headers, status) => {
  const attack = async () => {
    const answer = await fetch(`${server.url}/v2/rerank`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: new Uint8Array(body),
    });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ message: expect.any(String) });
  };
  await attack();
  await withFlatMemory(300 * MIB, async () => {
    for (let i = 0; i < 20; i++) await attack();
  });
});

it('a client that disconnects frees its queued passages, as /metrics shows', async () => {
  const count = 3000;
  const texts = Array.from({ length: count }, (_, i) => `Passage ${i} ${'about the weather and the sea '.repeat(12)}`);
  const before = await server.metric('bge_reranker_scored_pairs_total');
  const controller = new AbortController();
  const answer = fetch(`${server.url}/rerank`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'weather', texts }),
    signal: controller.signal,
  }).catch((error: unknown) => error);
  while (!((await server.metric('bge_reranker_queued_pairs')) > count / 2)) await wait(10);
  controller.abort();
  expect(await answer).toMatchObject({ name: 'AbortError' });
  while ((await server.metric('bge_reranker_queued_pairs')) > 0) await wait(10);
  expect((await server.metric('bge_reranker_scored_pairs_total')) - before).toBeLessThan(count / 2);
  expect(await server.metric('bge_reranker_active_requests')).toBe(0);
  await expectOthersServed();
});
