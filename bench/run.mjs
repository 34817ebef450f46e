// Measures this package against its peers and writes bench/results/: `npm run bench -- --help`.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CASE_NAMES } from './cases/index.mjs';
import { environmentFor } from './fewer-instructions/index.mjs';
import { loadDataset } from './lib/dataset.mjs';
import { describeMachine } from './lib/machine.mjs';
import { MODEL_NAMES, resolveModel } from './lib/models.mjs';
import { LOAD_NAMES } from './lib/plan.mjs';
import { PEERS, PEER_NAMES } from './peers/index.mjs';

const HELP = `npm run bench -- [options]
  --models LIST      of ${MODEL_NAMES.join(', ')}; default: all whose files are there
  --peers LIST       of ${PEER_NAMES.join(', ')}
  --cases LIST       of ${CASE_NAMES.join(', ')}; default: what lib/models.mjs says of the model
  --loads LIST       of ${LOAD_NAMES.join(', ')}; default: likewise
  --quick            one short round of the first case with one caller
  --rounds N         default 3; figures are medians over rounds
  --seconds N        least time of one measurement, default 8
  --queries N        queries whose scores are compared with the reference's, default 20; 0: none
  --folder NAME=PATH where a model is: minilm=PATH, xlmr=PATH; may be repeated
  --cranfield FILE   judged queries (JSON lines, gzipped or not); --reference FILE: their reference logits
  --python FILE      the interpreter that has the Python peers; default: bench/peers/.venv
  --threads N        of every peer; default: the cores of this machine
  --isa NAME         the instruction set of our own kernels (as BGE_RERANKER_ISA names it), and the best that ONNX Runtime
                     is shown of this processor; peers that would use all of it are left out
  --join FILE        raw figures of an earlier run on this machine: its rows come into the report too
`;

const list = (text) => text?.split(',').filter(Boolean);

function checkNames(option, given, known) {
  for (const name of given ?? []) {
    if (!known.includes(name)) throw new Error(`${option}: expected one of ${known.join(', ')}, received ${name}`);
  }
  return given;
}

function readOptions() {
  const text = { type: 'string' };
  const { values } = parseArgs({
    options: {
      ...{
        models: text,
        peers: text,
        cases: text,
        loads: text,
        cranfield: text,
        reference: text,
        python: text,
        isa: text,
        join: text,
      },
      rounds: { ...text, default: '3' },
      seconds: { ...text, default: '8' },
      queries: { ...text, default: '20' },
      threads: { ...text, default: String(os.availableParallelism()) },
      folder: { ...text, multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const asked = {
    ...values,
    models: checkNames('--models', list(values.models), MODEL_NAMES),
    peers: checkNames('--peers', list(values.peers), PEER_NAMES) ?? PEER_NAMES,
    cases: checkNames('--cases', list(values.cases), CASE_NAMES),
    loads: checkNames('--loads', list(values.loads), LOAD_NAMES),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    queries: Number(values.queries),
    threads: Number(values.threads),
  };
  if (!values.quick) return asked;
  return {
    ...asked,
    rounds: 1,
    seconds: 2,
    queries: 0,
    cases: asked.cases ?? ['cranfield'],
    loads: asked.loads ?? ['one'],
  };
}

function findModels({ models, folder }) {
  const found = [];
  for (const name of models ?? MODEL_NAMES) {
    try {
      found.push(resolveModel(name, folder));
    } catch (error) {
      if (models) throw error;
      console.error(`skipped: ${error.message}`);
    }
  }
  if (found.length === 0) throw new Error('no model is there to measure; see docs/benchmarks.md');
  return found;
}

function findPython(given) {
  const own = fileURLToPath(new URL('peers/.venv/bin/python', import.meta.url));
  return given ?? (existsSync(own) ? own : undefined);
}

/** As it was given, but for where things lie on this machine. */
const commandLine = () =>
  ['npm run bench --', ...process.argv.slice(2).map((word) => word.replace(/(?:\.{0,2}\/[^/=]+)+\//, '…/'))].join(' ');

/** The report with the rows of an earlier one in front. */
function joined(file, report) {
  if (!file) return report;
  const before = JSON.parse(readFileSync(file, 'utf8'));
  const titles = Object.fromEntries(
    Object.entries(report.titles).map(([kind, names]) => [kind, { ...before.titles[kind], ...names }]),
  );
  const both = ['commands', 'rows', 'agreement', 'skipped'].map((key) => [key, [...before[key], ...report[key]]]);
  return { ...report, ...Object.fromEntries(both), titles };
}

async function main() {
  const options = readOptions();
  if (options.help) return void console.log(HELP);
  if (!existsSync(new URL('peers/node_modules', import.meta.url))) {
    throw new Error('the peers are not installed; run `npm run bench:install` first');
  }
  // Only now: these need what bench/peers installs.
  const { measureAll } = await import('./lib/measure-all.mjs');
  const { writeReport } = await import('./report/write.mjs');
  const machine = describeMachine();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bge-reranker-bench-'));
  const environment = options.isa ? { BGE_RERANKER_ISA: options.isa, ...environmentFor(options.isa, folder) } : {};
  const measured = await measureAll({
    ...options,
    models: findModels(options),
    peers: PEERS.filter((peer) => options.peers.includes(peer.name)),
    python: findPython(options.python),
    dataset: loadDataset(options),
    temporary: folder,
    environment,
  });
  const report = joined(options.join, { machine, commands: [commandLine()], options, ...measured });
  writeFileSync(path.join(folder, 'report.json'), JSON.stringify(report));
  console.log(`raw figures: ${path.join(folder, 'report.json')}`);
  for (const file of await writeReport(report)) console.log(file);
}

await main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
