import type { Command } from 'commander';
import pc from 'picocolors';
import { checkLive, liveAccount } from '../verify/live';
import type { Outcome } from '../verify/outcome';
import { checkParity } from '../verify/parity';
import { checkReference } from '../verify/reference';
import { EXIT } from './exit-codes';
import { loadReranker } from './fetch-model';
import { withModelOptions, type ModelOptions } from './model-options';

interface VerifyOptions extends ModelOptions {
  live?: boolean;
  json?: boolean;
}

const PAINT = { pass: pc.green, fail: pc.red, skipped: pc.dim } as const;

async function outcomes(options: VerifyOptions): Promise<Outcome[]> {
  // Asked for first: without credentials nothing else need run.
  const account = options.live ? liveAccount() : undefined;
  // The references truncate so.
  const reranker = await loadReranker({ ...options, truncation: 'longest_first' });
  try {
    const found = [await checkReference(reranker), await checkParity(reranker)];
    if (account) found.push(await checkLive(reranker, account));
    return found;
  } finally {
    await reranker.close();
  }
}

async function verify(options: VerifyOptions): Promise<void> {
  const found = await outcomes(options);
  const line = ({ check, status, message }: Outcome) =>
    `${(process.stdout.isTTY ? PAINT[status] : String)(status.padEnd(7))}  ${check.padEnd(9)}  ${message}`;
  process.stdout.write(options.json ? `${JSON.stringify(found)}\n` : `${found.map(line).join('\n')}\n`);
  const passed = found.some(({ status }) => status === 'pass') && found.every(({ status }) => status !== 'fail');
  if (!passed) process.exitCode = EXIT.negative;
}

export function addVerify(program: Command): void {
  withModelOptions(program.command('verify').argument('[model]', 'instead of --model'))
    .description('Compare scores with stored references, with onnxruntime-node and npm tokenizers, and with Workers AI')
    .option('--live', 'ask Workers AI too; needs CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN')
    .option('--json', 'print the outcomes as JSON')
    .addHelpText(
      'after',
      `
Exit code 1 where a comparison fails, or none could be made.

Example:
  $ npm install --no-save tokenizers && bge-reranker verify BAAI/bge-reranker-base`,
    )
    .action((model: string | undefined, options: VerifyOptions) =>
      verify({ ...options, model: model ?? options.model }),
    );
}
