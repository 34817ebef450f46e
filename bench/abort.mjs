// Abort of 1,000 queued pairs: `node bench/abort.mjs [--model NAME] [--rounds N]`.
// Held: the promise rejects within 20 ms, the queue is empty, and no run that had not started starts afterwards.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownOptions, printFigure, withReranker } from './lib/own-engine.mjs';

const PAIRS = 1000;
const SETTLE_MS = 300;
const LIMIT_MS = 20;
const POLL_MS = 5;

async function abortOnce({ reranker, input }) {
  const controller = new AbortController();
  const answer = reranker.rerank(input(PAIRS), { signal: controller.signal }).then(
    () => 'an answer',
    (error) => error.name,
  );
  await sleep(SETTLE_MS);
  const before = reranker.stats();
  const start = performance.now();
  controller.abort();
  const outcome = await answer;
  const rejectMs = performance.now() - start;
  const after = reranker.stats();
  // Runs in progress when the abort came may finish, one on each thread; nothing else may.
  while (reranker.stats().queuedTokens > 0) await sleep(POLL_MS);
  await sleep(SETTLE_MS);
  const { batches, scoredPairs } = reranker.stats();
  const finished = { runs: batches - before.batches, pairs: scoredPairs - before.scoredPairs };
  return { outcome, queuedBefore: before.queuedPairs, rejectMs, queuedAfter: after.queuedPairs, finished };
}

const options = ownOptions({ rounds: { type: 'string', default: '5' } });
await withReranker(options, async (engine) => {
  const rounds = [];
  for (let i = 0; i < Number(options.rounds); i++) rounds.push(await abortOnce(engine));
  const worst = (pick) => Math.max(...rounds.map(pick));
  const rejectMs = worst((round) => round.rejectMs);
  const queuedAfter = worst((round) => round.queuedAfter);
  const runs = worst((round) => round.finished.runs);
  const pairs = worst((round) => round.finished.pairs);
  const ok =
    rejectMs < LIMIT_MS &&
    queuedAfter === 0 &&
    runs <= options.threads &&
    rounds.every((round) => round.outcome === 'AbortError' && round.queuedBefore > 0);
  printFigure({
    name: 'abort',
    line: `rejected within ${rejectMs.toFixed(2)} ms with ${worst((round) => round.queuedBefore)} pairs queued; ${queuedAfter} stayed queued, ${runs} runs in progress finished, with ${pairs} pairs`,
    ok,
    rounds,
  });
});
