import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker } from '../../src';
import { config, ettinLogit, writeEttin } from '../support/tiny-modernbert';
import { temporaryFolder } from '../support/temporary-folder';

const INPUT = { query: 'largest planet', contexts: [{ text: 'Jupiter is a planet.' }, { text: 'x'.repeat(3000) }] };

async function logits(folder: string, dtype: 'fp32' | 'bf16' | 'int8'): Promise<number[]> {
  const reranker = await Reranker.load(folder, { dtype });
  try {
    expect(reranker.info.engine.name).toBe('builtin');
    const { response } = await reranker.rerank(INPUT, { rawScores: true });
    return response.map(({ score }) => score);
  } finally {
    await reranker.close();
  }
}

function ettin(shards = 1): string {
  const folder = temporaryFolder();
  writeEttin(folder, shards);
  return folder;
}

const load = (folder: string) => Reranker.load(folder, { dtype: 'int8' });

it.each([1, 3])(
  'a repository with modules.json is run by what its modules say: weights in %i file(s)',
  async (shards) => {
    const folder = ettin(shards);
    for (const [dtype, digits] of [
      ['fp32', 4],
      ['bf16', 0],
      ['int8', 0],
    ] as const) {
      for (const logit of await logits(folder, dtype)) expect(logit).toBeCloseTo(ettinLogit(), digits);
    }
  },
);

it('takes no more tokens than sentence_bert_config.json says', async () => {
  const reranker = await Reranker.load(ettin());
  expect(reranker.info.maxLength).toBe(96);
  await reranker.close();
  await expect(Reranker.load(ettin(), { maxLength: 97 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

it.each([
  [
    'a module',
    'modules.json',
    [
      { type: 'sentence_transformers.base.modules.transformer.Transformer', path: '' },
      { type: 'mine.Gate', path: '1_Gate' },
    ],
    'mine.Gate',
  ],
  [
    'an activation',
    '2_Dense/config.json',
    { in_features: 64, out_features: 64, activation_function: 'mine.Gelu' },
    'mine.Gelu',
  ],
  ['a pooling', '1_Pooling/config.json', { pooling_mode: 'max' }, 'max'],
  ['a rotary scaling', 'config.json', config({ rope_parameters: { full_attention: { rope_type: 'yarn' } } }), 'yarn'],
  [
    'a score of another form',
    'config_sentence_transformers.json',
    { activation_fn: 'torch.nn.modules.activation.Softmax' },
    'Softmax',
  ],
])('%s that is not known is refused by its name', async (_, file, content, name) => {
  const folder = ettin();
  writeFileSync(join(folder, file), JSON.stringify(content));
  await expect(load(folder)).rejects.toMatchObject({
    code: 'MODEL_UNSUPPORTED',
    message: expect.stringContaining(name) as string,
  });
});

it('a shard that is missing, or of another revision, is said', async () => {
  const missing = ettin(3);
  rmSync(join(missing, 'model-00002-of-00003.safetensors'));
  await expect(load(missing)).rejects.toMatchObject({
    code: 'MODEL_INVALID',
    message: expect.stringContaining('model-00002-of-00003.safetensors') as string,
  });
  const other = ettin(3);
  writeFileSync(
    join(other, 'model.safetensors.index.json'),
    JSON.stringify({
      weight_map: { 'embeddings.tok_embeddings.weight': 'model-00002-of-00003.safetensors' },
    }),
  );
  await expect(load(other)).rejects.toMatchObject({
    code: 'MODEL_INVALID',
    message: expect.stringContaining(
      'model-00002-of-00003.safetensors lacks embeddings.tok_embeddings.weight',
    ) as string,
  });
});

it('a module without its weights is said with their path', async () => {
  const folder = ettin();
  const path = join(folder, '3_LayerNorm/model.safetensors');
  rmSync(path);
  await expect(load(folder)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND', path });
});
