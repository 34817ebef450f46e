import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker } from '../../src';
import { minilmFolder } from '../support/models';
import { safetensors, tinyBert, tinyBertConfig, tinyBertTensors } from '../support/tiny-bert';
import { folderWith } from './model-folder';

// A fine-tuned model is often saved with the config.json of the encoder that it began as.

const WHOLE = JSON.parse(tinyBertConfig()) as Record<string, unknown>;
const folderOf = (config: object, weights = tinyBert()) =>
  folderWith({
    'config.json': config,
    'tokenizer.json': readFileSync(join(minilmFolder(), 'tokenizer.json')),
    'model.safetensors': weights,
  });

async function scoresOf(folder: string) {
  const reranker = await Reranker.load(folder, { threads: 1 });
  try {
    const contexts = [{ text: 'Rayleigh scattering' }, { text: 'The sea is cold.' }];
    const { response } = await reranker.rerank({ query: 'why is the sky blue', contexts });
    return [reranker.info.engine.name, response] as const;
  } finally {
    await reranker.close();
  }
}

it.each([
  ['of the encoder alone', { ...WHOLE, architectures: ['BertModel'] }],
  ['without architectures', { ...WHOLE, architectures: undefined }],
  ['with architectures null', { ...WHOLE, architectures: null }],
])('a config.json %s scores as the whole one does, where the head is in the weights', async (_, config) => {
  expect(await scoresOf(folderOf(config))).toEqual(await scoresOf(folderOf(WHOLE)));
});

it('without a head in the weights it is refused, with what is there', async () => {
  const encoder = safetensors(tinyBertTensors().filter(({ name }) => !name.startsWith('classifier')));
  const load = scoresOf(folderOf({ ...WHOLE, architectures: ['BertModel'] }, encoder));
  await expect(load).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
    message: expect.stringMatching(/do not know the architecture 'BertModel'; it has model\.safetensors/),
  });
});
