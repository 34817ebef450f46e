// What HTTP costs: pairs a second of `serve` under 32 connections of 10 short passages, against in-process rerank() of
// the same requests on the same Reranker. The two take turns in one run, since only their ratio means anything.
// Usage: node bench/http-overhead.mjs [--model FOLDER] [--seconds 3] [--rounds 5] [--connections 32]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const CACHE = process.env.BGE_RERANKER_CACHE || path.join(homedir(), '.cache', 'bge-reranker');
const PASSAGES = 10;
const SUBJECTS = [
  'tea',
  'the tram',
  'tomatoes',
  'a lighthouse',
  'the moon',
  'chess',
  'copper',
  'the sea',
  'bread',
  'snow',
];

/** Different in every request, as the engine scores equal passages of one request once. */
function requestBody(number) {
  const contexts = SUBJECTS.slice(0, PASSAGES).map((subject, i) => ({
    text: `Note ${number}.${i} says something short about ${subject}.`,
  }));
  return { query: `What is known about ${SUBJECTS[number % SUBJECTS.length]}?`, contexts };
}

/** Keeps `lanes` calls running for the time; requests completed a second. */
async function requestsPerSecond(lanes, seconds, call) {
  const started = performance.now();
  const until = started + seconds * 1000;
  let next = 0;
  let done = 0;
  const lane = async () => {
    while (performance.now() < until) {
      await call(requestBody(next++));
      done++;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return done / ((performance.now() - started) / 1000);
}

// In the child: the server, and the in-process turns.
async function serveAndRun() {
  const { serve } = createRequire(import.meta.url)('../dist/server');
  const { model } = JSON.parse(process.argv[3]);
  const server = await serve({ model, port: 0 });
  process.on('message', async ({ lanes, seconds }) => {
    process.send({ rate: await requestsPerSecond(lanes, seconds, (body) => server.reranker.rerank(body)) });
  });
  process.once('disconnect', () => server.close());
  process.send({ port: server.port, threads: server.reranker.info.threads });
}

function post(agent, port, body) {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const route = '/client/v4/accounts/00000000000000000000000000000000/ai/run/@cf/baai/bge-reranker-base';
    const request = http.request({ agent, port, host: '127.0.0.1', method: 'POST', path: route, headers }, (answer) => {
      let received = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => (received += chunk));
      answer.on('end', () => {
        if (answer.statusCode !== 200) return reject(new Error(received));
        resolve(JSON.parse(received));
      });
    });
    request.on('error', reject);
    request.end(text);
  });
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function main() {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: path.join(CACHE, 'models/cross-encoder/ms-marco-MiniLM-L-12-v2') },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '32' },
    },
  });
  const lanes = Number(values.connections);
  const seconds = Number(values.seconds);
  const child = fork(fileURLToPath(import.meta.url), ['--child', JSON.stringify({ model: values.model })]);
  const [{ port, threads }] = await once(child, 'message');
  const agent = new http.Agent({ keepAlive: true, maxSockets: lanes });
  const inProcess = async (time) => {
    child.send({ lanes, seconds: time });
    const [{ rate }] = await once(child, 'message');
    return rate;
  };
  const byHttp = (time) => requestsPerSecond(lanes, time, (body) => post(agent, port, body));
  await inProcess(1);
  await byHttp(1);
  const ratios = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    // Every other round begins with HTTP, so that a drift of the machine favours neither.
    const first = round % 2 === 0 ? await inProcess(seconds) : await byHttp(seconds);
    const second = round % 2 === 0 ? await byHttp(seconds) : await inProcess(seconds);
    const [direct, http_] = round % 2 === 0 ? [first, second] : [second, first];
    ratios.push(http_ / direct);
    const shown = (rate) => (rate * PASSAGES).toFixed(0).padStart(6);
    console.log(
      `in-process ${shown(direct)} pairs/s   HTTP ${shown(http_)} pairs/s   ${((100 * http_) / direct).toFixed(1)} %`,
    );
  }
  console.log(
    `median ${(100 * median(ratios)).toFixed(1)} % (${lanes} connections, ${PASSAGES} passages, ${threads} threads)`,
  );
  agent.destroy();
  child.disconnect();
}

await (process.argv[2] === '--child' ? serveAndRun() : main());
