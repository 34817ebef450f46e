// One peer, one case, one load in a process of its own: `node peer-process.mjs JOB_JSON`; the result goes to job.output.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { closedLoop, openLoop, scoreAll, withEventLoopDelay } from './measure.mjs';

const LOADS = { closed: closedLoop, open: openLoop, score: scoreAll };
const WARM_UP_CONTEXTS = 4;
const WHY_UNAVAILABLE = {
  ERR_MODULE_NOT_FOUND: (error) => `${/'([^']+)'/.exec(error.message)?.[1]} is not installed`,
  PEER_UNAVAILABLE: (error) => error.message,
};

/** Of this process alone: on Linux, maxRSS begins with what the process that started this one had. */
function peakRssBytes() {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(kibibytes) * 1024;
}

async function measure(job) {
  const { open } = await import(pathToFileURL(job.module).href);
  const requests = JSON.parse(readFileSync(job.requests, 'utf8')).map(({ query, contexts }) => ({
    query,
    contexts: contexts.slice(0, job.load.contexts),
  }));
  const loading = performance.now();
  const peer = await open(job);
  const loadMs = performance.now() - loading;
  const [first] = requests;
  await peer.rerank({ query: first.query, contexts: first.contexts.slice(0, WARM_UP_CONTEXTS) });
  const cpuBefore = process.cpuUsage();
  const { result, delay } = await withEventLoopDelay(() => LOADS[job.load.kind](peer.rerank, requests, job.load));
  const cpu = process.cpuUsage(cpuBefore);
  const measured = {
    ...result,
    loadMs,
    eventLoopDelay: delay,
    coresUsed: (cpu.user + cpu.system) / 1000 / result.elapsedMs,
    peakRssBytes: peakRssBytes(),
    versions: { node: process.versions.node, ...peer.versions },
    settings: peer.settings,
    engine: peer.engine,
    instructionSet: peer.engine?.instructionSet ?? (job.isa ? `its choice up to ${job.isa}` : 'its choice'),
  };
  await peer.close();
  return measured;
}

const job = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// A peer that is not installed is skipped with its own word; every other failure is the peer's result too.
const outcome = await measure(job).catch((error) => ({
  skipped: WHY_UNAVAILABLE[error.code]?.(error),
  failed: error.message,
  trace: error.stack,
}));
writeFileSync(job.output, JSON.stringify(outcome));
// A peer's own threads must not keep a measured process alive.
process.exit(0);
