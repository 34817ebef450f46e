// Ten times the capacity, again and again: `node bench/admission.mjs [--model NAME] [--rounds N] [--bound SECONDS] [--mixed]`.
// Held: the wait of admitted calls stays under maxQueueSeconds (p99), and the refused hear a time that is right within
// a factor of two: each round ends with the last refused call of each size asking again until it is taken.
import { subscribe } from 'node:diagnostics_channel';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { closedLoop, latencies } from './lib/measure.mjs';
import { ownOptions, printFigure, withReranker } from './lib/own-engine.mjs';

const OVERLOAD = 10;
const REQUESTS = 24;
const CAPACITY_SECONDS = 4;
/** A round offers for this many times the bound: the queue is full from its first quarter on. */
const ROUND_BOUNDS = 3;
const ASK_AGAIN_MS = 10;
/** No client hears of less, so a shorter time is as right. */
const LEAST_RETRY_MS = 100;

const options = ownOptions({
  rounds: { type: 'string', default: '8' },
  bound: { type: 'string', default: '2' },
  mixed: { type: 'boolean', default: false },
});
const maxQueueSeconds = Number(options.bound);
/** Passages of a request, by turns. */
const SIZES = options.mixed ? [5, 10, 20, 40] : [10];

/** How long a call that was refused with `retryAfterMs` is refused, asked until it is taken. */
async function timeUntilTaken(reranker, request, since) {
  for (;;) {
    const asked = performance.now();
    const controller = new AbortController();
    const call = reranker.rerank(request, { signal: controller.signal });
    const refused = await Promise.race([
      call.then(
        () => false,
        (error) => error.code === 'OVERLOADED',
      ),
      sleep(1, false),
    ]);
    if (!refused) {
      // Taken: its place is given back, for the next that asks.
      controller.abort();
      await call.catch(() => undefined);
      return asked - since;
    }
    await sleep(ASK_AGAIN_MS);
  }
}

async function round(reranker, requests, rate, outcome) {
  const lastRefused = new Map();
  const pending = [];
  const total = Math.floor(rate * ROUND_BOUNDS * maxQueueSeconds);
  const start = performance.now();
  for (let i = 0; i < total; i++) {
    const due = start + (i * 1000) / rate;
    while (performance.now() < due) await sleep(due - performance.now());
    const request = requests[i % requests.length];
    outcome.offered++;
    const refused = ({ code, retryAfterMs }) => {
      if (code !== 'OVERLOADED') throw new Error(`a call failed with ${code}`);
      outcome.refused++;
      lastRefused.set(request.contexts.length, { request, retryAfterMs, since: performance.now() });
    };
    pending.push(reranker.rerank(request).then(() => outcome.answered++, refused));
  }
  // The largest first: smaller ones go before it and are taken long before.
  const bySize = [...lastRefused.values()].sort((a, b) => a.request.contexts.length - b.request.contexts.length);
  for (const { request, retryAfterMs, since } of bySize) {
    const took = await timeUntilTaken(reranker, request, since);
    outcome.times.push({ passages: request.contexts.length, told: retryAfterMs, took });
  }
  await Promise.all(pending);
}

const isRight = ({ told, took }) => {
  const real = Math.max(took, LEAST_RETRY_MS);
  return told <= 2 * real && told >= real / 2;
};

await withReranker(
  options,
  async ({ reranker, input }) => {
    const requests = Array.from({ length: REQUESTS }, (_, i) => input(SIZES[i % SIZES.length], i * 10));
    const load = { callers: 1, seconds: CAPACITY_SECONDS };
    const { elapsedMs, pairs } = await closedLoop((request) => reranker.rerank(request), requests, load);
    const pairsPerRequest = requests.reduce((sum, { contexts }) => sum + contexts.length, 0) / REQUESTS;
    const rate = (OVERLOAD * pairs * 1000) / elapsedMs / pairsPerRequest;
    const waits = latencies();
    subscribe('tracing:bge-reranker:rerank:asyncEnd', ({ queueMs }) => queueMs !== undefined && waits.record(queueMs));
    const outcome = { offered: 0, answered: 0, refused: 0, times: [] };
    for (let i = 0; i < Number(options.rounds); i++) await round(reranker, requests, rate, outcome);
    const wait = waits.summary();
    const right = outcome.times.filter(isRight).length;
    const { offered, answered, refused, times } = outcome;
    printFigure({
      name: options.mixed ? 'admission, mixed sizes' : 'admission',
      line: `${offered} calls at ${rate.toFixed(0)}/s: ${answered} answered, ${refused} refused; wait p50 ${(wait.p50 / 1000).toFixed(2)} s, p99 ${(wait.p99 / 1000).toFixed(2)} s of ${maxQueueSeconds} s; ${right} of ${times.length} times to retry right within 2x`,
      ok: wait.p99 < maxQueueSeconds * 1000 && right === times.length && answered + refused === offered,
      wait,
      times: times.map(({ passages, told, took }) => ({ passages, told, took: Math.round(took) })),
    });
  },
  { maxQueueSeconds },
);
