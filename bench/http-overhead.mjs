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
  process.on('message', async ({ lanes, seconds = 0 }) => {
    // Without a time it only tells its CPU.
    const rate = seconds && (await requestsPerSecond(lanes, seconds, (body) => server.reranker.rerank(body)));
    process.send({ rate, cpu: process.cpuUsage(), pairs: server.reranker.stats().scoredPairs });
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
  const ask = async (message) => {
    child.send(message);
    const [answer] = await once(child, 'message');
    return answer;
  };
  /** Pairs a second, and the server process's CPU milliseconds a pair. */
  const measured = async (work) => {
    const before = await ask({});
    const rate = await work();
    const after = await ask({});
    const cpu = after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system;
    return { rate: rate * PASSAGES, cpu: cpu / 1000 / (after.pairs - before.pairs) };
  };
  const inProcess = (time) => measured(async () => (await ask({ lanes, seconds: time })).rate);
  const byHttp = (time) => measured(() => requestsPerSecond(lanes, time, (body) => post(agent, port, body)));
  await inProcess(1);
  await byHttp(1);
  const ratios = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    // Every other round begins with HTTP, so that a drift of the machine favours neither.
    const turns = [inProcess, byHttp];
    const [one, other] = round % 2 === 0 ? turns : turns.reverse();
    const first = await one(seconds);
    const second = await other(seconds);
    const [direct, served] = round % 2 === 0 ? [first, second] : [second, first];
    ratios.push({ rate: served.rate / direct.rate, cpu: direct.cpu / served.cpu });
    const shown = ({ rate, cpu }) =>
      `${rate.toFixed(0).padStart(5)} pairs/s, ${cpu.toFixed(2).padStart(6)} ms CPU a pair`;
    console.log(
      `in-process ${shown(direct)}   HTTP ${shown(served)}   ${((100 * served.rate) / direct.rate).toFixed(1)} %`,
    );
  }
  const percent = (name) => `${(100 * median(ratios.map((ratio) => ratio[name]))).toFixed(1)} %`;
  console.log(
    `median: HTTP has ${percent('rate')} of the pairs a second, ${percent('cpu')} of the pairs a second of server CPU`,
  );
  console.log(`(${lanes} connections, ${PASSAGES} passages, ${threads} threads)`);
  agent.destroy();
  child.disconnect();
}

await (process.argv[2] === '--child' ? serveAndRun() : main());
