// From rounds to the figures of a report: medians, ratios to this package, and where a peer is ahead.
import { median } from 'simple-statistics';
import { OURS } from '../peers/index.mjs';

/** Differences within this share are noise of a shared machine. */
const NOISE = 0.03;

const medianOf = (rounds, pick) => {
  const values = rounds.map(pick).filter((value) => value !== undefined);
  return values.length > 0 ? median(values) : undefined;
};

/** One measured row: medians over its rounds. ms, bytes, pairs/s. */
function figures(row) {
  return {
    ...row,
    rounds: row.rounds.length,
    instructionSet: row.rounds[0].instructionSet,
    pairsPerSecond: medianOf(row.rounds, (round) => round.pairsPerSecond),
    p50: medianOf(row.rounds, (round) => round.latency.p50),
    p95: medianOf(row.rounds, (round) => round.latency.p95),
    p99: medianOf(row.rounds, (round) => round.latency.p99),
    answered: median(row.rounds.map((round) => round.latency.count)),
    offered: medianOf(row.rounds, (round) => round.rate),
    loadMs: medianOf(row.rounds, (round) => round.loadMs),
    peakRssBytes: medianOf(row.rounds, (round) => round.peakRssBytes),
    coresUsed: medianOf(row.rounds, (round) => round.coresUsed),
    pairsPerCoreSecond: medianOf(row.rounds, (round) => round.pairsPerSecond / round.coresUsed),
    eventLoopP99: medianOf(row.rounds, (round) => round.eventLoopDelay?.p99),
    eventLoopMax: medianOf(row.rounds, (round) => round.eventLoopDelay?.max),
  };
}

/** Groups of rows with the same model, case and load, each fastest first, with `ratio`: ours against the row. */
export function groupsOf(rows) {
  const groups = new Map();
  for (const row of rows.map(figures)) {
    const key = [row.model, row.caseName, row.load].join(' ');
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return [...groups.values()].map((members) => {
    const ours = members.find((row) => row.peer === OURS);
    const [{ model, caseName, load, tokensPerPair }] = members;
    const sorted = members.sort((a, b) => b.pairsPerSecond - a.pairsPerSecond);
    const withRatio = sorted.map((row) => ({ ...row, ratio: ours && ours.pairsPerSecond / row.pairsPerSecond }));
    return { model, caseName, load, tokensPerPair, ours, rows: withRatio };
  });
}

const CLOSED_METRICS = [
  { name: 'pairs a second', pick: (row) => row.pairsPerSecond, better: 'higher' },
  { name: 'peak memory', pick: (row) => row.peakRssBytes, better: 'lower' },
  { name: 'time to load', pick: (row) => row.loadMs, better: 'lower' },
  { name: 'event-loop delay p99', pick: (row) => row.eventLoopP99, better: 'lower' },
];
/** Under constant arrival each peer has its own rate: only latency says something, and only beside that rate. */
const OPEN_METRICS = [{ name: 'p99 latency', pick: (row) => row.p99, better: 'lower' }];

/** Every figure in which a peer is ahead of this package: { model, caseName, load, metric, peer, times }. */
export function losses(groups) {
  const found = [];
  for (const { model, caseName, load, ours, rows } of groups) {
    if (!ours) continue;
    for (const { name, pick, better } of load.startsWith('open') ? OPEN_METRICS : CLOSED_METRICS) {
      const own = pick(ours);
      for (const row of rows.filter((other) => other.peer !== ours.peer && pick(other) !== undefined)) {
        const times = better === 'higher' ? pick(row) / own : own / pick(row);
        if (times > 1 + NOISE) found.push({ model, caseName, load, metric: name, peer: row.peer, times });
      }
    }
  }
  return found;
}
