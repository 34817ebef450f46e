import type { Command } from 'commander';
import pc from 'picocolors';
import { diagnose } from '../doctor/diagnose';
import { thisMachine } from '../doctor/machine';
import { NOTHING_TO_DO, type Finding, type Severity } from '../checks/finding';
import { EXIT } from './exit-codes';
import { withDownloadBar } from './fetch-model';
import { rerankerOptions, withModelOptions, type ModelOptions } from './model-options';

const PAINT: Record<Severity, (text: string) => string> = { error: pc.red, warning: pc.yellow, info: pc.dim };

function lines({ code, severity, message, remedy }: Finding): string {
  const paint = process.stdout.isTTY ? PAINT[severity] : String;
  const advice = remedy === NOTHING_TO_DO ? '' : `         ${remedy}.\n`;
  return `${paint(severity.padEnd(7))}  ${code}\n         ${message}.\n${advice}`;
}

function verdict(findings: readonly Finding[]): string {
  const count = (of: Severity) => findings.filter(({ severity }) => severity === of).length;
  const counted = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;
  const errors = count('error');
  const warnings = count('warning');
  if (errors > 0) return `It does not fit this machine: ${counted(errors, 'error')}.\n`;
  return warnings > 0
    ? `It fits this machine, with ${counted(warnings, 'warning')}.\n`
    : 'It fits: the model runs on this machine as it is.\n';
}

async function doctor(model: string, options: ModelOptions & { json?: boolean }): Promise<void> {
  const diagnosis = await withDownloadBar((onProgress) =>
    diagnose(model, rerankerOptions(options), thisMachine(), onProgress),
  );
  const { model: found, weights, findings } = diagnosis;
  if (options.json) process.stdout.write(`${JSON.stringify(diagnosis, undefined, 2)}\n`);
  else {
    const { path, dtype, engine } = weights;
    process.stdout.write(`${path}\n${found.architecture}, ${dtype}, ${found.maxTokens} tokens\n`);
    if (engine.reason) process.stdout.write(`${engine.reason}\n`);
    process.stdout.write(findings.map(lines).join('') + verdict(findings));
  }
  if (findings.some(({ severity }) => severity === 'error')) process.exitCode = EXIT.negative;
}

export function addDoctor(program: Command): void {
  withModelOptions(program.command('doctor').argument('[model]', 'instead of --model'))
    .description('Check that a model and this machine fit together')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nExit code 1 where a finding is an error.\n\nExample:\n  $ bge-reranker doctor BAAI/bge-reranker-base',
    )
    .action((model: string | undefined, options: ModelOptions) => doctor(model ?? options.model, options));
}
