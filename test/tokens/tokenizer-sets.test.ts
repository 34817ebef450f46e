import { readFileSync } from 'node:fs';
import { Reranker, RerankError, type Truncation } from '../../src';
import { temporaryModel, tokenizerFile } from '../support/models';
import { modelForAnyTokenizer } from '../support/onnx-model';
import { describeWithShared, sharedLines, sharedText } from '../support/shared';

interface ParityLine {
  tok: string;
  q: string;
  p: string;
  max_length: number;
  strategy: Truncation;
  /** null: Hugging Face tokenizers raises. */
  ids: number[] | null;
  type_ids: number[] | null;
  kind: string;
}

interface Variant {
  base: 'xlmr' | 'minilm';
  /** JSON pointer → value. */
  set: Record<string, unknown>;
}

/** What differs on this line, as a sentence; undefined when all is equal. */
function difference(reranker: Reranker, line: ParityLine): string | undefined {
  let got: { ids: number[]; typeIds: number[] } | null;
  try {
    got = reranker.encode(line.q, line.p, { maxLength: line.max_length, truncation: line.strategy });
  } catch (error) {
    if (!(error instanceof RerankError) || error.code !== 'TOO_LONG') throw error;
    got = null;
  }
  const same =
    got === null || line.ids === null
      ? got === line.ids
      : got.ids.join() === line.ids.join() && got.typeIds.join() === line.type_ids?.join();
  if (same) return undefined;
  return `${line.tok} ${line.kind} ${JSON.stringify([line.q, line.p])}: ${JSON.stringify(got)} instead of ${JSON.stringify(line.ids)}`;
}

async function withTokenizer(json: string | undefined, link: string | undefined, use: (reranker: Reranker) => void) {
  const model = temporaryModel(
    { 'model.onnx': modelForAnyTokenizer(), ...(json !== undefined && { 'tokenizer.json': json }) },
    link === undefined ? {} : { 'tokenizer.json': link },
  );
  const reranker = await Reranker.load(model.folder, { threads: 1 });
  try {
    use(reranker);
  } finally {
    await reranker.close();
    model.remove();
  }
}

function expectAllEqual(reranker: Reranker, lines: Iterable<ParityLine>, atLeast: number): void {
  const differences: string[] = [];
  let count = 0;
  for (const line of lines) {
    count += 1;
    const found = difference(reranker, line);
    if (found) differences.push(found);
  }
  expect(differences.slice(0, 5)).toEqual([]);
  expect(count).toBeGreaterThanOrEqual(atLeast);
}

/** The tokenizer.json with the variant's values put at their JSON pointers. */
function applied(variant: Variant): string {
  const json = JSON.parse(readFileSync(tokenizerFile(variant.base), 'utf8')) as object;
  for (const [pointer, value] of Object.entries(variant.set)) {
    const keys = pointer.slice(1).split('/');
    const last = keys.pop() as string;
    const parent = keys.reduce((at, key) => (at as Record<string, object>)[key] as object, json);
    (parent as Record<string, unknown>)[last] = value;
  }
  return JSON.stringify(json);
}

describeWithShared('ids of Hugging Face tokenizers, open parity sets', 'tokenizer-parity/bge.jsonl.gz', () => {
  test.each([
    ['xlmr', 21_365],
    ['minilm', 21_354],
    ['bge', 3_239],
  ] as const)('%s: every line', async (name, count) => {
    await withTokenizer(undefined, tokenizerFile(name), (reranker) => {
      expectAllEqual(reranker, sharedLines<ParityLine>(`tokenizer-parity/${name}.jsonl.gz`), count);
    });
  });

  test('variants: every line', async () => {
    const variants = JSON.parse(sharedText('tokenizer-parity/variants.json')) as Record<string, Variant>;
    const lines = [...sharedLines<ParityLine>('tokenizer-parity/variants.jsonl.gz')];
    expect(new Set(lines.map((line) => line.tok))).toEqual(new Set(Object.keys(variants)));
    for (const [name, variant] of Object.entries(variants)) {
      await withTokenizer(applied(variant), undefined, (reranker) => {
        expectAllEqual(
          reranker,
          lines.filter((line) => line.tok === name),
          1,
        );
      });
    }
  });
});
