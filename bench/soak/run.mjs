// Mixed load over HTTP with faults, for as long as it takes: `node bench/soak/run.mjs [--minutes N] [--model NAME]`.
// Clients rerank, abort, send bad, slow and unfinished bodies and hit time limits, while the server loads and closes models
// beside. Held: memory and handles do not grow, and nothing fails but what was provoked.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { linearRegression, quantile } from 'simple-statistics';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    model: { type: 'string', default: 'cross-encoder/ms-marco-MiniLM-L-12-v2' },
    clients: { type: 'string', default: '8' },
  },
});
const SAMPLE_MS = 5000;
const RELOAD_MS = 20_000;
/** What the allocator, V8's heap and the caches take until they are as large as this load makes them. */
const WARM_SHARE = 0.3;
/** Resident memory may drift by so much over the whole run: the noise of the allocator. */
const DRIFT_BYTES = 32 * 2 ** 20;
const REQUEST_TIMEOUT_MS = 1500;

const WORDS = 'wing flow pressure heat shock layer boundary speed of the a in supersonic plate body jet'.split(' ');
const pick = (count) => Math.floor(Math.random() * count);
const words = (count) => Array.from({ length: count }, () => WORDS[pick(WORDS.length)]).join(' ');
const request = (passages, length) => ({
  query: words(5),
  documents: Array.from({ length: passages }, () => words(length)),
});

const counts = {};
const count = (name) => (counts[name] = (counts[name] ?? 0) + 1);
const unexpected = [];
const health = [];
const rerank = [];

async function post(url, body, signal) {
  const response = await fetch(`${url}/v1/rerank`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal,
  });
  return { status: response.status, body: await response.json() };
}

/** `statuses`: those that are no failure. */
async function expectStatus(name, statuses, sent) {
  const { status, body } = await sent;
  count(`${name}: ${status}`);
  if (!statuses.includes(status)) unexpected.push(`${name}: ${status} ${JSON.stringify(body).slice(0, 200)}`);
  return body;
}

const BAD_BODIES = [
  ['', 400],
  ['{"query": "a"', 400],
  ['{"query": "a", "query": "b", "documents": []}', 400],
  ['['.repeat(1000), 400],
  [JSON.stringify({ query: 7, documents: ['a'] }), 400],
  [JSON.stringify({ query: 'a', documents: Array.from({ length: 5000 }, () => 'x') }), 413],
  [JSON.stringify({ query: 'x'.repeat(5 * 2 ** 20), documents: ['a'] }), 413],
];

const ACTIONS = {
  async answers(url) {
    const passages = 1 + pick(12);
    const start = performance.now();
    const body = await expectStatus('answers', [200, 408, 429, 503], post(url, request(passages, 5 + pick(60))));
    rerank.push(performance.now() - start);
    if (body.results && body.results.length !== passages) unexpected.push('a result for each document');
  },
  async aborts(url) {
    const aborted = new AbortController();
    setTimeout(() => aborted.abort(), pick(40));
    await post(url, request(20, 80), aborted.signal).then(
      ({ status }) => count(`aborts: ${status}`),
      () => count('aborts: aborted'),
    );
  },
  async timesOut(url) {
    await expectStatus('timesOut', [200, 408, 429, 503], post(url, request(200, 120)));
  },
  async badBody(url) {
    const [body, status] = BAD_BODIES[pick(BAD_BODIES.length)];
    await expectStatus('badBody', [status, 400, 422, 413], post(url, body)).catch(() => count('badBody: closed'));
  },
  /** Half a body, then nothing: the server's time limit or our own end, whichever is first. */
  async unfinished(url) {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      'POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n',
    );
    socket.write(' '.repeat(pick(90_000)));
    await Promise.race([once(socket, 'close').catch(() => undefined), sleep(pick(2500))]);
    socket.destroy();
    count('unfinished');
  },
  async reads(url) {
    const path = ['/metrics', '/info', '/v1/models', '/openapi.json', '/none'][pick(5)];
    const response = await fetch(url + path);
    await response.arrayBuffer();
    count(`reads: ${response.status}`);
  },
};
const MIX = [
  'answers',
  'answers',
  'answers',
  'answers',
  'aborts',
  'timesOut',
  'badBody',
  'badBody',
  'unfinished',
  'reads',
];

async function client(url, until) {
  while (performance.now() < until) {
    const name = MIX[pick(MIX.length)];
    await ACTIONS[name](url).catch((error) => unexpected.push(`${name}: ${error.cause ?? error}`));
  }
}

async function watchHealth(url, until) {
  while (performance.now() < until) {
    const start = performance.now();
    const status = await fetch(`${url}/health`).then(
      (response) => response.status,
      (error) => String(error.cause ?? error),
    );
    health.push(performance.now() - start);
    if (status !== 200) unexpected.push(`health: ${status}`);
    await sleep(50);
  }
}

function resident(pid) {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kilobytes) * 1024;
}

async function sample(child, start) {
  child.send('handles');
  const [answer] = await once(child, 'message');
  return {
    seconds: (performance.now() - start) / 1000,
    rss: resident(child.pid),
    files: readdirSync(`/proc/${child.pid}/fd`).length,
    ...answer,
  };
}

const options = {
  model: values.model,
  reloadMs: RELOAD_MS,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  bodyTimeoutMs: 1000,
  maxQueuedTokens: 50_000,
  // No idle connection is closed just when a client sends on it.
  keepAliveTimeoutMs: 600_000,
};
const child = fork(fileURLToPath(new URL('server.cjs', import.meta.url)), [JSON.stringify(options)], {
  execArgv: ['--expose-gc'],
  stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
});
const [line] = await once(child.stdout, 'data');
child.stdout.resume();
const url = line.toString().trim();
const start = performance.now();
const until = start + Number(values.minutes) * 60_000;
const samples = [];
const load = [watchHealth(url, until), ...Array.from({ length: Number(values.clients) }, () => client(url, until))];
while (performance.now() < until) {
  await sleep(SAMPLE_MS);
  samples.push(await sample(child, start));
}
await Promise.all(load);
await sleep(2000);
const end = await sample(child, start);
child.kill('SIGTERM');
const [exitCode] = await once(child, 'exit');

const warm = samples.slice(Math.floor(samples.length * WARM_SHARE));
const slope = (of) => linearRegression(warm.map((each) => [each.seconds, of(each)])).m;
const spanSeconds = warm.at(-1).seconds - warm[0].seconds;
const drift = slope((each) => each.rss) * spanSeconds;
const figures = {
  minutes: Number(values.minutes),
  counts,
  unexpected: unexpected.length,
  reloads: end.reloads,
  failedReloads: end.failedReloads,
  rssMiB: { warm: warm[0].rss / 2 ** 20, end: end.rss / 2 ** 20, driftOfRun: drift / 2 ** 20 },
  files: { warm: warm[0].files, end: end.files },
  handles: { warm: warm[0].handles, end: end.handles },
  healthMs: { p50: quantile(health, 0.5), p99: quantile(health, 0.99) },
  rerankMs: { p50: quantile(rerank, 0.5), p99: quantile(rerank, 0.99) },
  exitCode,
};
const ok =
  unexpected.length === 0 &&
  end.failedReloads === 0 &&
  exitCode === 0 &&
  drift < DRIFT_BYTES &&
  end.files <= warm[0].files;
console.log(JSON.stringify({ ok, ...figures }, null, 2));
for (const each of unexpected.slice(0, 10)) console.log(each);
process.exitCode = ok ? 0 : 1;
