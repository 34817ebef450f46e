// What single bodies and unfinished ones cost a server, without a model: `node bench/soak/bodies.mjs [--connections N]`.
// Held: the p99 of GET /health beside any one body of at most maxBodyBytes, accepted or refused, stays under 50 ms; and so
// many connections with unfinished bodies take no more than maxBodyBytesInFlight above what the connections take.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quantile } from 'simple-statistics';

const MAX_BODY = 4 * 2 ** 20;
const HEALTH_LIMIT_MS = 50;
const HEALTH_REQUESTS = 200;

const { values } = parseArgs({
  options: { serve: { type: 'boolean' }, connections: { type: 'string', default: '4000' } },
});

/** Scores are the texts' lengths. */
const fake = {
  info: {
    model: 'm',
    dtype: 'int8',
    maxLength: 512,
    threads: 1,
    engine: { name: 'builtin' },
    provider: { got: 'cpu' },
  },
  rerank: async ({ contexts }) => ({ response: contexts.map((context, id) => ({ id, score: 1 / (1 + id) })) }),
  stats: () => ({ activeRequests: 0, queuedPairs: 0, queuedTokens: 0, maxQueuedTokens: 1, requests: {}, latency: {} }),
};

if (values.serve) {
  const require = createRequire(import.meta.url);
  const { createHandler } = require('../../dist/server');
  const handler = createHandler(fake, { bodyTimeoutMs: 600_000 });
  const server = http.createServer(handler.listener);
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  // Whoever measures was stopped: nobody else ends this process.
  process.on('disconnect', () => process.exit());
} else {
  await measure();
}

/** Bodies near the limit, of the shapes that cost most. */
function bodies() {
  const filled = (item, join = ',') => {
    const count = Math.floor((MAX_BODY - 200) / (item.length + join.length));
    return Array.from({ length: count }, () => item).join(join);
  };
  return {
    'one text': `{"query":"a","documents":["${'x'.repeat(MAX_BODY - 100)}"]}`,
    'two-byte text': `{"query":"a","documents":["${'é'.repeat(MAX_BODY / 2 - 100)}"]}`,
    'escaped text': `{"query":"a","documents":["${'\\"'.repeat(MAX_BODY / 2 - 100)}"]}`,
    '\\u escapes': `{"query":"a","documents":["${'\\u00e9'.repeat(MAX_BODY / 6 - 100)}"]}`,
    '4,096 documents': `{"query":"a","documents":[${Array.from({ length: 4096 }, (_, i) => `"${'y'.repeat(1000)}${i}"`).join(',')}]}`,
    'many documents': `{"query":"a","documents":[${filled('"b"')}]}`,
    'many keys': `{"query":"a",${filled('"k":1')
      .replaceAll('"k"', () => `"k${Math.random().toString(36).slice(2, 9)}"`)
      .slice(0, MAX_BODY - 400)}`,
    'many objects': `{"query":"a","documents":[${filled('{"text":"b"}')}]}`,
    'empty objects': `{"query":"a","documents":[${filled('{}')}]}`,
    'deep arrays': '['.repeat(MAX_BODY - 10),
    numbers: `{"query":"a","x":[${filled('1')}],"documents":["b"]}`,
    'long numbers': `{"query":"a","x":[${filled('1.7976931348623157e308')}],"documents":["b"]}`,
    blanks: `{"query":"a","documents":["b"]${' '.repeat(MAX_BODY - 100)}}`,
    quotes: '"'.repeat(MAX_BODY - 10),
    'no JSON': 'x'.repeat(MAX_BODY - 10),
  };
}

function post(port, path, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = http.request(
      { port, host: '127.0.0.1', path, method: 'POST', headers, agent: false },
      (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      },
    );
    request.on('error', (error) =>
      error.code === 'EPIPE' || error.code === 'ECONNRESET' ? resolve('closed') : reject(error),
    );
    request.end(body);
  });
}

async function health(port, agent) {
  const start = performance.now();
  await new Promise((resolve, reject) => {
    http
      .get({ port, host: '127.0.0.1', path: '/health', agent }, (response) => response.resume().on('end', resolve))
      .on('error', reject);
  });
  return performance.now() - start;
}

const resident = (pid) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

async function beside(port, body) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const delays = [];
  let status;
  while (delays.length < HEALTH_REQUESTS) {
    let done = false;
    const sent = post(port, '/v1/rerank', body).then((code) => {
      status = code;
      done = true;
    });
    while (!done) {
      delays.push(await health(port, agent));
      await sleep(1);
    }
    await sent;
  }
  agent.destroy();
  return { status, p99: quantile(delays, 0.99), max: Math.max(...delays), count: delays.length };
}

async function unfinished(port, pid, connections) {
  const sockets = [];
  const open = async (bytes) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write(
      `POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${MAX_BODY}\r\n\r\n`,
    );
    if (bytes > 0) socket.write(Buffer.alloc(bytes, 0x20));
  };
  const before = resident(pid);
  for (let i = 0; i < connections; i++) await open(0);
  await sleep(2000);
  const connected = resident(pid);
  for (const socket of sockets) socket.write(Buffer.alloc(256 * 1024, 0x20));
  await sleep(8000);
  const held = resident(pid);
  for (const socket of sockets) socket.destroy();
  return {
    connections,
    beforeMiB: before / 2 ** 20,
    connectedMiB: connected / 2 ** 20,
    heldMiB: held / 2 ** 20,
    bodiesMiB: (held - connected) / 2 ** 20,
  };
}

async function measure() {
  const child = fork(fileURLToPath(import.meta.url), ['--serve']);
  const [port] = await once(child, 'message');
  let ok = true;
  for (const [name, body] of Object.entries(bodies())) {
    const { status, p99, max, count } = await beside(port, body);
    ok &&= p99 < HEALTH_LIMIT_MS;
    console.log(`${name.padEnd(18)} ${status} p99 ${p99.toFixed(1)} ms max ${max.toFixed(1)} ms of ${count}`);
  }
  const figures = await unfinished(port, child.pid, Number(values.connections));
  ok &&= figures.bodiesMiB < 256 * 1.25;
  console.log(JSON.stringify(figures));
  child.kill();
  process.exitCode = ok ? 0 : 1;
}
