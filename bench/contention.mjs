// Where threads have fewer cores than they count on, this build against another one (of the commit before a change), in
// turns: `node bench/contention.mjs --against CHECKOUT [--rounds N] [--seconds S]`.
// Held in each case: at least 99 % of the other's pairs a second, and a p99 of latency at most 5 % above it.
import { fork } from 'node:child_process';
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { quantile } from 'simple-statistics';
import { ownOptions, printFigure, withReranker } from './lib/own-engine.mjs';

const CORES = os.availableParallelism();
const NEIGHBOUR = '--neighbour';
const CASES = [
  { name: 'twice the threads', threads: 2 * CORES, callers: 1, passages: 5 },
  { name: 'a busy neighbour', threads: CORES, callers: 1, passages: 5, neighbour: true },
  { name: '32 callers', threads: CORES, callers: 32, passages: 10 },
];

/** All callers ask again and again for `seconds`; adds pairs, time and latencies to `side`. */
async function measure(side, { callers, passages }, seconds) {
  const start = performance.now();
  const end = start + 1000 * seconds;
  const caller = async (i) => {
    for (let at = i; performance.now() < end; at += callers) {
      const began = performance.now();
      await side.reranker.rerank(side.input(passages, (at * passages) % 300));
      side.latencies.push(performance.now() - began);
      side.pairs += passages;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, i) => caller(i)));
  side.milliseconds += performance.now() - start;
}

function report(name, ours, theirs) {
  const rate = (side) => (1000 * side.pairs) / side.milliseconds;
  const p99 = (side) => quantile(side.latencies, 0.99);
  const share = rate(ours) / rate(theirs);
  const p99Times = p99(ours) / p99(theirs);
  printFigure({
    name,
    line: `${(100 * share).toFixed(1)} % of the other build's pairs a second (${rate(ours).toFixed(1)}), p99 ${p99Times.toFixed(2)} times its (${p99(ours).toFixed(0)} ms)`,
    ok: share >= 0.99 && p99Times <= 1.05,
    share,
    p99Times,
  });
}

async function compare(options, one) {
  const own = { ...options, threads: one.threads };
  const fresh = (engine) => ({ ...engine, pairs: 0, milliseconds: 0, latencies: [] });
  await withReranker(own, (ours) =>
    withReranker(
      own,
      async (theirs) => {
        const neighbour = one.neighbour ? fork(import.meta.filename, [NEIGHBOUR]) : undefined;
        try {
          const sides = [fresh(ours), fresh(theirs)];
          for (const side of sides) await measure({ ...side, latencies: [] }, one, 0.2);
          for (let round = 0; round < Number(options.rounds); round++) {
            for (const side of round % 2 ? [...sides].reverse() : sides)
              await measure(side, one, Number(options.seconds));
          }
          report(one.name, ...sides);
        } finally {
          neighbour?.kill();
        }
      },
      { checkout: options.against },
    ),
  );
}

async function main() {
  const text = { type: 'string' };
  const options = ownOptions({ against: text, rounds: { ...text, default: '6' }, seconds: { ...text, default: '2' } });
  if (!options.against) throw new Error('--against: expected the folder of another built checkout to compare with');
  for (const one of CASES) await compare(options, one);
}

/** Takes a core in slices, between which it hears that its parent has gone. */
function spin() {
  const end = performance.now() + 10;
  while (performance.now() < end);
  setImmediate(spin);
}

if (process.argv.includes(NEIGHBOUR)) {
  process.on('disconnect', () => process.exit());
  spin();
} else {
  await main();
}
