import type { Command } from 'commander';
import type { Dtype } from '../types';
import { parseModelName, sourceOf } from '../models/resolve';
import { pullWithProgress } from './fetch-model';
import { dtypeOption } from './model-options';
import { bytesText } from './progress';

async function pullModel(model: string, { dtype }: { dtype: Dtype }): Promise<void> {
  const name = parseModelName(model);
  const source = sourceOf(name, dtype);
  if (source.repo !== name.repo) {
    process.stderr.write(`${name.repo} has no ${dtype === 'auto' ? 'ONNX' : dtype} file; taking ${source.repo}\n`);
  }
  const { folder, commit, files } = await pullWithProgress(source, dtype);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  process.stderr.write(`${source.repo}@${commit.slice(0, 12)}: ${files.length} files, ${bytesText(bytes)}, checked\n`);
  process.stdout.write(`${folder}\n`);
}

export function addPull(program: Command): void {
  program
    .command('pull')
    .argument('<model>', 'owner/name[@revision] on the hub')
    .description('Fetch and check a model; afterwards everything is offline')
    .addOption(dtypeOption())
    .addHelpText(
      'after',
      `
Prints the folder. A cut download goes on where it stopped. The cache is the hub's own, shared with Python.
Read from the environment: HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HTTP_PROXY, HTTPS_PROXY, NO_PROXY.

Examples:
  $ bge-reranker pull BAAI/bge-reranker-base
  $ bge-reranker pull BAAI/bge-reranker-base --dtype int8
  $ bge-reranker pull owner/name@1a2b3c4d5e6f7890abcd1a2b3c4d5e6f7890abcd`,
    )
    .action(pullModel);
}
