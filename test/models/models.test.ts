import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestFile } from '../../src/models/digest';
import { isQuantized } from '../../src/formats/onnx-quantized';
import { findModel, weightsPath } from '../../src/models/find-model';
import type { Dtype } from '../../src/types';
import { temporaryFolder } from '../support/temporary-folder';
import { folderWith, FP32, INT8, onnx } from './model-folder';

const BERT = { architectures: ['BertForSequenceClassification'], model_type: 'bert', max_position_embeddings: 512 };
const XLMR = {
  architectures: ['XLMRobertaForSequenceClassification'],
  model_type: 'xlm-roberta',
  max_position_embeddings: 514,
  pad_token_id: 1,
};
const HUB = { 'config.json': XLMR, 'tokenizer.json': '{}' };

const find = (model: string, dtype: Dtype) => findModel(model, { dtype, provider: 'cpu' });

/** What ONNX Runtime would run of it. */
async function findOnnx(model: string, dtype: Dtype) {
  const found = await find(model, dtype);
  const candidate = found.candidates.find(({ engine }) => engine === 'onnxruntime')!;
  return { ...found, onnx: { path: weightsPath(found, candidate), dtype: candidate.dtype } };
}

const modelError = (code: string, path: string, message: RegExp) => ({
  code,
  path,
  message: expect.stringMatching(message),
});

describe('files by layout and dtype', () => {
  const both = { ...HUB, 'onnx/model.onnx': FP32, 'onnx/model_quantized.onnx': INT8 };
  const flat = { 'tokenizer.json': '{}', 'config.json': BERT, 'model.onnx': FP32, 'model_quantized.onnx': INT8 };

  it.each([
    ['auto', both, 'onnx/model_quantized.onnx', 'int8'],
    ['int8', both, 'onnx/model_quantized.onnx', 'int8'],
    ['fp32', both, 'onnx/model.onnx', 'fp32'],
    ['auto', flat, 'model_quantized.onnx', 'int8'],
    ['fp32', flat, 'model.onnx', 'fp32'],
    ['auto', { ...HUB, 'onnx/model.onnx': FP32 }, 'onnx/model.onnx', 'fp32'],
    // int8 by content, whatever its name
    ['auto', { 'tokenizer.json': '{}', 'model.onnx': INT8 }, 'model.onnx', 'int8'],
    ['int8', { 'tokenizer.json': '{}', 'model.onnx': INT8 }, 'model.onnx', 'int8'],
  ] as const)('%s: %j', async (dtype, files, expected, got) => {
    const folder = folderWith(files);
    expect(await findOnnx(folder, dtype)).toMatchObject({
      model: folder,
      tokenizerPath: join(folder, 'tokenizer.json'),
      onnx: { path: join(folder, expected), dtype: got },
    });
  });

  it.each([
    ['auto', HUB, 'model.onnx', /has no weights; put .*model\.onnx.* there/],
    [
      'int8',
      { 'tokenizer.json': '{}', 'model.onnx': FP32 },
      'model_quantized.onnx',
      /no weights that can run as int8, .* model_quantized\.onnx.*; it has model\.onnx \(float32\); ask for dtype 'auto' or 'fp32'/,
    ],
    [
      'fp32',
      { ...HUB, 'model.onnx': INT8 },
      'model.onnx',
      /no weights that can run as fp32.*; it has model\.onnx \(int8\); ask for dtype 'auto' or 'int8'/,
    ],
    [
      'fp32',
      { ...HUB, 'onnx/model_quantized.onnx': INT8 },
      'model.onnx',
      /no weights that can run as fp32, which would be model\.(onnx|safetensors)/,
    ],
    ['auto', { 'config.json': BERT, 'model.onnx': FP32 }, 'tokenizer.json', /has no tokenizer\.json/],
    ['auto', { 'tokenizer.json': '{}', 'onnx/model.onnx': FP32 }, 'config.json', /has no config\.json/],
  ] as const)('%s, missing: %j', async (dtype, files, missing, message) => {
    const folder = folderWith(files);
    await expect(find(folder, dtype)).rejects.toMatchObject(
      modelError('MODEL_NOT_FOUND', join(folder, missing), message),
    );
  });

  const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n';

  it.each([
    [
      { ...HUB, 'onnx/model.onnx': POINTER, 'onnx/model_quantized.onnx': POINTER },
      'model.onnx',
      /\(Git LFS pointer\); run `git lfs pull` there/,
    ],
    [{ ...HUB, 'model.safetensors': POINTER }, 'model.onnx', /it has model\.safetensors \(Git LFS pointer\); run/],
    [
      { ...HUB, 'tokenizer.json': POINTER, 'onnx/model.onnx': FP32 },
      'tokenizer.json',
      /tokenizer\.json is a Git LFS pointer/,
    ],
    [{ ...HUB, 'config.json': POINTER, 'onnx/model.onnx': FP32 }, 'config.json', /config\.json is a Git LFS pointer/],
    [
      { ...HUB, 'pytorch_model.bin': 'x' },
      'model.onnx',
      /it has pytorch_model\.bin; convert it with Python's AutoModel/,
    ],
    [
      { ...HUB, 'model.safetensors.index.json': '{}' },
      'model.onnx',
      /it has model\.safetensors\.index\.json; join its shards/,
    ],
  ])('%#: says what a folder has in their place', async (files, missing, message) => {
    const folder = folderWith(files);
    await expect(find(folder, 'auto')).rejects.toMatchObject(
      modelError('MODEL_NOT_FOUND', join(folder, missing), message),
    );
  });

  it('what is not a pointer beside one is taken', async () => {
    const folder = folderWith({ ...HUB, 'model.safetensors': POINTER, 'onnx/model.onnx': FP32 });
    expect(await findOnnx(folder, 'auto')).toMatchObject({ onnx: { path: join(folder, 'onnx/model.onnx') } });
  });

  it('a folder that is not there, and a file in its place', async () => {
    await expect(find('/no/such/folder', 'auto')).rejects.toMatchObject(
      modelError(
        'MODEL_NOT_FOUND',
        '/no/such/folder',
        /is neither a folder nor a model of the hub; pass the path of a folder/,
      ),
    );
    await expect(find(__filename, 'auto')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

describe('cache', () => {
  const before = { ...process.env };
  const cache = temporaryFolder();
  beforeAll(() => Object.assign(process.env, { BGE_RERANKER_CACHE: cache, HF_HUB_CACHE: cache, HF_HUB_OFFLINE: '1' }));
  afterAll(() => (process.env = before));

  it('finds a hub name and its alias in the cache, and nothing outside it', async () => {
    const name = 'BAAI/bge-reranker-base';
    await expect(find(name, 'auto')).rejects.toMatchObject({ code: 'OFFLINE', path: name });
    const folder = join(cache, 'models', name);
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of [
      ['tokenizer.json', '{}'],
      ['model.onnx', FP32],
    ] as const)
      writeFileSync(join(folder, file), text);
    for (const model of [name, '@cf/baai/bge-reranker-base']) {
      expect(await findOnnx(model, 'auto')).toMatchObject({ model, onnx: { path: join(folder, 'model.onnx') } });
    }
    await expect(find('../models', 'auto')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

describe('architecture and length', () => {
  const limits = async (files: Record<string, object>) => {
    const folder = folderWith({ 'tokenizer.json': '{}', 'model.onnx': FP32, ...files });
    const { architecture, maxTokens } = await find(folder, 'auto');
    return [architecture, maxTokens];
  };

  it.each([
    ['BERT uses every position', BERT, 512],
    ['XLM-R begins after the padding id', XLMR, 512],
    ['its padding id is 1 unless config.json says otherwise', { ...XLMR, pad_token_id: undefined }, 512],
    ['RoBERTa', { ...XLMR, model_type: 'roberta', max_position_embeddings: 8194 }, 8192],
    ['CamemBERT', { ...XLMR, model_type: 'camembert' }, 512],
    // transformers 5.24: create_position_ids_from_input_ids in the models' modeling files.
    ['MPNet', { ...XLMR, model_type: 'mpnet' }, 512],
    ['data2vec', { ...XLMR, model_type: 'data2vec-text' }, 512],
    ['Longformer', { ...XLMR, model_type: 'longformer', max_position_embeddings: 4098 }, 4096],
    ['a type that uses every position', { ...XLMR, model_type: 'electra' }, 514],
    ['no number of positions', { ...BERT, max_position_embeddings: null }, 512],
  ])('%s', async (_, config, tokens) => {
    expect(await limits({ 'config.json': config })).toEqual([config.architectures[0], tokens]);
  });

  it('without config.json: tokenizer_config.json, else 512', async () => {
    expect(await limits({})).toEqual(['unknown', 512]);
    expect(await limits({ 'tokenizer_config.json': { model_max_length: 256 } })).toEqual(['unknown', 256]);
    expect(await limits({ 'tokenizer_config.json': { model_max_length: 1e30 } })).toEqual(['unknown', 512]);
  });

  it.each([
    ['{', /is not JSON/],
    ['[]', /is not a JSON object/],
    [JSON.stringify({ max_position_embeddings: 'many' }), /has no usable max_position_embeddings/],
    [JSON.stringify({ max_position_embeddings: 2, model_type: 'roberta' }), /has no usable max_position_embeddings/],
  ])('refuses config.json %j', async (text, message) => {
    const folder = folderWith({ 'tokenizer.json': '{}', 'model.onnx': FP32, 'config.json': text });
    await expect(find(folder, 'auto')).rejects.toMatchObject(
      modelError('MODEL_INVALID', join(folder, 'config.json'), message),
    );
  });
});

describe('isQuantized', () => {
  const told = (bytes: Buffer) => isQuantized(join(folderWith({ 'model.onnx': bytes }), 'model.onnx'));

  it('steps over weights larger than its window, before and after the nodes', async () => {
    expect(await told(onnx(['Gather', 'MatMulInteger'], 300_000))).toBe(true);
    expect(await told(onnx(['Gather', 'MatMul'], 300_000))).toBe(false);
  });

  it('goes by the operator’s type, not by text that looks like it', async () => {
    expect(await told(onnx(['MatMulIntegerX']))).toBe(false);
  });

  it('finds an operator behind many windows of nodes', async () => {
    expect(await told(onnx([...new Array<string>(20_000).fill('MatMul'), 'QLinearMatMul']))).toBe(true);
  });

  it.each([[Buffer.alloc(0)], [Buffer.from('not onnx at all')], [INT8.subarray(0, 14)], [Buffer.alloc(99, 0xff)]])(
    'is false for what is no model: %p',
    async (bytes) => {
      expect(await told(bytes)).toBe(false);
    },
  );
});

describe('digestFile', () => {
  it('gives length and sha256', async () => {
    const sha256 = createHash('sha256').update(readFileSync(__filename)).digest('hex');
    expect(await digestFile(__filename)).toEqual({ path: __filename, bytes: readFileSync(__filename).length, sha256 });
  });

  it('names a file that it cannot read', async () => {
    await expect(digestFile('/no/such/file')).rejects.toMatchObject(
      modelError('MODEL_NOT_FOUND', '/no/such/file', /cannot be read \(ENOENT\)/),
    );
  });

  it('with a memo reads a file once, and again when it has changed', async () => {
    const file = join(temporaryFolder(), 'file');
    const memo = join(temporaryFolder(), 'digests');
    writeFileSync(file, 'one');
    const first = await digestFile(file, undefined, memo);
    const [kept] = readdirSync(memo);
    writeFileSync(join(memo, kept!), 'f'.repeat(64));
    expect((await digestFile(file, undefined, memo)).sha256).toBe('f'.repeat(64));
    writeFileSync(join(memo, kept!), 'half a digest');
    expect(await digestFile(file, undefined, memo)).toEqual(first);
    writeFileSync(file, 'two');
    // The system's clock for files may not have moved since.
    utimesSync(file, 1, 1);
    expect(await digestFile(file, undefined, memo)).toEqual(await digestFile(file));
  });

  it('does without a memo that cannot be written', async () => {
    expect(await digestFile(__filename, undefined, join(__filename, 'digests'))).toEqual(await digestFile(__filename));
  });
});
