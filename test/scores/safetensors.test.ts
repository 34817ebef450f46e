import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker, type Dtype } from '../../src';
import pairs from '../fixtures/pairs.json';
import { referenceLogits } from '../support/reference-logits';
import { temporaryFolder } from '../support/temporary-folder';
import { tinyBert, tinyBertConfig, type TinyBert } from '../support/tiny-bert';
import { tinyBertGraph } from '../support/tiny-bert-graph';

const QUERY = 'how do rerankers order passages?';
const texts = (pairs as [string, string][]).map(([, text]) => text).filter((text) => text !== '');
const tokenizers = join(__dirname, '..', 'native', 'fixtures', 'tokenizer');
/** Each with the fixture tokenizer of its kind. */
const FAMILIES = {
  bert: { tokenizer: 'wordpiece.json', sizes: { vocabulary: 212 } },
  'xlm-roberta': { tokenizer: 'unigram.json', sizes: { vocabulary: 422, positions: 514, types: 1 } },
} as const;
const FORMS: [string, TinyBert, string][] = [
  ['in float16', { element: 'F16' }, 'the float16 weights of model.safetensors'],
  ['in bfloat16', { element: 'BF16' }, 'the bfloat16 weights of model.safetensors'],
  ['with two labels', { labels: 2 }, 'model.safetensors'],
];

function folderOf(family: keyof typeof FAMILIES, sizes: TinyBert): { folder: string; graph: string } {
  const folder = temporaryFolder();
  const all: TinyBert = { family, ...FAMILIES[family].sizes, ...sizes };
  writeFileSync(join(folder, 'config.json'), tinyBertConfig(all));
  copyFileSync(join(tokenizers, FAMILIES[family].tokenizer), join(folder, 'tokenizer.json'));
  writeFileSync(join(folder, 'model.safetensors'), tinyBert(all));
  const graph = join(temporaryFolder(), 'reference.onnx');
  writeFileSync(graph, tinyBertGraph(all));
  return { folder, graph };
}

async function logitsOf(reranker: Reranker): Promise<number[]> {
  const input = { query: QUERY, contexts: texts.map((text) => ({ text })) };
  const { response } = await reranker.rerank(input, { rawScores: true });
  return [...response].sort((a, b) => a.id - b.id).map(({ score }) => score);
}

describe.each(['bert', 'xlm-roberta'] as const)('a small %s', (family) => {
  describe.each(FORMS)('%s', (_, sizes, source) => {
    const { folder, graph } = folderOf(family, sizes);

    it.each<[Dtype, number]>([
      ['fp32', 1e-5],
      ['bf16', 0.05],
      ['int8', 0.1],
    ])('%s logits are within %d of onnxruntime-node’s float32 of the same weights', async (dtype, bound) => {
      const reranker = await Reranker.load(folder, { dtype, threads: 1 });
      const { engine } = reranker.info;
      const logits = await logitsOf(reranker);
      const truth = referenceLogits(
        graph,
        texts.map((text) => reranker.encode(QUERY, text)),
      );
      await reranker.close();
      expect(engine).toMatchObject({
        name: 'builtin',
        reason: `${dtype} on our own kernels, made from ${source}`,
      });
      expect(Math.max(...logits.map((logit, i) => Math.abs(logit - truth[i]!)))).toBeLessThanOrEqual(bound);
    });
  });

  it('with two labels scores on ONNX Runtime as on our own kernels', async () => {
    const { folder, graph } = folderOf(family, { labels: 2 });
    const onnx = temporaryFolder();
    copyFileSync(graph, join(onnx, 'model.onnx'));
    copyFileSync(join(folder, 'tokenizer.json'), join(onnx, 'tokenizer.json'));
    const [ours, runtimes] = await Promise.all(
      [folder, onnx].map((it) => Reranker.load(it, { dtype: 'fp32', threads: 1 })),
    );
    expect([ours!.info.engine.name, runtimes!.info.engine.name]).toEqual(['builtin', 'onnxruntime']);
    const [logits, expected] = [await logitsOf(ours!), await logitsOf(runtimes!)];
    await Promise.all([ours!.close(), runtimes!.close()]);
    expect(Math.max(...logits.map((logit, i) => Math.abs(logit - expected[i]!)))).toBeLessThanOrEqual(1e-5);
  });
});
