import { execSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { killRunning } from '../support/processes';
import { until } from '../support/until';
import { startServer, type ServerProcess } from './server-process';

const MIB = 2 ** 20;
const HEADERS_MS = 8000;

let server: ServerProcess;
/** With little patience for bodies: what is large and honest may take longer than that on a busy machine. */
let impatient: ServerProcess;
beforeAll(async () => {
  server = await startServer({ bodyTimeoutMs: 20_000, headersTimeoutMs: HEADERS_MS, maxBodyBytes: 8 * MIB });
  impatient = await startServer({ bodyTimeoutMs: 1500 });
  for (const each of [server, impatient]) await expectOthersServed(each);
});
afterAll(async () => {
  for (const each of [server, impatient]) expect(await each.stop()).toBe(0);
});
afterAll(killRunning);

async function open(to = server): Promise<Socket> {
  const socket = connect(to.port, '127.0.0.1');
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

function head(headers: Record<string, string | number>): string {
  const lines = Object.entries({ host: 'localhost', 'content-type': 'application/json', ...headers });
  return `POST /v2/rerank HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

async function expectOthersServed(by = server): Promise<void> {
  const answer = await fetch(`${by.url}/rerank`, {
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

/** Sends a head and a piece of its body each second; what comes until the server closes the connection. */
async function drip(headers: Record<string, string | number>, piece: string): Promise<string> {
  const socket = await open(impatient);
  const closed = untilClosed(socket);
  socket.write(head(headers));
  const dripping = setInterval(() => socket.write(piece), 1000);
  try {
    await expectOthersServed(impatient);
    return await closed;
  } finally {
    clearInterval(dripping);
    socket.destroy();
  }
}

it('a body of one byte a second gets 408 and a closed connection, while others are served', async () => {
  expect(await drip({ 'content-length': 1000 }, '[')).toMatch(/^HTTP\/1\.1 408 /);
});

it('a chunked body of one byte a second too', async () => {
  expect(await drip({ 'transfer-encoding': 'chunked' }, '1\r\n[\r\n')).toMatch(/^HTTP\/1\.1 408 /);
});

it('a head that does not end is closed', async () => {
  const socket = await open();
  const closed = untilClosed(socket);
  socket.write('POST /rerank HTTP/1.1\r\nhost: localhost\r\n');
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

/** Opens a connection that sends nothing; its life in milliseconds, from before it was asked for. */
async function idle(): Promise<{ life: Promise<number> }> {
  const asked = performance.now();
  const socket = await open();
  return { life: closing(socket.resume()).then(() => performance.now() - asked) };
}

it('ten thousand idle connections: others served, memory bounded, all closed in time and none before', async () => {
  const connections: { life: Promise<number> }[] = [];
  await withFlatMemory(160 * MIB, async () => {
    const wanted = idleConnections();
    for (let opened = 0; opened < wanted; opened += 500) {
      connections.push(...(await Promise.all(Array.from({ length: 500 }, idle))));
    }
    await expectOthersServed();
  });
  const lives = await Promise.all(connections.map(({ life }) => life));
  expect(Math.min(...lives)).toBeGreaterThanOrEqual(HEADERS_MS);
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
    const ended = closing(socket);
    while (!socket.closed) {
      const full = !socket.write(chunk);
      const goOn = new Promise<void>((resolve) => (full ? socket.once('drain', resolve) : setImmediate(resolve)));
      await Promise.race([goOn, ended]);
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
  // Minutes of work: half of it cannot be done unseen.
  const count = 4000;
  const texts = Array.from({ length: count }, (_, i) => `Passage ${i} ${'about the weather and the sea '.repeat(45)}`);
  const before = await server.metric('bge_reranker_scored_pairs_total');
  const controller = new AbortController();
  const answer = fetch(`${server.url}/rerank`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'weather', texts }),
    signal: controller.signal,
  }).catch((error: unknown) => error);
  const queued = () => server.metric('bge_reranker_queued_pairs');
  await until('the passages are queued', async () => (await queued()) > count / 2);
  controller.abort();
  expect(await answer).toMatchObject({ name: 'AbortError' });
  await until('the queue is empty', async () => (await queued()) === 0);
  expect((await server.metric('bge_reranker_scored_pairs_total')) - before).toBeLessThan(count / 2);
  expect(await server.metric('bge_reranker_active_requests')).toBe(0);
  await expectOthersServed();
});
