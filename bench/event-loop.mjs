// Event-loop delay while 300 pairs are scored: `node bench/event-loop.mjs [--model NAME]`. Held: p99 under 5 ms.
import { setTimeout as sleep } from 'node:timers/promises';
import { withEventLoopDelay } from './lib/measure.mjs';
import { ownOptions, printFigure, withReranker } from './lib/own-engine.mjs';

const PAIRS = 300;
const IDLE_MS = 2000;
const LIMIT_MS = 5;

await withReranker(ownOptions(), async ({ reranker, input }) => {
  await reranker.rerank(input(4));
  // What this machine does to an idle loop, for comparison: other processes delay timers too.
  const idle = await withEventLoopDelay(() => sleep(IDLE_MS));
  const { delay } = await withEventLoopDelay(() => reranker.rerank(input(PAIRS)));
  printFigure({
    name: 'event-loop delay',
    line: `p99 ${delay.p99.toFixed(2)} ms, max ${delay.max.toFixed(2)} ms while ${PAIRS} pairs are scored (idle: p99 ${idle.delay.p99.toFixed(2)} ms); busy ${(100 * delay.busy).toFixed(1)} % of the time`,
    ok: delay.p99 < LIMIT_MS,
    scoring: delay,
    idle: idle.delay,
  });
});
