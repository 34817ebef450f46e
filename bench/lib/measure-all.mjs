// Runs the plan: rounds interleave the peers, so that a noisy minute of the machine hits them alike.
import path from 'node:path';
import { writeFileSync } from 'node:fs';
import { median } from 'simple-statistics';
import { REFERENCE } from '../peers/index.mjs';
import { pairTokenizer } from '../peers/tokenize.mjs';
import { agreementOf } from './agreement.mjs';
import { CONTEXTS_OF_ONE, makeLoad, needsCapacity, planMeasurements } from './plan.mjs';
import { reasonToSkip, runJob } from './run-job.mjs';

/** Scoring the compared queries may take so many times the seconds of one measurement. */
const SCORE_TIMES = 10;

const pairsPerSecond = ({ pairs, elapsedMs }) => pairs / (elapsedMs / 1000);
const say = (line) => console.error(line);

class Results {
  /** @type {Map<string, { model, caseName, load, peer, rounds: object[] }>} */
  #rows = new Map();
  /** Peer and model of those that do not take part, with the reason. */
  skipped = [];

  #key = (at, peer) => [at.model.name, at.caseName, at.load, peer.name].join(' ');

  add(at, peer, result) {
    const key = this.#key(at, peer);
    const { caseName, load, tokensPerPair } = at;
    const row = { model: at.model.name, caseName, load, tokensPerPair, peer: peer.name, rounds: [] };
    if (!this.#rows.has(key)) this.#rows.set(key, row);
    this.#rows.get(key).rounds.push({ ...result, pairsPerSecond: pairsPerSecond(result) });
  }

  capacity(at, peer) {
    const row = this.#rows.get(this.#key({ ...at, load: 'many' }, peer));
    return row && median(row.rounds.map((round) => round.pairsPerSecond));
  }

  skip(peer, model, reason) {
    this.skipped.push({ peer: peer.name, model: model.name, reason });
    say(`  ${peer.name} on ${model.name} left out: ${reason}`);
  }

  isSkipped = (peer, model) => this.skipped.some((one) => one.peer === peer.name && one.model === model.name);
  rows = () => [...this.#rows.values()];
}

/** One measurement; null when the peer leaves the run for this model. */
async function attempt(results, peer, at, load, settings) {
  const reason = reasonToSkip(peer, at.model, settings);
  const result = reason
    ? { skipped: reason }
    : await runJob({ peer, model: at.model, load, requests: at.requests }, { ...settings, folder: settings.temporary });
  if (!result.skipped && !result.failed) return result;
  results.skip(peer, at.model, result.skipped ?? `failed: ${result.failed}`);
  if (!result.skipped) say(result.trace);
  return null;
}

async function measureRound(plan, round, results, settings) {
  for (const at of plan) {
    say(`round ${round + 1}: ${at.model.name}, ${at.caseName}, ${at.load}`);
    for (let i = 0; i < settings.peers.length; i++) {
      // Each round starts with another peer.
      const peer = settings.peers[(i + round) % settings.peers.length];
      const capacity = needsCapacity(at.load) ? results.capacity(at, peer) : undefined;
      if (results.isSkipped(peer, at.model) || (needsCapacity(at.load) && !capacity)) continue;
      const result = await attempt(results, peer, at, makeLoad(at.load, settings.seconds, capacity), settings);
      if (!result) continue;
      results.add(at, peer, result);
      const { p50, p99 } = result.latency;
      const cores = result.coresUsed.toFixed(2);
      say(
        `  ${peer.name}: ${pairsPerSecond(result).toFixed(2)} pairs/s, p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} ms, ${cores} cores`,
      );
      if (result.engine) say(`    on ${result.instructionSet}: ${result.engine.reason}`);
    }
  }
}

/** Scores of the first `queries` queries by every peer, compared over those that all of them reached. */
async function compareScores(model, results, settings) {
  const { dataset, queries, peers, temporary, seconds } = settings;
  const asked = dataset.queries.slice(0, queries);
  const requests = path.join(temporary, `${model.name}-scores.json`);
  writeFileSync(requests, JSON.stringify(asked));
  const load = { kind: 'score', contexts: CONTEXTS_OF_ONE, seconds: SCORE_TIMES * seconds };
  const logits = new Map();
  for (const peer of peers) {
    if (results.isSkipped(peer, model)) continue;
    say(`scores: ${model.name}, ${peer.name}`);
    const result = await attempt(results, peer, { model, requests }, load, settings);
    if (result) logits.set(peer.name, result.logits);
  }
  const fromFile = model.referenceFile && asked.every((query) => dataset.reference.has(query.id));
  const reference = fromFile ? asked.map((query) => dataset.reference.get(query.id)) : logits.get(REFERENCE);
  if (!reference || logits.size === 0) return [];
  const common = Math.min(reference.length, ...[...logits.values()].map((rows) => rows.length));
  return [...logits].map(([peer, rows]) => ({
    model: model.name,
    peer,
    reference: fromFile ? 'the reference file' : REFERENCE,
    ...agreementOf(rows, reference, asked, common),
  }));
}

/** @returns {{ rows: object[], agreement: object[], skipped: object[] }} For report/. */
export async function measureAll(settings) {
  const { models, dataset, rounds, temporary } = settings;
  const encoders = new Map(models.map(({ name, folder }) => [name, pairTokenizer({ folder })]));
  const plan = await planMeasurements(models, settings, dataset, encoders, temporary);
  const results = new Results();
  const closed = plan.filter((at) => !needsCapacity(at.load));
  const open = plan.filter((at) => needsCapacity(at.load));
  for (const part of [closed, open]) {
    for (let round = 0; round < rounds; round++) await measureRound(part, round, results, settings);
  }
  const agreement = [];
  if (settings.queries > 0)
    for (const model of models) agreement.push(...(await compareScores(model, results, settings)));
  return {
    rows: results.rows(),
    agreement,
    skipped: results.skipped,
    dataset: dataset.name,
    titles: titlesOf(settings),
  };
}

const titlesOf = ({ models, peers }) => ({
  models: Object.fromEntries(models.map((model) => [model.name, model.title])),
  peers: Object.fromEntries(peers.map((peer) => [peer.name, peer.title])),
});
