import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
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
  ['with gamma and beta', { oldNorms: true }, 'model.safetensors'],
  [
    'beside buffers of every other type',
    {
      buffers: { mask: 'BOOL', bytes: 'U8', signed: 'I8', double: 'F64', ids: 'I64', words: 'U16', quarter: 'F8_E4M3' },
    },
    'model.safetensors',
  ],
];
/** transformers' own where config.json has nothing, the same in 4.44 and 5.24. */
const DEFAULT_EPSILON = 1e-12;
const LEFT_OUT = ['vocab_size', 'max_position_embeddings', 'type_vocab_size', 'pad_token_id', 'layer_norm_eps'];

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

  it.each([
    ['without', undefined],
    ['with null for', null],
  ])('scores %s what config.json may leave out', async (_, left) => {
    const { folder, graph } = folderOf(family, { epsilon: DEFAULT_EPSILON });
    const path = join(folder, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    // JSON has no undefined: such an entry is left out.
    for (const key of LEFT_OUT) config[key] = left;
    writeFileSync(path, JSON.stringify(config));
    await using reranker = await Reranker.load(folder, { dtype: 'fp32', threads: 1 });
    expect(reranker.info.engine.name).toBe('builtin');
    const logits = await logitsOf(reranker);
    const truth = referenceLogits(
      graph,
      texts.map((text) => reranker.encode(QUERY, text)),
    );
    expect(Math.max(...logits.map((logit, i) => Math.abs(logit - truth[i]!)))).toBeLessThanOrEqual(1e-5);
  });

  it('a weight of another type is named', async () => {
    const { folder } = folderOf(family, {});
    const path = join(folder, 'model.safetensors');
    const bytes = readFileSync(path);
    const at = bytes.indexOf('"F32"', bytes.indexOf('encoder.layer.0.attention.self.query.bias'));
    bytes.write('"I32"', at);
    writeFileSync(path, bytes);
    await expect(Reranker.load(folder, { threads: 1 })).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(/encoder\.layer\.0\.attention\.self\.query\.bias is I32/) as string,
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
