// Loads on one peer inside its own process: how many callers, how requests arrive, what is recorded.
import { createHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const MICROSECONDS_PER_MS = 1000;
const EVENT_LOOP_SAMPLE_MS = 1;

/** Percentiles in ms of what `record(ms)` was given. */
export function latencies() {
  const histogram = createHistogram();
  return {
    record: (ms) => histogram.record(Math.max(1, Math.round(ms * MICROSECONDS_PER_MS))),
    summary: () => ({
      count: histogram.count,
      p50: histogram.percentile(50) / MICROSECONDS_PER_MS,
      p95: histogram.percentile(95) / MICROSECONDS_PER_MS,
      p99: histogram.percentile(99) / MICROSECONDS_PER_MS,
      max: histogram.max / MICROSECONDS_PER_MS,
    }),
  };
}

/**
 * Event-loop delay in ms while `work` runs: Node's samples hold the sampling interval too, which is taken off. `busy` is
 * the share of the time in which the loop ran something: unlike the delay, it does not rise when others have the cores.
 */
export async function withEventLoopDelay(work) {
  const monitor = monitorEventLoopDelay({ resolution: EVENT_LOOP_SAMPLE_MS });
  monitor.enable();
  const before = performance.eventLoopUtilization();
  const result = await work();
  const busy = performance.eventLoopUtilization(before).utilization;
  // A loop that was blocked to the end has its last delay recorded by one more turn.
  await sleep(2 * EVENT_LOOP_SAMPLE_MS);
  monitor.disable();
  const ms = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - EVENT_LOOP_SAMPLE_MS);
  const delay = { p50: ms(monitor.percentile(50)), p99: ms(monitor.percentile(99)), max: ms(monitor.max), busy };
  return { result, delay };
}

/**
 * `callers` callers, each sending its next request when the last is answered. Whole passes over `requests` (at least
 * one) until `seconds` are over, so that every peer scores the same pairs.
 */
export async function closedLoop(rerank, requests, { callers, seconds }) {
  const latency = latencies();
  let sent = 0;
  const start = performance.now();
  const isOver = () => sent % requests.length === 0 && sent > 0 && performance.now() - start >= seconds * 1000;
  const caller = async () => {
    while (!isOver()) {
      const request = requests[sent++ % requests.length];
      const begun = performance.now();
      await rerank(request);
      latency.record(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const elapsedMs = performance.now() - start;
  const pairsPerPass = requests.reduce((sum, request) => sum + request.contexts.length, 0);
  return { elapsedMs, pairs: (pairsPerPass * sent) / requests.length, latency: latency.summary() };
}

/**
 * Constant arrival: one request every 1/`rate` seconds for `seconds`, whatever the answers do. Latency counts from the
 * moment a request was due, so a peer that blocks its own clock gains nothing by it.
 */
export async function openLoop(rerank, requests, { rate, seconds }) {
  const latency = latencies();
  const total = Math.max(1, Math.floor(rate * seconds));
  const start = performance.now();
  const answers = [];
  let pairs = 0;
  for (let i = 0; i < total; i++) {
    const due = start + (i * 1000) / rate;
    while (performance.now() < due) await sleep(due - performance.now());
    const request = requests[i % requests.length];
    pairs += request.contexts.length;
    answers.push(rerank(request).then(() => latency.record(performance.now() - due)));
  }
  await Promise.all(answers);
  return { elapsedMs: performance.now() - start, pairs, latency: latency.summary(), rate };
}

/** Logits of `requests` in order, until `seconds` are over. */
export async function scoreAll(rerank, requests, { seconds }) {
  const start = performance.now();
  const logits = [];
  for (const request of requests) {
    if (performance.now() - start >= seconds * 1000) break;
    logits.push(Array.from(await rerank(request), Number));
  }
  return { elapsedMs: performance.now() - start, pairs: logits.flat().length, logits };
}
