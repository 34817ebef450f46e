// The report as Markdown.
import { LOAD_TITLES } from '../lib/plan.mjs';
import { CASES } from '../cases/index.mjs';
import { OURS } from '../peers/index.mjs';
import { groupsOf, losses } from './summary.mjs';

const number = (value, digits = 0) => (value === undefined || value === null ? '–' : value.toFixed(digits));
const megabytes = (bytes) => number(bytes && bytes / 2 ** 20);
const titleOfCase = (name) => CASES.find((entry) => entry.name === name).title;

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function machineSection({ machine, commands, options, dataset }) {
  const { cpu, cores, flags, memoryGiB, os, kernel, node, loadAverage, commit } = machine;
  return [
    `- machine: ${cpu}, ${cores} cores (${flags.join(', ')}), ${memoryGiB} GiB, ${os}, ${kernel}, Node ${node}`,
    `- commit: ${commit}; load average at the start: ${loadAverage.toFixed(2)}`,
    ...(options.isa ? [`- instruction set: ${options.isa}, forced; ONNX Runtime was shown no better one`] : []),
    `- passages: ${dataset}; threads of every peer: ${options.threads}; rounds: ${options.rounds}, medians shown`,
    ...commands.map((command) => `- command: \`${command}\``),
  ].join('\n');
}

const closedHead = [
  ...['peer', 'instruction set', 'pairs/s', 'ours is', 'p50 ms', 'p99 ms', 'cores used', 'pairs per core-second'],
  ...['event loop p99 ms', 'peak MB', 'load ms'],
];
const closedRow = (row, titles) => [
  row.peer === OURS ? `**${titles[row.peer]}**` : titles[row.peer],
  row.instructionSet,
  number(row.pairsPerSecond, 2),
  row.peer === OURS || !row.ratio ? '' : `${number(row.ratio, 2)}×`,
  number(row.p50, 1),
  number(row.p99, 1),
  number(row.coresUsed, 2),
  number(row.pairsPerCoreSecond, 2),
  number(row.eventLoopP99, 1),
  megabytes(row.peakRssBytes),
  number(row.loadMs),
];

const openHead = [
  'peer',
  'instruction set',
  'offered requests/s',
  'requests',
  'p50 ms',
  'p95 ms',
  'p99 ms',
  'event loop p99 ms',
];
const openRow = (row, titles) => [
  row.peer === OURS ? `**${titles[row.peer]}**` : titles[row.peer],
  row.instructionSet,
  number(row.offered, 2),
  number(row.answered),
  number(row.p50),
  number(row.p95),
  number(row.p99),
  number(row.eventLoopP99, 1),
];

function groupSection({ model, caseName, load, tokensPerPair, rows }, titles) {
  const isOpen = load.startsWith('open');
  const title = `### ${titles.models[model]}: ${caseName}, ${LOAD_TITLES[load]}`;
  const sub = `${titleOfCase(caseName)}; ${tokensPerPair.toFixed(0)} tokens a pair on average.`;
  const body = rows.map((row) => (isOpen ? openRow : closedRow)(row, titles.peers));
  return [title, sub, table(isOpen ? openHead : closedHead, body)].join('\n\n');
}

function agreementSection(agreement, titles) {
  if (agreement.length === 0) return 'Not measured in this run.';
  const head = ['model', 'peer', 'queries', 'reference', "Kendall's tau", 'largest difference', 'NDCG@10'];
  const rows = agreement.map((row) => [
    row.model,
    titles.peers[row.peer],
    String(row.queries),
    row.reference,
    number(row.kendallTau, 4),
    row.peer === 'node-llama-cpp' ? '– (probabilities)' : number(row.largestDifference, 4),
    row.model.startsWith('xlmr') ? '– (random weights)' : number(row.ndcgAt10, 4),
  ]);
  return table(head, rows);
}

function lossSection(groups, titles) {
  if (!groups.some((group) => group.ours)) return 'This package was not measured in this run.';
  const found = losses(groups);
  if (found.length === 0) return 'Nowhere in this run (3 % counts as equal).';
  return found
    .map(
      ({ model, caseName, load, metric, peer, times }) =>
        `- ${model}, ${caseName}, ${load}, ${metric}: ${titles.peers[peer]} is ${times.toFixed(2)}× better`,
    )
    .join('\n');
}

function versionLines(rows, titles) {
  const lines = new Map();
  for (const { model, peer, rounds } of rows) {
    const [{ versions, settings }] = rounds;
    const join = (object) =>
      Object.entries(object)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ');
    if (!lines.has(peer)) lines.set(peer, `- ${titles.peers[peer]}: ${join(versions)}; on ${model}: ${join(settings)}`);
  }
  return [...lines.values()].join('\n');
}

/** What ran our side: a change of engine is never silent. */
function engineLines(rows) {
  const lines = rows
    .filter(({ peer }) => peer === OURS)
    .map(
      ({ model, rounds: [{ engine, instructionSet }] }) =>
        `- ${model}: ${engine.name} (${instructionSet}): ${engine.reason}`,
    );
  return [...new Set(lines)].map(withoutFolders).join('\n') || 'This package was not measured in this run.';
}

/** Where things lie on this machine is nobody's business. */
const withoutFolders = (text) => text.replaceAll('\n', ' ').replaceAll(/(?:\/[^\s/'":]+)+\//g, '…/');

export function markdownReport(report, chartFile) {
  const groups = groupsOf(report.rows);
  const skipped = report.skipped.map(
    ({ peer, model, reason }) => `- ${report.titles.peers[peer]} on ${model}: ${withoutFolders(reason)}`,
  );
  const sections = [
    `# Benchmark of ${report.date}`,
    machineSection(report),
    `![pairs a second, by peer](${chartFile})`,
    '"ours is" divides the pairs a second of this package by the peer\'s. "cores used" is CPU time by wall time: less than the ' +
      'threads means that others had the machine, and pairs per core-second is then the fairer figure. Event-loop delay is ' +
      'of Node peers only.',
    '## Where we lose',
    lossSection(groups, report.titles),
    '## Speed',
    ...groups.map((group) => groupSection(group, report.titles)),
    '## Agreement of scores',
    agreementSection(report.agreement, report.titles),
    '## Our engine',
    engineLines(report.rows),
    '## Versions and settings',
    versionLines(report.rows, report.titles),
    '## Left out',
    skipped.join('\n') || 'Nothing.',
  ];
  return sections.join('\n\n') + '\n';
}
