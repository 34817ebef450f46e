import type { Command } from 'commander';
import { parseModelName } from '../models/find-model';
import type { PulledModel } from '../models/pull';
import { pullWithProgress, type FetchOptions } from './fetch-model';
import { dtypeOption, promptTemplateOption, providerOption } from './model-options';
import { bytesText } from './progress';

/** What a pull would bring, a line a file. */
function dryRunReport({ repo, commit, candidate, files, missing }: PulledModel): string {
  const lines = files.map((file) => {
    const state = missing.includes(file) ? 'to fetch' : 'here';
    return `${state.padEnd(8)}  ${bytesText(file.bytes).padStart(8)}  ${file.path}\n`;
  });
  return `${repo}@${commit.slice(0, 12)}: ${candidate.reason}\n${lines.join('')}`;
}

type PullCommandOptions = Omit<FetchOptions, 'model'> & { dryRun?: boolean };

async function pullModel(model: string, options: PullCommandOptions): Promise<void> {
  const { repo: own } = parseModelName(model);
  const pulled = await pullWithProgress({ ...options, model });
  const { repo, folder, commit, files } = pulled;
  if (repo !== own) process.stderr.write(`${own} does not have the files; ${repo} has\n`);
  if (options.dryRun) return void process.stdout.write(dryRunReport(pulled));
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  process.stderr.write(`${repo}@${commit.slice(0, 12)}: ${files.length} files, ${bytesText(bytes)}, checked\n`);
  process.stdout.write(`${folder}\n`);
}

export function addPull(program: Command): void {
  program
    .command('pull')
    .argument('<model>', 'owner/name[@revision] on the hub')
    .description('Fetch and check a model; afterwards everything is offline')
    .addOption(dtypeOption())
    .addOption(providerOption())
    .addOption(promptTemplateOption())
    .option('--dry-run', 'say what would be fetched and why; fetches config.json')
    .addHelpText(
      'after',
      `
Prints the folder. A cut download goes on where it stopped. The cache is the hub's own, shared with Python.
Read from the environment: HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HTTP_PROXY, HTTPS_PROXY, NO_PROXY.

Examples:
  $ bge-reranker pull BAAI/bge-reranker-base
  $ bge-reranker pull Xenova/bge-reranker-base               # int8 in a quarter of the bytes
  $ bge-reranker pull BAAI/bge-reranker-base --provider cuda cpu
  $ bge-reranker pull owner/name@1a2b3c4d5e6f7890abcd1a2b3c4d5e6f7890abcd`,
    )
    .action(pullModel);
}
