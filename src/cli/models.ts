import type { Command } from 'commander';
import { aliasesOf, CATALOG, type CatalogEntry } from '../models/catalog';
import { findLocal } from '../models/find-model';
import { columnsOf, padColumns } from './columns';

const DTYPES = ['fp32', 'int8'] as const;

async function isHere(name: string, dtype: 'fp32' | 'int8'): Promise<boolean> {
  return (await findLocal(name, { dtype, provider: 'cpu' }).catch(() => undefined)) !== undefined;
}

async function describe(entry: CatalogEntry) {
  const here = await Promise.all(DTYPES.map((dtype) => isHere(entry.name, dtype)));
  return {
    ...entry,
    aliases: aliasesOf(entry.name),
    local: DTYPES.filter((_, i) => here[i]),
  };
}

type Described = Awaited<ReturnType<typeof describe>>;

function row({ name, licence, languages, maxTokens, onnx, local }: Described): string[] {
  const dtypes = DTYPES.filter((dtype) => onnx[dtype] !== undefined);
  const state = local.map((dtype) => `${dtype} here`).join(', ');
  return [name, licence, languages.join(','), String(maxTokens), dtypes.join(',') || '-', state];
}

function table(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((cells) => columnsOf(cells[column] ?? '')))) ?? [];
  return rows
    .map((cells) =>
      cells
        .map((cell, i) => padColumns(cell, widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

async function listModels({ json }: { json?: boolean }): Promise<void> {
  const models = await Promise.all(CATALOG.map(describe));
  const head = ['MODEL', 'LICENCE', 'LANGUAGES', 'TOKENS', 'ONNX', 'STATE'];
  process.stdout.write(`${json ? JSON.stringify(models, undefined, 2) : table([head, ...models.map(row)])}\n`);
}

export function addModels(program: Command): void {
  program
    .command('models')
    .description('List the models of the family that are known, and which are on this machine')
    .option('--json', 'print all that is known of them')
    .addHelpText(
      'after',
      '\nAny other cross-encoder in ONNX format with a tokenizer.json works by its folder or hub name too.',
    )
    .action(listModels);
}
