import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type Metric } from 'prom-client';
import { PACKAGE_VERSION } from '../base/package-version';
import type { ServedReranker } from '../serving/scorer';
import { servedName } from '../serving/served-name';
import type { LatencyHistogram, ModelInfo, RerankerStats } from '../types';

type StatsOf = () => RerankerStats;
type Stage = keyof RerankerStats['latency'];

const STAGES: Record<Stage, string> = {
  tokenize: 'Tokenizing, worker time per request',
  queue: 'Submit to first run, per request',
  run: 'One run of the model',
  total: 'Submit to result, per request',
};

/** A histogram that the engine has counted already: prom-client only prints it, so it has no more than the registry asks for. */
function engineHistogram(name: string, help: string, read: () => LatencyHistogram) {
  const get = () => {
    const { bounds, counts, count, sum } = read();
    let below = 0;
    const buckets = counts.map((inBucket, i) => {
      below += inBucket;
      const le = i < bounds.length ? bounds[i]! / 1000 : '+Inf';
      return { metricName: `${name}_bucket`, labels: { le }, value: below };
    });
    const totals = [
      { metricName: `${name}_sum`, labels: {}, value: sum / 1000 },
      { metricName: `${name}_count`, labels: {}, value: count },
    ];
    return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values: [...buckets, ...totals] });
  };
  return { name, help, get, reset: () => undefined };
}

function engineGauges(registers: Registry[], stats: StatsOf): void {
  const gauge = (name: string, help: string, read: (now: RerankerStats) => number) =>
    new Gauge({
      name: `bge_reranker_${name}`,
      help,
      registers,
      collect() {
        this.set(read(stats()));
      },
    });
  gauge('active_requests', 'Requests admitted and not settled', (now) => now.activeRequests);
  gauge('queued_pairs', 'Pairs admitted, not yet started', (now) => now.queuedPairs);
  gauge('queued_tokens', 'Tokens of the pairs admitted and not finished', (now) => now.queuedTokens);
  gauge('engine_bytes', 'Bytes of the model and tokenizer', (now) => now.memory.engineBytes);
}

function engineCounters(registers: Registry[], stats: StatsOf): void {
  const counter = (name: string, help: string, read: (now: RerankerStats) => number) =>
    new Counter({
      name: `bge_reranker_${name}_total`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read(stats()));
      },
    });
  counter('scored_pairs', 'Pairs scored', (now) => now.scoredPairs);
  counter('scored_tokens', 'Tokens of the scored pairs', (now) => now.scoredTokens);
  counter('batches', 'Runs of the model', (now) => now.batches);
  counter('admitted_requests', 'Requests that were not refused', (now) => now.requests.admitted);
  new Counter({
    name: 'bge_reranker_requests_total',
    help: 'Requests by what became of them; refused: beyond the queue. Their sum counts each once',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(stats().requests)) {
        if (outcome !== 'admitted') this.inc({ outcome }, count);
      }
    },
  });
}

/** What runs, as labels of a value that is always 1. */
function infoGauge(registers: Registry[], { model, dtype, engine, provider }: ModelInfo): void {
  const labels = {
    model: servedName(model),
    dtype,
    provider: provider.got,
    engine: engine.name,
    instruction_set: engine.instructionSet ?? '',
    version: PACKAGE_VERSION,
  };
  const gauge = new Gauge({
    name: 'bge_reranker_info',
    help: 'What runs: always 1',
    labelNames: Object.keys(labels),
    registers,
  });
  gauge.set(labels, 1);
}

/**
 * Registers the counts, states and stages of a Reranker, under names that begin with `bge_reranker_`, for an application
 * that embeds it. They are read when the registry is asked.
 * @param registry The application's own prom-client Registry; default: a new one.
 * @returns The registry.
 */
export function collectMetrics(reranker: Pick<ServedReranker, 'stats' | 'info'>, registry = new Registry()): Registry {
  const registers = [registry];
  const stats = () => reranker.stats();
  infoGauge(registers, reranker.info);
  engineGauges(registers, stats);
  engineCounters(registers, stats);
  for (const [stage, help] of Object.entries(STAGES) as [Stage, string][]) {
    const histogram = engineHistogram(`bge_reranker_${stage}_seconds`, help, () => stats().latency[stage]);
    registry.registerMetric(histogram as unknown as Metric);
  }
  return registry;
}

export interface Metrics {
  registry: Registry;
  /** One answered HTTP request; seconds from its head to its answer. */
  observe(dialect: string, status: number, seconds: number): void;
}

/** A registry of its own, so that several handlers in one process do not meet; the process's own metrics for a server alone. */
export function createMetrics(reranker: Pick<ServedReranker, 'stats' | 'info'>, withProcess: boolean): Metrics {
  const registry = collectMetrics(reranker);
  if (withProcess) collectDefaultMetrics({ register: registry });
  const seconds = new Histogram({
    name: 'bge_reranker_http_request_seconds',
    help: 'HTTP requests, from their head to their answer',
    labelNames: ['dialect', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [registry],
  });
  return {
    registry,
    observe: (dialect, status, duration) => seconds.observe({ dialect, status: String(status) }, duration),
  };
}
