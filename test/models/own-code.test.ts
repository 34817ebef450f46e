import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker } from '../../src';
import { minilmFolder } from '../support/models';
import {
  safetensors,
  tinyBert,
  tinyBertConfig,
  tinyBertTensors,
  type StoredTensor,
  type TinyBert,
} from '../support/tiny-bert';
import { folderWith } from './model-folder';

// jina-reranker-v2 is XLM-RoBERTa by other names, with code of its own and no model type in its config.json.

const SIZES: TinyBert = { family: 'xlm-roberta', types: 1, positions: 60 };
const PLAIN = JSON.parse(tinyBertConfig(SIZES)) as Record<string, unknown>;
const codeOf = (name: string) => ({ ...PLAIN, model_type: undefined, auto_map: { AutoConfig: name } });
const FLASH = codeOf('configuration_xlm_roberta.XLMRobertaFlashConfig');

const NAMES: readonly (readonly [string, string])[] = [
  ['.embeddings.LayerNorm.', '.emb_ln.'],
  ['.encoder.layer.', '.encoder.layers.'],
  ['.attention.output.dense.', '.mixer.out_proj.'],
  ['.attention.output.LayerNorm.', '.norm1.'],
  ['.intermediate.dense.', '.mlp.fc1.'],
  ['.output.dense.', '.mlp.fc2.'],
  ['.output.LayerNorm.', '.norm2.'],
];

function flashNames(tensors: readonly StoredTensor[]): StoredTensor[] {
  const of = (name: string) => tensors.find((tensor) => tensor.name === name)!;
  return tensors.flatMap((tensor) => {
    if (/self\.(key|value)/.test(tensor.name)) return [];
    const parts = tensor.name.includes('self.query')
      ? ['query', 'key', 'value'].map((part) => of(tensor.name.replace('query', part)))
      : [tensor];
    const renamed = NAMES.reduce((name, [old, flash]) => name.replace(old, flash), tensor.name);
    const [rows = 0, ...rest] = tensor.shape;
    return {
      ...tensor,
      name: renamed.replace('attention.self.query', 'mixer.Wqkv'),
      shape: [rows * parts.length, ...rest],
      bytes: Buffer.concat(parts.map(({ bytes }) => bytes)),
    };
  });
}

const folderOf = (config: object, weights: Buffer) =>
  folderWith({
    'config.json': config,
    'tokenizer.json': readFileSync(join(minilmFolder(), 'tokenizer.json')),
    'model.safetensors': weights,
  });

async function resultOf(folder: string) {
  const reranker = await Reranker.load(folder, { threads: 1 });
  try {
    const contexts = [{ text: 'Rayleigh scattering' }, { text: 'The sea is cold. '.repeat(30) }];
    const { response } = await reranker.rerank({ query: 'why is the sky blue', contexts });
    return [reranker.info.engine.name, reranker.info.maxLength, response] as const;
  } finally {
    await reranker.close();
  }
}

it('the same weights by its names have the same scores and limit', async () => {
  const flash = await resultOf(folderOf(FLASH, safetensors(flashNames(tinyBertTensors(SIZES)))));
  expect(flash).toEqual(await resultOf(folderOf(PLAIN, tinyBert(SIZES))));
  expect(flash.slice(0, 2)).toEqual(['builtin', 58]);
});

it('another class of code is not taken for it', async () => {
  const folder = folderOf(codeOf('someone/else--configuration.OtherConfig'), tinyBert(SIZES));
  await expect(resultOf(folder)).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
    message: expect.stringContaining('code of its own runs the model (auto_map)'),
  });
});
