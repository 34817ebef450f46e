import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker, type Dtype, type RerankerOptions, type RerankOptions } from '../../src';
import { runCli } from '../cli/run-cli';
import { minilmFolder } from '../support/models';
import { temporaryFolder } from '../support/temporary-folder';
import { tinyBert, tinyBertConfig } from '../support/tiny-bert';
import { tinyBertGraph } from '../support/tiny-bert-graph';

// One word has an embedding that is not a number, so that passages with it have no score.

const vocabulary = (JSON.parse(readFileSync(join(minilmFolder(), 'tokenizer.json'), 'utf8')) as Tokenizer).model.vocab;
interface Tokenizer {
  model: { vocab: Record<string, number> };
}
const SIZES = { poisoned: vocabulary['poison']! };

const QUERY = 'a query';
const TEXTS = ['the first', 'a poison', 'the second one', 'the poison of the many', 'third'];
const CONTEXTS = TEXTS.map((text) => ({ text }));
const SOUND = [0, 2, 4];
const NOT_FINITE = 'the model gave a logit that is not a finite number; check its weights';
const notFinite = (id: number) => ({ id, code: 'INFERENCE_FAILED', message: NOT_FINITE });

let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
  copyFileSync(join(minilmFolder(), 'tokenizer.json'), join(folder, 'tokenizer.json'));
  writeFileSync(join(folder, 'config.json'), tinyBertConfig(SIZES));
  writeFileSync(join(folder, 'model.safetensors'), tinyBert(SIZES));
  writeFileSync(join(folder, 'model.onnx'), tinyBertGraph(SIZES));
});

async function rerank(options: RerankOptions, loaded: RerankerOptions = {}, contexts = CONTEXTS) {
  await using reranker = await Reranker.load(folder, { threads: 2, ...loaded });
  return await reranker.rerank({ query: QUERY, contexts }, options);
}

describe.each<Dtype>(['fp32', 'bf16', 'int8'])('a logit that is not finite (%s)', (dtype) => {
  it('fails the call with the passage that it is of', async () => {
    await expect(rerank({}, { dtype })).rejects.toMatchObject({
      code: 'INFERENCE_FAILED',
      path: expect.stringMatching(/^\/contexts\/[13]\/text$/) as string,
    });
  });

  it('skipped: the others have the scores that they have alone', async () => {
    const { response, skipped } = await rerank({ onError: 'skip', details: true }, { dtype });
    const alone = await rerank(
      { details: true },
      { dtype },
      SOUND.map((id) => CONTEXTS[id]!),
    );
    expect(response).toEqual(alone.response.map((result) => ({ ...result, id: SOUND[result.id] })));
    expect(skipped).toEqual([notFinite(1), notFinite(3)]);
  });

  it('window by window: a passage with such a window has no score', async () => {
    const longDocuments = { window: 4, stride: 2 };
    await expect(rerank({ longDocuments }, { dtype })).rejects.toMatchObject({ path: '/contexts/1/text' });
    const { response, skipped } = await rerank({ longDocuments, onError: 'skip' }, { dtype });
    expect(response.map(({ id }) => id).sort()).toEqual(SOUND);
    expect(skipped).toEqual([notFinite(1), notFinite(3)]);
  });
});

it('a passage that is too long is skipped likewise', async () => {
  const options: RerankerOptions = { dtype: 'int8', truncation: 'none', maxLength: 9 };
  const { response, skipped } = await rerank({ onError: 'skip' }, options);
  expect(response.map(({ id }) => id).sort()).toEqual(SOUND);
  // [CLS] a query [SEP] the poison of the many [SEP]
  expect(skipped).toEqual([
    notFinite(1),
    { id: 3, code: 'TOO_LONG', message: expect.stringContaining('10') as string },
  ]);
});

it('nothing to skip and nothing asked: the list is empty, or not there', async () => {
  const sound = [CONTEXTS[0]!];
  expect(await rerank({ onError: 'skip' }, {}, sound)).toMatchObject({ skipped: [] });
  expect(await rerank({ onError: 'skip' }, {}, [])).toEqual({ response: [], skipped: [] });
  expect(await rerank({}, {}, sound)).not.toHaveProperty('skipped');
});

it('an option that is neither is refused', async () => {
  await expect(rerank({ onError: 'ignore' as 'skip' })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    path: 'onError',
  });
});

describe('command line', () => {
  it('rank --skip-failed ranks the others and names these on stderr', async () => {
    const args = ['rank', QUERY, '-m', folder, '--threads', '1'];
    expect(await runCli(args, TEXTS.join('\n'))).toMatchObject({ code: 5, stdout: '' });
    const { code, stdout, stderr } = await runCli([...args, '--skip-failed'], TEXTS.join('\n'));
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: [1, 3].map((id) => `Passage ${id} has no score: ${NOT_FINITE}\n`).join(''),
    });
    expect(stdout.trim().split('\n')).toHaveLength(SOUND.length);
  });

  it('batch --skip-failed answers as the library does', async () => {
    const line = JSON.stringify({ query: QUERY, contexts: CONTEXTS });
    const args = ['batch', '-', '-', '-m', folder, '--threads', '1'];
    const plain = await runCli(args, line);
    expect(plain.code).toBe(1);
    expect(JSON.parse(plain.stdout)).toMatchObject({ error: { code: 'INFERENCE_FAILED' } });
    const skipping = await runCli([...args, '--skip-failed'], line);
    expect(skipping.code).toBe(0);
    expect(JSON.parse(skipping.stdout)).toEqual(await rerank({ onError: 'skip' }));
  });
});
