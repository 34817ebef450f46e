import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker, type Dtype } from '../../src';
import { settingsOf } from '../../src/cli/batch';
import { minilmFolder } from '../support/models';
import { temporaryFolder } from '../support/temporary-folder';
import { tinyBert, tinyBertConfig } from '../support/tiny-bert';

it('an unfinished batch is of one dtype, though one file of weights serves all', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'config.json'), tinyBertConfig());
  writeFileSync(join(folder, 'model.safetensors'), tinyBert());
  copyFileSync(join(minilmFolder(), 'tokenizer.json'), join(folder, 'tokenizer.json'));
  const settings = async (dtype: Dtype) => {
    const reranker = await Reranker.load(folder, { dtype, threads: 1 });
    await reranker.close();
    return settingsOf(reranker, {});
  };
  const [int8, again, bf16] = [await settings('int8'), await settings('int8'), await settings('bf16')];
  expect(again).toEqual(int8);
  expect(bf16['model']).toBe(int8['model']);
  expect(bf16).not.toEqual(int8);
});
