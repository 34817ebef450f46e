// Twice the capacity for 60 s: `node bench/overload.mjs [--model NAME] [--seconds N]`.
// Held: refused calls are refused in under 5 ms, accepted ones are all answered, and memory does not grow once the
// bounded queue is full.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { closedLoop, latencies } from './lib/measure.mjs';
import { ownOptions, printFigure, withReranker } from './lib/own-engine.mjs';

const PASSAGES = 10;
const REQUESTS = 30;
const CAPACITY_SECONDS = 10;
const CAPACITY_CALLERS = 4;
const OVERLOAD = 2;
/** About 10 requests of 10 passages; full in the first seconds. */
const MAX_QUEUED_TOKENS = 25_000;
const REFUSAL_LIMIT_MS = 5;
const RSS_EVERY_MS = 500;
/** The share of the run after which the queue is full and the memory at its plateau. */
const WARM_SHARE = 0.2;
const GROWTH_LIMIT = 0.05;

/** Sends one request every 1/rate seconds; every outcome is counted. */
async function offer(reranker, requests, rate, seconds) {
  const refusals = latencies();
  const answers = latencies();
  const counts = { offered: 0, answered: 0, refused: 0, failed: 0 };
  const pending = [];
  const start = performance.now();
  const total = Math.floor(rate * seconds);
  for (; counts.offered < total; counts.offered++) {
    const due = start + (counts.offered * 1000) / rate;
    while (performance.now() < due) await sleep(due - performance.now());
    const sent = performance.now();
    const settled = (outcome, histogram) => () => {
      counts[outcome]++;
      histogram?.record(performance.now() - sent);
    };
    const refused = settled('refused', refusals);
    const onError = (error) => (error.code === 'OVERLOADED' ? refused() : settled('failed')());
    pending.push(
      reranker.rerank(requests[counts.offered % requests.length]).then(settled('answered', answers), onError),
    );
  }
  await Promise.all(pending);
  return { counts, refusals: refusals.summary(), answers: answers.summary() };
}

function watchMemory() {
  const samples = [];
  const timer = setInterval(() => samples.push(process.memoryUsage.rss()), RSS_EVERY_MS);
  return () => {
    clearInterval(timer);
    const warm = Math.ceil(samples.length * WARM_SHARE);
    const plateau = Math.max(...samples.slice(0, warm));
    return {
      plateauBytes: plateau,
      maxBytes: Math.max(...samples),
      growth: Math.max(...samples.slice(warm)) / plateau - 1,
    };
  };
}

const options = ownOptions({ seconds: { type: 'string', default: '60' } });
await withReranker(
  options,
  async ({ reranker, input }) => {
    const requests = Array.from({ length: REQUESTS }, (_, i) => input(PASSAGES, i * PASSAGES));
    const load = { callers: CAPACITY_CALLERS, seconds: CAPACITY_SECONDS };
    const { pairs, elapsedMs } = await closedLoop((request) => reranker.rerank(request), requests, load);
    const capacity = pairs / PASSAGES / (elapsedMs / 1000);
    const memory = watchMemory();
    const { counts, refusals, answers } = await offer(reranker, requests, OVERLOAD * capacity, Number(options.seconds));
    const rss = memory();
    const allAnswered = counts.failed === 0 && counts.answered + counts.refused === counts.offered;
    printFigure({
      name: 'overload',
      line: `${counts.offered} requests at ${(OVERLOAD * capacity).toFixed(1)}/s: ${counts.answered} answered, ${counts.refused} refused (p99 ${refusals.p99.toFixed(2)} ms, max ${refusals.max.toFixed(2)} ms), ${counts.failed} failed; memory grew by ${(100 * rss.growth).toFixed(1)} %`,
      ok: allAnswered && counts.refused > 0 && refusals.p99 < REFUSAL_LIMIT_MS && rss.growth < GROWTH_LIMIT,
      counts,
      refusals,
      answers,
      rss,
    });
  },
  { maxQueuedTokens: MAX_QUEUED_TOKENS },
);
