import type { Command } from 'commander';
import pc from 'picocolors';
import type { RerankResult } from '../types';
import { cutColumns } from './columns';
import { loadReranker } from './fetch-model';
import { onError, positiveInteger, skipFailedOption, withModelOptions, type ModelOptions } from './model-options';
import { readPassages } from './passages';

interface RankOptions extends ModelOptions {
  topK?: number;
  json?: boolean;
  rawScores?: boolean;
  skipFailed?: boolean;
}

const BAR_CELLS = 10;

/** ██████▌··· for 0.65: eighths of a cell. */
function bar(share: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * BAR_CELLS * 8);
  const full = '█'.repeat(Math.floor(eighths / 8));
  const part = eighths % 8 === 0 ? '' : String.fromCharCode(0x2590 - (eighths % 8));
  return (full + part).padEnd(BAR_CELLS, '·');
}

/** For a terminal: a bar, the score, the passage's number and as much of it as the line holds. */
function drawn({ id, score }: RerankResult, text: string, columns: number): string {
  const share = 1 / (1 + Math.exp(-score));
  const head = `${score.toFixed(4).padStart(8)}  ${String(id).padStart(3)}  `;
  const room = Math.max(10, columns - BAR_CELLS - head.length - 2);
  return `${pc.cyan(bar(score >= 0 && score <= 1 ? score : share))} ${pc.bold(head)}${cutColumns(text, room)}`;
}

/** For a pipe: score, number and passage between tabs. */
function plain({ id, score }: RerankResult, text: string): string {
  return `${score}\t${id}\t${text.replace(/[\t\r\n]/g, ' ')}`;
}

async function rank(query: string, file: string | undefined, options: RankOptions): Promise<void> {
  const passages = await readPassages(file);
  const reranker = await loadReranker(options);
  try {
    const contexts = passages.map((text) => ({ text }));
    const { topK, rawScores, skipFailed } = options;
    const output = await reranker.rerank({ query, contexts, top_k: topK }, { rawScores, onError: onError(skipFailed) });
    const { isTTY, columns } = process.stdout;
    const line = (result: RerankResult) => {
      const text = passages[result.id] ?? '';
      return isTTY ? drawn(result, text, columns || 80) : plain(result, text);
    };
    const lines = options.json ? [JSON.stringify(output)] : output.response.map(line);
    for (const { id, message } of output.skipped ?? [])
      process.stderr.write(`Passage ${id} has no score: ${message}\n`);
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    await reranker.close();
  }
}

export function addRank(program: Command): void {
  withModelOptions(program.command('rank').argument('<query>').argument('[file]', 'passages; default: stdin'))
    .description('Rank passages, one a line or JSON lines with "text", by how well they answer the query')
    .option('-k, --top-k <n>', 'how many to print', positiveInteger)
    .option('--json', 'print {"response":[{"id","score"}]}, as the library answers')
    .option('--raw-scores', 'logits, not their sigmoid')
    .addOption(skipFailedOption())
    .addHelpText(
      'after',
      `
Prints the best first. Piped: score, number of the passage (from 0) and passage, between tabs.

Examples:
  $ bge-reranker rank "why is the sky blue" passages.txt
  $ cat notes/*.txt | bge-reranker rank "memory leak" --top-k 5
  $ bge-reranker rank --json -m ./my-model "query" passages.jsonl`,
    )
    .action(rank);
}
