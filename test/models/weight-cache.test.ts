import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker, type ModelInfo } from '../../src';
import { minilmFolder, minilmOnOnnxRuntime } from '../support/models';
import { temporaryFolder } from '../support/temporary-folder';
import { tinyBert, tinyBertConfig } from '../support/tiny-bert';
import { folderWith } from './model-folder';

const before = process.env['BGE_RERANKER_CACHE'];
let cache: string;
let folder: string;
beforeEach(() => {
  cache = process.env['BGE_RERANKER_CACHE'] = join(temporaryFolder(), 'cache');
  folder = folderWith({
    'config.json': tinyBertConfig(),
    'tokenizer.json': tokenizer,
    'model.safetensors': tinyBert(),
  });
});
afterEach(() => {
  if (before === undefined) delete process.env['BGE_RERANKER_CACHE'];
  else process.env['BGE_RERANKER_CACHE'] = before;
});

let tokenizer: Buffer;
beforeAll(() => {
  tokenizer = readFileSync(join(minilmFolder(), 'tokenizer.json'));
});

async function infoOf(model: string, weightCache = true): Promise<ModelInfo['weightCache']> {
  await using reranker = await Reranker.load(model, { threads: 1, weightCache });
  return reranker.info.weightCache;
}

it('info says that the weights were kept, then that they are mapped, and from where', async () => {
  expect(await infoOf(folder)).toEqual({
    state: 'written',
    reason: expect.stringMatching(/^later loads map .*\/weights\/[0-9a-f]{16}\.weights$/),
  });
  expect(await infoOf(folder)).toEqual({ state: 'mapped', reason: expect.stringContaining(join(cache, 'weights')) });
});

it('info says that they could not be kept, and why; the model runs all the same', async () => {
  // A file in the place of the folder, so that root cannot write either.
  mkdirSync(cache);
  writeFileSync(join(cache, 'weights'), '');
  const { state, reason } = (await infoOf(folder))!;
  expect(state).toBe('failed');
  expect(reason).toMatch(/weights cannot be written \(.+\); make its folder writable or set BGE_RERANKER_CACHE$/);
});

it('info says that ONNX Runtime needs none, and nothing where none was asked for', async () => {
  expect((await infoOf(minilmOnOnnxRuntime()))?.state).toBe('unused');
  expect(await infoOf(folder, false)).toBeUndefined();
});
