// Many callers against one, and a small request beside a large one: `node bench/fairness.mjs [--model NAME] [--rounds N]`.
// Held: 32 callers of 10 passages get at least 95 % of the pairs a second of one caller of 320; 10 short passages beside
// a request of 1,000 passages take at most 3 times what they take alone.
import { setTimeout as sleep } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import { median } from 'simple-statistics';
import { ownOptions, printFigure, withReranker } from './lib/own-engine.mjs';

const CALLERS = 32;
const PASSAGES = 10;
const LARGE = 1000;
const SMALL_PER_ROUND = 3;
const SHORT_CHARACTERS = 120;
/** Until the large request is in full swing. */
const SETTLE_MS = 300;

async function elapsed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function callersAgainstOne({ reranker, input }, rounds) {
  const one = [];
  const many = [];
  const slices = Array.from({ length: CALLERS }, (_, i) => input(PASSAGES, i * PASSAGES));
  for (let round = 0; round < rounds; round++) {
    one.push(await elapsed(() => reranker.rerank(input(CALLERS * PASSAGES))));
    many.push(await elapsed(() => Promise.all(slices.map((slice) => reranker.rerank(slice)))));
  }
  const share = median(one) / median(many);
  printFigure({
    name: 'callers',
    line: `${CALLERS} callers of ${PASSAGES} get ${(100 * share).toFixed(1)} % of the pairs a second of one caller of ${CALLERS * PASSAGES}`,
    ok: share >= 0.95,
    share,
    oneCallerMs: one,
    manyCallersMs: many,
  });
}

async function smallBesideLarge({ reranker, input }, rounds) {
  const { query, contexts } = input(PASSAGES);
  const small = { query, contexts: contexts.map(({ text }) => ({ text: text.slice(0, SHORT_CHARACTERS) })) };
  const idle = [];
  const beside = [];
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < SMALL_PER_ROUND; i++) idle.push(await elapsed(() => reranker.rerank(small)));
    const controller = new AbortController();
    const large = reranker.rerank(input(LARGE), { signal: controller.signal }).catch((error) => error.name);
    await sleep(SETTLE_MS);
    for (let i = 0; i < SMALL_PER_ROUND; i++) beside.push(await elapsed(() => reranker.rerank(small)));
    controller.abort();
    // An answer instead of a refusal: the large request was over before the small ones were.
    if ((await large) !== 'AbortError') throw new Error('the large request ended too early to compare with');
  }
  const times = median(beside) / median(idle);
  printFigure({
    name: 'small beside large',
    line: `${PASSAGES} short passages take ${times.toFixed(2)}× their idle time while ${LARGE} passages run`,
    ok: times <= 3,
    times,
    idleMs: idle,
    besideMs: beside,
  });
}

const options = ownOptions({ rounds: { type: 'string', default: '5' } });
await withReranker(options, async (engine) => {
  await engine.reranker.rerank(engine.input(PASSAGES));
  await callersAgainstOne(engine, Number(options.rounds));
  await smallBesideLarge(engine, Number(options.rounds));
});
